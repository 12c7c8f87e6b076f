/** What is written down of a measure. */

export type Detail = { readonly [name: string]: number | string | boolean | null | Detail };

export type Result = {
  readonly id: string;
  readonly name: string;
  /** What is held against the target: mostly a quotient of two medians of the same run. */
  readonly ratio: number;
  /** `<= 1.5` */
  readonly target: string;
  readonly ok: boolean;
  readonly detail: Detail;
};

/** It stands in the report, so that nobody takes what is missing for what holds. */
export const notMeasured = (id: string, what: string, error: unknown): Result => ({
  id,
  name: `${what}: could not be measured`,
  ratio: Number.NaN,
  target: '',
  ok: false,
  detail: { error: error instanceof Error ? error.message : String(error) },
});

export const atMost = (id: string, name: string, ratio: number, limit: number, detail: Detail): Result => ({
  id,
  name,
  ratio,
  target: `<= ${limit}`,
  ok: ratio <= limit,
  detail,
});

export const atLeast = (id: string, name: string, ratio: number, limit: number, detail: Detail): Result => ({
  id,
  name,
  ratio,
  target: `>= ${limit}`,
  ok: ratio >= limit,
  detail,
});
