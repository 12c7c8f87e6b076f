/** A worker dies for want of memory, again and again, and something is written at its target all the same. */

import { setTimeout as sleep } from 'node:timers/promises';
import { targetId } from '../../src/model/ids.ts';
import { openKept } from '../support/kept.ts';
import { effectsOf, type Plant } from './plant.ts';

/** So many deaths show what becomes of what was under way. */
export const starvations = 3;

export type Starved = {
  /** How often a worker died for want of memory. */
  readonly starved: number;
  /** At the target, by workers that have so little. */
  readonly effects: number;
};

export const isEnough = ({ starved, effects }: Starved): boolean => starved >= starvations && effects > 0;

/** Until it is enough, with what was seen before, or it is given up. `open`: operations that were under way when one died. */
export const starve = async (
  plant: Plant,
  before: Starved,
  patienceMs: number,
): Promise<Starved & { readonly open: number }> => {
  const deaths = (): number => plant.workers.reduce((sum, worker) => sum + worker.starved(), 0);
  const atFirst = deaths();
  let seen = atFirst;
  const since = effectsOf(plant);
  let open = 0;
  const now = (): Starved => ({ starved: seen - atFirst, effects: effectsOf(plant) - since });
  const end = Date.now() + patienceMs;
  while (Date.now() < end) {
    const { starved, effects } = now();
    if (starved > 0 && isEnough({ starved: before.starved + starved, effects: before.effects + effects })) break;
    await sleep(50);
    if (deaths() === seen) continue;
    seen = deaths();
    open += await openAt(plant);
  }
  return { ...now(), open };
};

const openAt = async ({ customers, stack }: Plant): Promise<number> => {
  const kept = await openKept(stack);
  try {
    const open = await Promise.all(customers.map(({ target }) => kept.openIntents(targetId(target))));
    return open.flat().length;
  } finally {
    await kept.close();
  }
};
