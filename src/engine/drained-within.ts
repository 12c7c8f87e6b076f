/**
 * Groups inside those of a nested scope by which nobody is in any more, or hardly anybody: emptied, or taken out of the group they were in. Whoever is
 * still reached by another group lost nothing, and whose members left the tenant altogether was not drained.
 */

import { batches } from '../core/batches.ts';
import { isDrained } from '../core/shrink.ts';
import type { SourceId } from '../model/ids.ts';
import type { Limit } from '../model/limit.ts';
import type { Drained } from '../model/run.ts';
import type { Scope } from '../model/scope.ts';
import type { Ref } from '../model/source-object.ts';
import type { Draft, SnapshotStore } from '../store/snapshot-store.ts';
import { type Reached, reach } from './sweep.ts';

/** To be asked after the read and before the sweep, as for the groups that the scope names. */
export const drainedWithin = async (
  snapshots: SnapshotStore,
  draft: Draft,
  scope: Scope,
  limit: Limit,
): Promise<readonly Drained[]> => {
  if (scope.kind === 'all' || !scope.nested || draft.base.version === 0) return [];
  const named = new Set(scope.groups);
  const touched = [...(await touchedGroups(draft))].filter((group) => !named.has(group));
  const known = await reachedBefore(snapshots, draft, named, touched);
  if (known.length === 0) return [];
  const now = await reach(draft, scope);
  const drained: Drained[] = [];
  for (const group of await withWhatWasBelow(snapshots, draft, known, now, named)) {
    const one = { group, ...(await lostOf(snapshots, draft, group, now)) };
    if (isDrained(one, limit)) drained.push(one);
  }
  return drained;
};

/** Groups that lost a member, that were taken out of a group, or that are gone. */
const touchedGroups = async (draft: Draft): Promise<ReadonlySet<SourceId>> => {
  const touched = new Set<SourceId>();
  for await (const edges of draft.touchedMembers())
    for (const { group, removed } of edges) {
      if (removed.length > 0) touched.add(group);
      for (const { type, id } of removed) if (type === 'group') touched.add(id);
    }
  for await (const pairs of draft.touched())
    for (const { ref, before, after } of pairs)
      if (ref.type === 'group' && before !== null && after === null) touched.add(ref.id);
  return touched;
};

/** Those of these groups by which the scope reached somebody in the base: from each the way up is followed, which is short. */
const reachedBefore = async (
  snapshots: SnapshotStore,
  draft: Draft,
  named: ReadonlySet<SourceId>,
  groups: readonly SourceId[],
): Promise<readonly SourceId[]> => {
  const reached: SourceId[] = [];
  for (const group of groups) {
    const above = new Set([group]);
    for (const one of above)
      for await (const memberships of snapshots.groupsOf(draft.base.connection, [one]))
        for (const { group: holder } of memberships) above.add(holder);
    if ([...above].some((one) => named.has(one))) reached.push(group);
  }
  return reached;
};

/** A group that is out of the scope has taken those along that were reached by it. */
const withWhatWasBelow = async (
  snapshots: SnapshotStore,
  draft: Draft,
  groups: readonly SourceId[],
  now: Reached,
  named: ReadonlySet<SourceId>,
): Promise<ReadonlySet<SourceId>> => {
  // A Set is visited in order of insertion, also what is added while it is visited.
  const all = new Set(groups);
  for (const group of all) {
    if (now.groups.has(group)) continue;
    for await (const members of snapshots.members(draft.base.connection, group))
      for (const { type, id } of members) if (type === 'group' && !named.has(id)) all.add(id);
  }
  return all;
};

/** Of the people who were in it and are in the tenant still, how many no group of the scope reaches. */
const lostOf = async (
  snapshots: SnapshotStore,
  draft: Draft,
  group: SourceId,
  now: Reached,
): Promise<Pick<Drained, 'lost' | 'of'>> => {
  let [lost, of] = [0, 0];
  for await (const members of snapshots.members(draft.base.connection, group))
    for (const some of batches(peopleIn(members), 1_000))
      for (const id of await draft.present(some)) {
        of += 1;
        if (!now.users.has(id)) lost += 1;
      }
  return { lost, of };
};

const peopleIn = (members: readonly Ref[]): readonly Ref[] => members.filter(({ type }) => type === 'user');
