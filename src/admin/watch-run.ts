/**
 * Watching runs. However many watch a run, its record is read once a second by each process: they all wait for the same look, and see the newest run
 * there is when they are ready for it.
 */

import { errorFacts } from '../logger.ts';
import type { RunId } from '../model/ids.ts';
import { isEnded, type Run } from '../model/run.ts';
import type { Reached, Within } from './reached.ts';
import { found } from './refused.ts';
import type { Around, Room } from './room.ts';

const lookEveryMs = 1_000;
/** So many looks in a row may fail before the watch is given up. */
const mostFailures = 10;

type Watch = {
  run: Run;
  watchers: number;
  /** Resolves with the next look; false: there will be none. */
  next: PromiseWithResolvers<boolean>;
  readonly stopping: AbortController;
};

/** `look`: at a run that somebody was let see, on behalf of all who watch it. */
type Looking = Pick<Around, 'world'> & { readonly look: (id: Reached<RunId>) => Promise<Run | null> };
export type Watching = ReturnType<typeof watching>;

/** One for the whole process, whoever comes. */
export const watching = ({ look, world }: Looking) => {
  const watches = new Map<RunId, Watch>();

  const keepLooking = async (id: Reached<RunId>, watch: Watch): Promise<void> => {
    for (let failures = 0; failures < mostFailures && !isEnded(watch.run.state); ) {
      await world.sleep(lookEveryMs, watch.stopping.signal).catch(() => {});
      if (watch.stopping.signal.aborted) break;
      try {
        const run = await look(id);
        // What is removed with its connection has come to its end, too.
        if (run === null) break;
        watch.run = run;
        failures = 0;
      } catch (error) {
        failures += 1;
        world.log.warn('run.not_seen', { run: id, failures, ...errorFacts(error) });
        continue;
      }
      const { resolve } = watch.next;
      watch.next = Promise.withResolvers();
      resolve(true);
    }
    watches.delete(id);
    watch.next.resolve(false);
  };

  const joined = (run: Within<Run>): Watch => {
    const known = watches.get(run.id);
    const watch: Watch = known ?? {
      run,
      watchers: 0,
      next: Promise.withResolvers<boolean>(),
      stopping: new AbortController(),
    };
    watch.watchers += 1;
    if (known === undefined) {
      watches.set(run.id, watch);
      void keepLooking(run.id, watch);
    }
    return watch;
  };

  const left = (id: RunId, watch: Watch): void => {
    watch.watchers -= 1;
    if (watch.watchers > 0) return;
    // Whoever comes next begins to watch anew.
    if (watches.get(id) === watch) watches.delete(id);
    watch.stopping.abort();
  };

  return {
    /** The run as it is, and again after each look, changed or not, until it has ended, is removed or cannot be seen any more. */
    async *watchRun(run: Within<Run>, signal: AbortSignal): AsyncGenerator<Run> {
      yield run;
      if (isEnded(run.state)) return;
      const watch = joined(run);
      const stopped = whenAborted(signal);
      try {
        for (let goesOn = true; goesOn; ) {
          goesOn = await Promise.race([watch.next.promise, stopped]);
          if (signal.aborted) return;
          // Also after the last look, which a slow watcher may have missed.
          yield watch.run;
          if (isEnded(watch.run.state)) return;
        }
      } finally {
        left(run.id, watch);
      }
    },
  };
};

export const watchQueries = ({ stores: { runs } }: Pick<Room, 'stores'>, { watchRun }: Watching) => ({
  /** Whoever watches a run must know that it is there. */
  seenRun: async (id: RunId): Promise<Within<Run>> => found(await runs.get(id), 'run'),
  watchRun,
});

const whenAborted = (signal: AbortSignal): Promise<false> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    else signal.addEventListener('abort', () => resolve(false), { once: true });
  });
