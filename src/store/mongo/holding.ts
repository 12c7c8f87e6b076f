/**
 * Documents whose text holds an id somewhere. It looks at every text in the range, so it is for the few questions about one person, and goes through the
 * range in stretches: one command for all of it would look through the millions of documents of a large tenant, and take longer than a command may.
 */

import type { Db } from './connect.ts';

/** An id holds letters, digits and dashes; whatever else it held would be taken literally. */
export const holding = (id: string): { readonly $regex: string } => ({
  $regex: id.replaceAll(/[^0-9a-zA-Z-]/g, '\\$&'),
});

/** From behind one place through another; null: from the first on, to the last. */
export type Stretch = { readonly after: string | null; readonly through: string | null };

/** `endOf`: the place of the last of so many documents behind a place, as the index alone tells it; null where there are fewer. */
export async function* inStretches(
  endOf: (after: string | null, size: number) => Promise<string | null>,
  first: string | null,
  size: number,
): AsyncGenerator<Stretch> {
  for (let after = first; ; ) {
    const through = await endOf(after, size);
    yield { after, through };
    if (through === null) return;
    after = through;
  }
}

export const within = ({ after, through }: Stretch): { readonly $gt?: string; readonly $lte?: string } => ({
  ...(after === null ? {} : { $gt: after }),
  ...(through === null ? {} : { $lte: through }),
});

/** The stretches of a range of `_id`. */
export const stretchesOf = (
  db: Db,
  name: string,
  range: { readonly $gte: string; readonly $lt: string },
  size: number,
): AsyncIterable<Stretch> =>
  inStretches(
    async (after, most) => {
      const [end] = await db
        .collection<{ readonly _id: string }>(name)
        .find({ _id: { ...range, ...within({ after, through: null }) } }, { projection: { _id: 1 } })
        .sort({ _id: 1 })
        .skip(most - 1)
        .limit(1)
        .toArray();
      return end?._id ?? null;
    },
    null,
    size,
  );
