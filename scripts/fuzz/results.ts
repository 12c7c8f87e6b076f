// What is kept of made-up calls, for docs/security.md.

import { join } from 'node:path';
import { z } from 'zod';
import { keep, readKept } from '../kept-results.ts';
import { number, table } from '../markdown.ts';
import { roles, whoIs } from './role-names.ts';

const file = join(import.meta.dirname, '../../test/fuzz/results/roles.json');

const resultSchema = z.object({
  role: z.enum(roles),
  date: z.iso.date(),
  commit: z.string(),
  calls: z.number(),
  /** So many operations answered some call with a 2xx, of those that were called. */
  reached: z.number(),
  operations: z.number(),
  /** The others: those that the role may not do, and what was never given in the way that they take it. */
  unreached: z.array(z.string()),
  faults: z.number(),
});
export type FuzzResult = z.output<typeof resultSchema>;

export const readFuzzResults = (): readonly FuzzResult[] => readKept(file, z.array(resultSchema)) ?? [];

/** In the place of what is known of the role. */
export const keepFuzzResult = (result: FuzzResult): void => {
  const known = new Map(readFuzzResults().map((one) => [one.role, one])).set(result.role, result);
  const inOrder = roles.flatMap((role) => known.get(role) ?? []);
  keep(file, inOrder, 2);
};

export const fuzzTable = (results: readonly FuzzResult[]): string =>
  table(
    ['as', 'when', 'commit', 'calls', 'operations that were carried out', 'faults'],
    results.map(({ role, date, commit, calls, reached, operations, faults }) => [
      whoIs[role],
      date,
      commit,
      number(calls),
      `${reached} of ${operations}`,
      String(faults),
    ]),
  );
