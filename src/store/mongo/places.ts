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

/** Where something is staged, and what whoever continues the draft will go by: it must not be lost under it. */
export type Staging = { readonly place: number; readonly durable: readonly Part[] };

export const isIn = (parts: readonly Part[], place: number): boolean =>
  parts.some(({ first, last }) => first <= place && place <= last);
