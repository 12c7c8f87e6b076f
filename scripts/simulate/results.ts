/** What is kept of long simulations, for docs/reliability.md. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const folder = join(import.meta.dirname, '../../test/simulation/results');
export const mutantsFile = join(folder, 'mutants.json');
export const longRunFile = join(folder, 'long-run.json');

const CaughtSchema = z.object({
  seed: z.number(),
  /** What the seed leans to. */
  bias: z.string().nullable().default(null),
  promises: z.array(z.string()),
});
/** In which seed first, and what was broken there that is kept without the bug. */
export type Caught = z.infer<typeof CaughtSchema>;

const MutantResultSchema = z.object({
  name: z.string(),
  /** Null: in none of the seeds that were tried. */
  alone: CaughtSchema.nullable(),
  /** So many seeds showed nothing of it alone; 0 where one did. */
  tried: z.number(),
  /** By the layer that was off. */
  without: z.record(z.string(), CaughtSchema.nullable()),
});
export type MutantResult = z.infer<typeof MutantResultSchema>;

const MutantResultsSchema = z.object({ commit: z.string(), mutants: z.array(MutantResultSchema) });
export type MutantResults = z.infer<typeof MutantResultsSchema>;

/** Alone, or with one of the layers off. */
export const isSeen = ({ alone, without }: MutantResult): boolean =>
  alone !== null || Object.values(without).some((one) => one !== null);

const count = z.number();
const LongRunSchema = z.object({
  /** Of each part: its sources, its seeds, and how long it took. */
  parts: z.array(z.object({ commit: z.string(), from: count, to: count, seconds: count })),
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

export const readMutantResults = (): MutantResults | null => read(mutantsFile, MutantResultsSchema);
export const readLongRun = (): LongRun | null => read(longRunFile, LongRunSchema);

const read = <T>(file: string, schema: z.ZodType<T>): T | null =>
  existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, 'utf8'))) : null;
