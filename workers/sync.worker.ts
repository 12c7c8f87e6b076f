/** Works sync runs off the `sync` queue. */

import type { Parts } from '../src/compose.ts';
import { syncTurn } from '../src/engine/sync-run.ts';
import { syncPayload } from '../src/queue/payloads.ts';
import { turnProcessor } from './processors.ts';
import { startWorker } from './start-worker.ts';

export const startSyncWorker = (parts: Parts) =>
  startWorker(
    parts,
    'sync',
    turnProcessor(
      (data, signal) => syncTurn(parts.engine, syncPayload.parse(data).connection, signal),
      parts.engine.world.now,
    ),
    parts.config.syncConcurrency,
  );
