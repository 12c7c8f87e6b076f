/** Works sync runs off the `sync` queue. */

import type { Parts } from '../src/compose.ts';
import { nextRun } from '../src/engine/next-run.ts';
import { syncTurn } from '../src/engine/sync-run.ts';
import { syncPayload } from '../src/queue/payloads.ts';
import { turnProcessor } from './processors.ts';
import { startWorker } from './start-worker.ts';

export const startSyncWorker = (parts: Parts) =>
  startWorker(
    parts,
    'sync',
    turnProcessor(
      {
        queue: parts.queues.sync,
        payload: syncPayload,
        turn: ({ connection }, signal) => syncTurn(parts.engine, connection, signal),
        next: ({ connection }) => nextRun(parts.engine, { connection }),
      },
      parts.wakeups,
      parts.engine.world.now,
    ),
    parts.config.syncConcurrency,
  );
