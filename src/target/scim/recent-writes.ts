/**
 * What was replaced a moment ago. A target without PATCH is written to by reading a resource, changing it and putting it back as a whole. A reader that does
 * not know the last write yet shows it as it was before, and whoever puts that back takes the last write back. So the last write is waited for.
 */

import { isDeepStrictEqual } from 'node:util';
import type { RemoteId } from '../../model/ids.ts';
import type { JsonObject } from '../../model/target-record.ts';
import type { World } from '../../model/world.ts';

/** A resource as it was read, and as it was put back. */
export type Replacement = { readonly before: JsonObject; readonly after: JsonObject };

export type RecentWrites = {
  /** The target said that it did this. */
  note(id: RemoteId, replacement: Replacement): void;
  /** What is read of the resource, as often as it takes to show the last write; where that does not come, what is shown in the end. */
  settled<T extends { readonly resource: JsonObject }>(
    id: RemoteId,
    read: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
};

/** Longer than any replica is behind that anybody would buy. */
const keptMs = 60_000;
const mostKept = 1_000;
const patienceMs = [1_000, 4_000, 10_000];
/** Some targets answer with what they were sent, and never show it: after so many waits nobody waits there any more. */
const mostInVain = 3;

type Kept = Replacement & { readonly at: number };

export const recentWrites = (world: Pick<World, 'now' | 'sleep'>): RecentWrites => {
  /** Of each resource the last one, for a reader that shows it shows those before it; the oldest first. */
  const kept = new Map<RemoteId, Kept>();
  let inVain = 0;
  const now = (): number => world.now().getTime();
  const isBehind = (id: RemoteId, shown: JsonObject): boolean => {
    const last = kept.get(id);
    return last !== undefined && now() - last.at < keptMs && isOld(last, shown);
  };
  return {
    note: (id, replacement) => {
      kept.delete(id);
      kept.set(id, { ...replacement, at: now() });
      for (const [oldest, { at }] of kept) {
        if (kept.size <= mostKept && now() - at < keptMs) break;
        kept.delete(oldest);
      }
    },
    settled: async (id, read, signal) => {
      let shown = await read();
      if (inVain >= mostInVain) return shown;
      for (const waitMs of patienceMs) {
        if (!isBehind(id, shown.resource)) return shown;
        await world.sleep(waitMs, signal);
        shown = await read();
      }
      if (isBehind(id, shown.resource)) inVain += 1;
      return shown;
    },
  };
};

/** Whether something that was changed is shown as it was. What the target writes in its own way is not. */
export const isOld = ({ before, after }: Replacement, shown: JsonObject): boolean =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].some(
    (name) => !isDeepStrictEqual(before[name], after[name]) && isDeepStrictEqual(before[name], shown[name]),
  );
