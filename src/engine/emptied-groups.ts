/** Groups of a scope that had members and have none now. Whose members left the tenant altogether was not emptied: each of them left. */

import type { SourceId } from '../model/ids.ts';
import type { Scope } from '../model/scope.ts';
import type { Draft, SnapshotStore } from '../store/snapshot-store.ts';

/** To be asked after the read and before the sweep, when whoever is gone from the draft was said by the source to be gone. */
export const emptiedGroups = async (
  snapshots: SnapshotStore,
  draft: Draft,
  scope: Scope,
): Promise<readonly SourceId[]> => {
  if (scope.kind === 'all' || draft.base.version === 0) return [];
  const lessened = new Set<SourceId>();
  for await (const edges of draft.touchedMembers())
    for (const { group, removed } of edges) if (removed.length > 0) lessened.add(group);
  const emptied: SourceId[] = [];
  for (const group of scope.groups)
    if (lessened.has(group) && !(await hasMembers(draft, group)) && (await hadOthers(snapshots, draft, group)))
      emptied.push(group);
  return emptied;
};

const hasMembers = async (draft: Draft, group: SourceId): Promise<boolean> => {
  for await (const members of draft.members(group)) if (members.length > 0) return true;
  return false;
};

/** Whether anybody was in it who is still there. */
const hadOthers = async (snapshots: SnapshotStore, draft: Draft, group: SourceId): Promise<boolean> => {
  for await (const members of snapshots.members(draft.base.connection, group))
    if ((await draft.find(members)).size > 0) return true;
  return false;
};
