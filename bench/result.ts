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
