/** How far the connection that is furthest behind is from its tenant, for the metrics. */

import type { Stores } from '../store/stores.ts';

/** A scrape must not cost a look at every connection: the answer is good for this long. */
const keptMs = 15_000;

/** Seconds since the active connection that waited longest last committed; 0 when there is none. */
export const syncLagOf = (
  stores: Pick<Stores, 'connections' | 'snapshots'>,
  now: () => Date,
): (() => Promise<number>) => {
  let kept: { readonly at: number; readonly secs: Promise<number> } | null = null;
  return () => {
    const at = now().getTime();
    if (kept === null || at - kept.at >= keptMs) kept = { at, secs: longestLag(stores, at) };
    return kept.secs;
  };
};

const longestLag = async (stores: Pick<Stores, 'connections' | 'snapshots'>, at: number): Promise<number> => {
  let longest = 0;
  for await (const connections of stores.connections.all()) {
    for (const { id, state, createdAt } of connections) {
      if (state !== 'active') continue;
      const { committedAt } = await stores.snapshots.head(id);
      longest = Math.max(longest, at - (committedAt ?? createdAt).getTime());
    }
  }
  return longest / 1_000;
};
