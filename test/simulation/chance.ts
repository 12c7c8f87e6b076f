/**
 * Chance by name: the same seed, name and number always give the same fraction, whatever else was drawn before. So one fault can be switched off
 * without changing what chance says about all the others.
 */

import { draw } from '../../simulator/graph/random.ts';
import type { Bias } from './bias.ts';

export type Chance = {
  /** In [0, 1). */
  fraction(what: string, nth?: number): number;
  /** The same of one name, for what is drawn thousands of times. */
  of(what: string): (nth: number) => number;
  /** True in this share of cases. */
  happens(share: number, what: string, nth?: number): boolean;
  /** A whole number, both ends included. */
  between(least: number, most: number, what: string, nth?: number): number;
  /** Throws when the list is empty. */
  pick<T>(list: readonly T[], what: string, nth?: number): T;
};

/** `bias`: what it leans to; null: to nothing. */
export const chanceOf = (seed: number, bias: Bias | null = null): Chance => {
  const evenly: Chance['of'] = (what) => {
    const salt = numberOf(what);
    return (nth) => draw(seed, nth, salt) / 2 ** 32;
  };
  const of = bias === null ? evenly : leaning(evenly, bias);
  const fraction: Chance['fraction'] = (what, nth = 0) => of(what)(nth);
  return {
    fraction,
    of,
    happens: (share, what, nth) => fraction(what, nth) < share,
    between: (least, most, what, nth) => least + Math.floor(fraction(what, nth) * (most - least + 1)),
    pick: (list, what, nth) => {
      const usual = (): number => evenly(`${what} as usual`)(nth ?? 0);
      const some = bias === null ? list : preferred(list, bias.picked[what], usual);
      const chosen = some[Math.floor(fraction(what, nth) * some.length)];
      if (chosen === undefined) throw new RangeError(`There is nothing to pick for ${what}.`);
      return chosen;
    },
  };
};

const leaning =
  (evenly: Chance['of'], { drawn }: Bias): Chance['of'] =>
  (what) => {
    const [from, to] = drawn[what] ?? everywhere;
    const even = evenly(what);
    return (nth) => from + even(nth) * (to - from);
  };
const everywhere = [0, 1] as const;

const preferred = <T>(list: readonly T[], names: readonly string[] | undefined, roll: () => number): readonly T[] => {
  if (names === undefined || roll() < usualShare) return list;
  const some = list.filter((item) => typeof item === 'string' && names.includes(item));
  return some.length === 0 ? list : some;
};
const usualShare = 1 / 3;

const numbers = new Map<string, number>();
/** Names are few; what is told of one seed alone must not be kept for all that are played after it. */
const mostNumbers = 5_000;

/** FNV-1a, 32 bits. */
export const numberOf = (text: string): number => {
  const known = numbers.get(text);
  if (known !== undefined) return known;
  if (numbers.size >= mostNumbers) numbers.clear();
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  numbers.set(text, hash | 0);
  return hash | 0;
};
