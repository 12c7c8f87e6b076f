/** Life goes on in the tenants while something runs out; without it nothing is written at a target, whatever runs out. */

import { type Counts, count, pause } from './run.ts';
import type { Town } from './town.ts';

/** What happened in the tenants so far. */
type Lived = Readonly<Counts>;

/** In each town so many things happen at once, and again after a while, until it is done; `live` lets so many more happen there and then. */
export const whileLiving = async <T>(
  towns: readonly Pick<Town, 'live'>[],
  { times, everyMs }: { readonly times: number; readonly everyMs: number },
  does: (lived: Lived, live: (times: number) => void) => Promise<T>,
): Promise<T> => {
  const lived: Counts = {};
  const over = new AbortController();
  const live = (more: number): void => {
    const happened = towns.flatMap((town) => town.live(more).what);
    for (const what of happened) if (what !== 'nothing') count(lived, what);
  };
  const goOn = async (): Promise<void> => {
    while (!over.signal.aborted) {
      live(times);
      await pause(everyMs, over.signal);
    }
  };
  const living = goOn();
  try {
    return await does(lived, live);
  } finally {
    over.abort();
    await living;
  }
};

/** Somebody comes, changes, and leaves. */
const turns: Readonly<Record<string, readonly string[]>> = {
  came: ['hire', 'come back', 'enable'],
  changed: ['rename', 'rename account', 'move'],
  left: ['leave', 'disable'],
};

/** Which of these nobody did. */
export const notLived = (lived: Lived): readonly string[] =>
  Object.entries(turns).flatMap(([turn, some]) =>
    some.some((what) => (lived[what] ?? 0) > 0) ? [] : [`nobody ${turn} meanwhile`],
  );

/** What was meant to be seen, and was not: a trial without it shows nothing. */
export const notSeen = (seen: Readonly<Counts>): readonly string[] =>
  Object.entries(seen).flatMap(([what, times]) => (times > 0 ? [] : [`none seen: ${what}`]));
