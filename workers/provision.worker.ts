/** Works provision runs off the `provision` queue. */

import type { Parts } from '../src/compose.ts';
import { nextRun } from '../src/engine/next-run.ts';
import { provisionTurn } from '../src/engine/provision-run.ts';
import { provisionPayload } from '../src/queue/payloads.ts';
import { turnProcessor } from './processors.ts';
import { startWorker } from './start-worker.ts';

export const startProvisionWorker = (parts: Parts) =>
  startWorker(
    parts,
    'provision',
    turnProcessor(
      {
        queue: parts.queues.provision,
        payload: provisionPayload,
        turn: ({ target }, signal) => provisionTurn(parts.engine, target, signal),
        next: ({ target }) => nextRun(parts.engine, { target }),
      },
      parts.wakeups,
      parts.engine.world.now,
    ),
    parts.config.provisionConcurrency,
  );
