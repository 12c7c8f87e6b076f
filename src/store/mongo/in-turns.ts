import { setImmediate } from 'node:timers/promises';

/** So many objects take a millisecond or two. */
export const stretch = 100;

/**
 * Runs work that yields from time to time, and then lets others have the thread. What a page of a huge tenant takes at a stretch, every step of the
 * small ones beside it waits for.
 */
export const inTurns = async <T>(work: Generator<void, T>): Promise<T> => {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    await setImmediate();
  }
};
