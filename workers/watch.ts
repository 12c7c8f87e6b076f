/** Looks, before the first turn and then every half minute, whether the database is still the one this worker knows. */

import type { Parts } from '../src/compose.ts';
import { noticeRestore } from '../src/engine/restore.ts';
import { errorFacts } from '../src/logger.ts';
import { FormatTooNew } from '../src/model/errors.ts';
import type { Running } from './start-worker.ts';

/** `giveUp`: a newer version has taken over; this one takes no more turns. */
export const startWatch = async (parts: Parts, giveUp: (why: Error) => void): Promise<Running> => {
  const { world } = parts.engine;
  const stopped = new AbortController();
  await look(parts);
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      await world.sleep(parts.times.reconcileMs, stopped.signal).catch(() => {});
      if (stopped.signal.aborted) return;
      try {
        await look(parts);
      } catch (error) {
        if (error instanceof FormatTooNew) return giveUp(error);
        parts.log.warn('installation.unwatched', errorFacts(error));
      }
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await watching;
    },
  };
};

const look = async ({ engine, marks, assertFormat }: Parts): Promise<void> => {
  await assertFormat();
  await noticeRestore(engine, marks);
};
