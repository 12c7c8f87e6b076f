/** What is kept of long simulations, for docs/reliability.md and docs/seeds.md. */

import { join } from 'node:path';
import { z } from 'zod';
import { readKept } from '../kept-results.ts';

const folder = join(import.meta.dirname, '../../test/simulation/results');
export const mutantsFile = join(folder, 'mutants.json');
export const storesFile = join(folder, 'stores.json');
export const longRunFile = join(folder, 'long-run.json');

const CaughtSchema = z.object({
  seed: z.number(),
  /** What the seed leans to. */
  bias: z.string().nullable().default(null),
  promises: z.array(z.string()),
});
/** In which seed first, and what was broken there that is kept without the bug. */
export type Caught = z.infer<typeof CaughtSchema>;

const LookSchema = z.object({
  /** The sources it was looked for in; not every bug was looked for in the same ones. */
  commit: z.string(),
  /** Null: in none of the seeds that were tried. */
  caught: CaughtSchema.nullable(),
  /** So many seeds showed nothing; 0 where one did. */
  tried: z.number(),
});
/** What came of looking for a bug once: alone, or with one layer off. */
export type Look = z.infer<typeof LookSchema>;

const MutantResultSchema = z.object({
  name: z.string(),
  alone: LookSchema,
  /** By the layer that was off. */
  without: z.record(z.string(), LookSchema),
});
export type MutantResult = z.infer<typeof MutantResultSchema>;

const MutantResultsSchema = z.object({ mutants: z.array(MutantResultSchema) });
export type MutantResults = z.infer<typeof MutantResultsSchema>;

/** Every bug is to be seen within so many seeds, played in order from 1, of those that lean to what it is about. */
export const mostSeeds = 20_000;

/** Whether it is of sources that somebody can look at again; no hash is of zeros alone. */
export const namesVersion = (commit: string): boolean => /^(?!0+$)[0-9a-f]{7,40}$/.test(commit);

/** Alone, or with one of the layers off. */
export const isSeen = ({ alone, without }: MutantResult): boolean =>
  alone.caught !== null || Object.values(without).some(({ caught }) => caught !== null);

/** Of these layers, those without which it ought to be seen, and was not: what is seen with everything in its place is seen without any of it. */
export const unseenWithout = (
  { alone, without }: MutantResult,
  layers: readonly { readonly name: string }[],
): readonly string[] =>
  alone.caught === null
    ? []
    : layers.map(({ name }) => name).filter((name) => (without[name]?.caught ?? null) === null);

const StoreResultSchema = z.object({
  name: z.string(),
  commit: z.string(),
  /** The test file, how many of its tests were run, and which of them were red. */
  tests: z.string(),
  ran: z.number(),
  red: z.array(z.string()),
});
/** What came of a bug in the stores of MongoDB. */
export type StoreResult = z.infer<typeof StoreResultSchema>;

const count = z.number();
const LongRunSchema = z.object({
  /** Of each part: its sources, its seeds, what they lean to, and how long it took. */
  parts: z.array(
    z.object({ commit: z.string(), bias: z.string().nullable().default(null), from: count, to: count, seconds: count }),
  ),
  seeds: count,
  steps: count,
  judged: count,
  excused: count,
  faults: count,
  /** In how many seeds each fault struck at each site. */
  pairs: z.record(z.string(), count),
  happened: z.record(z.string(), count),
  broken: z.array(CaughtSchema),
});
export type LongRun = z.infer<typeof LongRunSchema>;

export const readMutantResults = (): MutantResults | null => readKept(mutantsFile, MutantResultsSchema);
export const readStoreResults = (): readonly StoreResult[] => readKept(storesFile, z.array(StoreResultSchema)) ?? [];
export const readLongRun = (): LongRun | null => readKept(longRunFile, LongRunSchema);
