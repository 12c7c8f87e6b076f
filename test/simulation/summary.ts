/** What many runs came to. */

import { z } from 'zod';
import { type FaultKind, type FaultName, partsOf } from './faults.ts';
import type { Told } from './simulate.ts';

const counts = z.record(z.string(), z.number());
/** A call of a site that something could have struck. */
const place = z.object({ seed: z.number(), nth: z.number() });

/** Passes between processes. */
export const SummarySchema = z.object({
  seeds: z.number(),
  steps: z.number(),
  judged: z.number(),
  excused: z.number(),
  /** How often each kind of fault struck. */
  struck: counts,
  /** In how many seeds each fault struck at each site (`kind@site`); 0 where it could have, and did not. */
  pairs: counts,
  /** In how many seeds what happened. */
  happened: counts,
  /** For each pair one call of the site, for whoever wants to aim at it. */
  places: z.record(z.string(), place),
});
export type Summary = z.infer<typeof SummarySchema>;

export const noSummary = (): Summary => ({
  seeds: 0,
  steps: 0,
  judged: 0,
  excused: 0,
  struck: {},
  pairs: {},
  happened: {},
  places: {},
});

/** `isBiased`: it says what struck, and not what could have: nothing is aimed at a seed that leans to something. */
export const addTold = (summary: Summary, told: Told, isBiased = false): void => {
  summary.seeds += 1;
  summary.steps += told.steps;
  summary.judged += told.judged;
  summary.excused += told.excused;
  for (const [site, { exposed, possible }] of told.sites) {
    if (exposed === 0 || isBiased) continue;
    for (const pair of pairsAt(site, possible)) {
      summary.pairs[pair] ??= 0;
      summary.places[pair] ??= { seed: told.seed, nth: Math.floor(exposed / 2) };
    }
  }
  const faults = told.struck.filter((name) => name.includes('@'));
  for (const name of faults) add(summary.struck, partsOf(name).kind, 1);
  for (const pair of new Set(faults.map(pairOf))) add(summary.pairs, pair, 1);
  for (const what of told.happened.keys()) add(summary.happened, what, 1);
};

export const merged = (all: readonly Summary[]): Summary => {
  const sum = noSummary();
  for (const one of all) {
    sum.seeds += one.seeds;
    sum.steps += one.steps;
    sum.judged += one.judged;
    sum.excused += one.excused;
    for (const part of ['struck', 'pairs', 'happened'] as const)
      for (const [name, count] of Object.entries(one[part])) add(sum[part], name, count);
    for (const [pair, at] of Object.entries(one.places)) sum.places[pair] ??= at;
  }
  return sum;
};

const add = (to: Record<string, number>, name: string, count: number): void => {
  to[name] = (to[name] ?? 0) + count;
};

const pairsKnown = new WeakMap<readonly FaultKind[], Map<string, readonly string[]>>();

/** The same texts for every seed. */
const pairsAt = (site: string, possible: readonly FaultKind[]): readonly string[] => {
  const known = pairsKnown.get(possible) ?? new Map<string, readonly string[]>();
  pairsKnown.set(possible, known);
  const pairs = known.get(site) ?? possible.map((kind) => `${kind}@${site}`);
  known.set(site, pairs);
  return pairs;
};

const pairOf = (name: FaultName): string => name.slice(0, name.lastIndexOf('#'));
