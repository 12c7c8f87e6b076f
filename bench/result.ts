/** What is written down of a measure. */

import type { Quotient } from './figures.ts';

export type Detail = { readonly [name: string]: number | string | boolean | null | Detail };

/** What a row was when it was measured before. `commit`: null where nobody wrote it down. */
export type Before = { readonly ratio: number; readonly at: string; readonly commit: string | null };

export type Result = {
  readonly id: string;
  readonly name: string;
  /** What is held against the target: mostly a quotient of two medians of the same run. */
  readonly ratio: number;
  /** `<= 1.5` */
  readonly target: string;
  readonly ok: boolean;
  /** From round to round; null where it is no quotient of rounds, or nobody wrote it down. */
  readonly spread: { readonly min: number; readonly max: number } | null;
  /** Oldest first, the last three. */
  readonly before: readonly Before[];
  readonly detail: Detail;
};

/** It stands in the report, so that nobody takes what is missing for what holds. */
export const notMeasured = (id: string, what: string, error: unknown): Result => ({
  id,
  name: `${what}: could not be measured`,
  ratio: Number.NaN,
  target: '',
  ok: false,
  spread: null,
  before: [],
  detail: { error: error instanceof Error ? error.message : String(error) },
});

export const atMost = (id: string, name: string, of: number | Quotient, limit: number, detail: Detail): Result => {
  const measured = measuredOf(of);
  return { id, name, ...measured, target: `<= ${limit}`, ok: measured.ratio <= limit, before: [], detail };
};

export const atLeast = (id: string, name: string, of: number | Quotient, limit: number, detail: Detail): Result => {
  const measured = measuredOf(of);
  return { id, name, ...measured, target: `>= ${limit}`, ok: measured.ratio >= limit, before: [], detail };
};

const measuredOf = (of: number | Quotient): Pick<Result, 'ratio' | 'spread'> =>
  typeof of === 'number'
    ? { ratio: of, spread: null }
    : { ratio: of.ratio, spread: { min: of.least, max: of.greatest } };

const mostBefore = 3;

/** `then`: when the row that is replaced was measured. */
export const following = (result: Result, old: Result | undefined, then: Omit<Before, 'ratio'> | undefined): Result => {
  if (old === undefined) return result;
  const last = then === undefined || !Number.isFinite(old.ratio) ? [] : [{ ratio: old.ratio, ...then }];
  return { ...result, before: [...old.before, ...last].slice(-mostBefore) };
};
