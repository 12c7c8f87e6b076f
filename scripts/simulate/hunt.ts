/** Looks for a seed that breaks, while a bug is in the product, a promise that it keeps without it. */

import { crash } from '../../test/simulation/violation.ts';
import { type Failure, simulateMany, type Work } from './many.ts';
import type { Caught } from './results.ts';

/** `layer`: what is taken away besides, with the bug and without it. `bias`: what the seeds lean to. */
export type Quarry = { readonly bug: string; readonly layer: string | null; readonly bias: string | null };

export type Hunt = {
  /** Seeds that showed it before, or elsewhere: tried before all others. */
  readonly first: readonly Tried[];
  /** The last seed that is tried; they are tried in order from 1. */
  readonly most: number;
};
export type Tried = { readonly seed: number; readonly bias: string | null };

export type Hunter = (quarry: Quarry, hunt: Hunt) => Promise<Caught | null>;

/** What a seed does without a bug is looked at once, whichever bugs it shows. */
export const hunter = (): Hunter => {
  const known = new Map<string, Promise<ReadonlySet<string>>>();
  const brokenAnyway = (layer: string | null, { seed, bias }: Tried): Promise<ReadonlySet<string>> => {
    const name = `${layer} ${bias} ${seed}`;
    const looked = known.get(name) ?? promisesBroken(withBugs(layer), { from: seed, to: seed, bias });
    known.set(name, looked);
    return looked;
  };
  const isSeen = async ({ layer }: Quarry, { seed, bias, invariants }: Failure): Promise<Caught | null> => {
    // Planted text that does not even run is no bug that a promise has to show.
    if (invariants.includes(crash)) return null;
    const anyway = await brokenAnyway(layer, { seed, bias });
    const promises = invariants.filter((promise) => !anyway.has(promise));
    return promises.length === 0 ? null : { seed, bias, promises };
  };
  const seen = async (quarry: Quarry, range: Range): Promise<Caught | null> => {
    for await (const failure of failing([quarry.bug, ...withBugs(quarry.layer)], range)) {
      const caught = await isSeen(quarry, failure);
      if (caught !== null) return caught;
    }
    return null;
  };
  return async (quarry, { first, most }) => {
    for (const { seed, bias } of first) {
      const again = await seen(quarry, { from: seed, to: seed, bias });
      if (again !== null) return again;
    }
    const { bias } = quarry;
    for (let from = 1, size = fewest; from <= most; from += size, size = Math.min(size * 2, mostAtOnce)) {
      const caught = await seen(quarry, { from, to: Math.min(from + size - 1, most), bias });
      if (caught !== null) return caught;
    }
    return null;
  };
};

/** A process takes a second to begin; seeds that are played beyond the one that shows it are in vain. */
const fewest = 12;
const mostAtOnce = 100;
/** Of two seeds that go wrong one mostly shows it. */
const enough = 2;

type Range = { readonly from: number; readonly to: number; readonly bias: string | null };

const withBugs = (layer: string | null): readonly string[] => (layer === null ? [] : [layer]);

/** In order. Nothing more is played than is asked for, but for what one process does. */
async function* failing(planted: readonly string[], range: Range): AsyncGenerator<Failure> {
  const same = { workers: 1, isCalm: false, without: [], aims: false, ofEachBias: 0, enough } as const;
  for (let { from } = range; from <= range.to; ) {
    const work: Work = { ...same, ...range, from, planted };
    const { failures } = await simulateMany(work, () => {});
    yield* failures;
    if (failures.length < enough) return;
    from = (failures.at(-1)?.seed ?? range.to) + 1;
  }
}

const promisesBroken = async (planted: readonly string[], range: Range): Promise<ReadonlySet<string>> => {
  const broken = new Set<string>();
  for await (const { invariants } of failing(planted, range)) for (const promise of invariants) broken.add(promise);
  return broken;
};
