/** Groups of a scope that had members, and have none now, or hardly any. Whose members left the tenant altogether was not drained: each of them left. */

import { isDrained } from '../core/shrink.ts';
import type { SourceId } from '../model/ids.ts';
import type { Limit } from '../model/limit.ts';
import type { Drained } from '../model/run.ts';
import type { Scope } from '../model/scope.ts';
import type { Draft, SnapshotStore } from '../store/snapshot-store.ts';

/** To be asked after the read and before the sweep, when whoever is gone from the draft was said by the source to be gone. */
export const drainedGroups = async (
  snapshots: SnapshotStore,
  draft: Draft,
  scope: Scope,
  limit: Limit,
): Promise<readonly Drained[]> => {
  if (scope.kind === 'all' || draft.base.version === 0) return [];
  const lost = new Map<SourceId, number>();
  for await (const edges of draft.touchedMembers())
    for (const { group, removed } of edges) {
      if (removed.length === 0 || !scope.groups.includes(group)) continue;
      lost.set(group, (lost.get(group) ?? 0) + (await draft.present(removed)).size);
    }
  const drained: Drained[] = [];
  for (const [group, leavers] of lost) {
    const of = await sizeOf(snapshots, draft, group);
    // Who came meanwhile does not make up for who left; but a group with members is not empty.
    const isEmpty = leavers > 0 && !(await hasMembers(draft, group));
    const one = { group, lost: isEmpty ? of : Math.min(leavers, of - 1), of };
    if (isDrained(one, limit)) drained.push(one);
  }
  return drained;
};

const hasMembers = async (draft: Draft, group: SourceId): Promise<boolean> => {
  for await (const members of draft.members(group)) if (members.length > 0) return true;
  return false;
};

/** How many were in it. */
const sizeOf = async (snapshots: SnapshotStore, draft: Draft, group: SourceId): Promise<number> => {
  let size = 0;
  for await (const members of snapshots.members(draft.base.connection, group)) size += members.length;
  return size;
};
