/** Looks for a seed that breaks a promise while a bug is in the product, and keeps all of them without it. */

import { type Failure, simulateMany, type Work } from './many.ts';
import type { Caught } from './results.ts';

/** `layer`: what is taken away besides, with the bug and without it. */
export type Quarry = { readonly bug: string; readonly layer: string | null };

export type Hunt = {
  /** The seed that showed it last time: tried before all others. */
  readonly first: number | null;
  /** The last seed that is tried; they are tried in order from 1. */
  readonly most: number;
};

export type Hunter = (quarry: Quarry, hunt: Hunt) => Promise<Caught | null>;

/** What a seed does without a bug is looked at once, whichever bugs it shows. */
export const hunter = (): Hunter => {
  const sound = new Map<string, Promise<boolean>>();
  const isSound = (layer: string | null, seed: number): Promise<boolean> => {
    const name = `${layer} ${seed}`;
    const known = sound.get(name) ?? first(withBugs(layer), seed, seed).then((failure) => failure === null);
    sound.set(name, known);
    return known;
  };
  const seen = async ({ bug, layer }: Quarry, from: number, to: number): Promise<Caught | null> => {
    for (let next = from; next <= to; ) {
      const failure = await first([bug, ...withBugs(layer)], next, to);
      if (failure === null) return null;
      if (await isSound(layer, failure.seed)) return { seed: failure.seed, promises: [...failure.invariants] };
      next = failure.seed + 1;
    }
    return null;
  };
  return async (quarry, hunt) => {
    const again = hunt.first === null ? null : await seen(quarry, hunt.first, hunt.first);
    return again ?? (await seen(quarry, 1, hunt.most));
  };
};

const withBugs = (layer: string | null): readonly string[] => (layer === null ? [] : [layer]);

const first = async (planted: readonly string[], from: number, to: number): Promise<Failure | null> => {
  const work: Work = { from, to, workers: 1, isCalm: false, planted, without: [], aims: false, enough: 1 };
  const [failure = null] = (await simulateMany(work, () => {})).failures;
  return failure;
};
