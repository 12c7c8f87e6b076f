/** Works provision runs off the `provision` queue. */

import type { Parts } from '../src/compose.ts';
import { provisionTurn } from '../src/engine/provision-run.ts';
import { provisionPayload } from '../src/queue/payloads.ts';
import { turnProcessor } from './processors.ts';
import { startWorker } from './start-worker.ts';

export const startProvisionWorker = (parts: Parts) =>
  startWorker(
    parts,
    'provision',
    turnProcessor(
      (data, signal) => provisionTurn(parts.engine, provisionPayload.parse(data).target, signal),
      parts.engine.world.now,
    ),
    parts.config.provisionConcurrency,
  );
