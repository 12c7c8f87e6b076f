/**
 * A place says which draft staged something, and in which of its batches: one number that grows with time. Every draft gets a number of its own
 * when it is opened, which becomes the version it commits.
 */

export type Part = { readonly first: number; readonly last: number };

const mostBatches = 1_000_000;

/** Batches count from 1. */
export const placeOf = (draft: number, batch: number): number => {
  if (batch >= mostBatches) throw new Error(`A draft holds at most ${mostBatches - 1} batches.`);
  return draft * mostBatches + batch;
};
/** What a draft staged up to and including a batch. */
export const partOf = (draft: number, batches: number): Part => ({
  first: placeOf(draft, 1),
  last: placeOf(draft, batches),
});
/** Everything a draft staged or ever could. */
export const wholePartOf = (draft: number): Part => partOf(draft, mostBatches - 1);

/** The parts up to a place that none of these cover. */
export const gapsIn = (parts: readonly Part[], through: number): readonly Part[] => {
  const gaps: Part[] = [];
  let first = 0;
  for (const part of [...parts].sort((a, b) => a.first - b.first)) {
    if (first < part.first) gaps.push({ first, last: part.first - 1 });
    first = Math.max(first, part.last + 1);
  }
  return first <= through ? [...gaps, { first, last: through }] : gaps;
};

/** The first version: what its parts cover is committed without having been rolled forward (slots.ts). */
export type Settled = { readonly version: number; readonly parts: readonly Part[] };

/** The full sync whose batches a roster is, and how many versions were committed since. */
export type RosterNote = { readonly version: number; readonly parts: readonly Part[]; readonly since: number };

/** Where something is staged; what whoever continues the draft will go by, which must not be lost under it; and what is settled already. */
export type Staging = {
  readonly place: number;
  readonly durable: readonly Part[];
  readonly settled: Settled | null;
};

export const isIn = (parts: readonly Part[], place: number): boolean =>
  parts.some(({ first, last }) => first <= place && place <= last);
