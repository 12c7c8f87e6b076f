/**
 * Chance by name: the same seed, name and number always give the same fraction, whatever else was drawn before. So one fault can be switched off
 * without changing what chance says about all the others.
 */

import { draw } from '../../simulator/graph/random.ts';

export type Chance = {
  /** In [0, 1). */
  fraction(what: string, nth?: number): number;
  /** True in this share of cases. */
  happens(share: number, what: string, nth?: number): boolean;
  /** A whole number, both ends included. */
  between(least: number, most: number, what: string, nth?: number): number;
  /** Throws when the list is empty. */
  pick<T>(list: readonly T[], what: string, nth?: number): T;
};

export const chanceOf = (seed: number): Chance => {
  const fraction = (what: string, nth = 0): number => draw(seed, nth, numberOf(what)) / 2 ** 32;
  return {
    fraction,
    happens: (share, what, nth) => fraction(what, nth) < share,
    between: (least, most, what, nth) => least + Math.floor(fraction(what, nth) * (most - least + 1)),
    pick: (list, what, nth) => {
      const chosen = list[Math.floor(fraction(what, nth) * list.length)];
      if (chosen === undefined) throw new RangeError(`There is nothing to pick for ${what}.`);
      return chosen;
    },
  };
};

const numbers = new Map<string, number>();

/** FNV-1a, 32 bits. */
export const numberOf = (text: string): number => {
  const known = numbers.get(text);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  numbers.set(text, hash | 0);
  return hash | 0;
};
