/** Writes down what the draft changes, before it is committed. */

import { batches } from '../core/batches.ts';
import { diff, diffEdges, diffPresence, type Flips, membersChange } from '../core/diff.ts';
import type { Change } from '../model/change.ts';
import type { SourceId } from '../model/ids.ts';
import type { Counters } from '../model/run.ts';
import type { Membership, ObjectType, Ref } from '../model/source-object.ts';
import type { Draft, SnapshotStore } from '../store/snapshot-store.ts';

type Counts = Pick<Counters, 'created' | 'updated' | 'removed' | 'membersAdded' | 'membersRemoved'>;
export type Recorded = {
  readonly counts: Counts;
  readonly present: Readonly<Record<ObjectType, number>>;
  /** Of those who were removed, how many only because they were not seen, or not in the scope. */
  readonly missing: Readonly<Record<ObjectType, number>>;
};

export const recordChanges = async (snapshots: SnapshotStore, draft: Draft): Promise<Recorded> => {
  const counts = { created: 0, updated: 0, removed: 0, membersAdded: 0, membersRemoved: 0 };
  const present = { user: draft.base.counts.user, group: draft.base.counts.group };
  const missing = { user: 0, group: 0 };
  const record = async (changes: readonly Change[]): Promise<void> => {
    for (const change of changes) {
      tally(counts, present, change);
      if (change.kind === 'removed' && (change.why === 'missing' || change.why === 'out_of_scope'))
        missing[change.before.ref.type] += 1;
    }
    if (changes.length > 0) await draft.record(changes);
  };
  const flips = await recordObjects(draft, record);
  if (draft.base.version === 0) await recordFirstMembers(draft, flips, record);
  else await recordMembers(snapshots, draft, flips, record);
  return { counts, present, missing };
};

type Recorder = (changes: readonly Change[]) => Promise<void>;

const recordObjects = async (
  draft: Draft,
  record: Recorder,
): Promise<Flips & { readonly groups: readonly SourceId[] }> => {
  const appeared = new Set<SourceId>();
  const vanished = new Set<SourceId>();
  const groups: SourceId[] = [];
  for await (const pairs of draft.touched()) {
    for (const { ref, before, after } of pairs) {
      if (before === null) appeared.add(ref.id);
      if (after === null) vanished.add(ref.id);
      if (before === null && ref.type === 'group') groups.push(ref.id);
    }
    await record(pairs.map(diff));
  }
  return { appeared, vanished, groups };
};

/** On an empty base whoever is present has just appeared, so nothing needs to be looked up. */
const recordFirstMembers = async (draft: Draft, flips: Flips, record: Recorder): Promise<void> => {
  for await (const edges of draft.touchedMembers()) {
    await record(
      edges.flatMap(({ group, added }) => {
        const change = flips.appeared.has(group)
          ? membersChange(
              group,
              added.filter(({ id }) => flips.appeared.has(id)),
              [],
            )
          : null;
        return change === null ? [] : [change];
      }),
    );
  }
};

/** Three sources of membership changes: edges that came or went, members that came or went, groups that came. */
const recordMembers = async (
  snapshots: SnapshotStore,
  draft: Draft,
  flips: Flips & { readonly groups: readonly SourceId[] },
  record: Recorder,
): Promise<void> => {
  for await (const edges of draft.touchedMembers()) {
    const present = await presentOf(
      draft,
      edges.flatMap(({ group, added, removed }) => [{ type: 'group', id: group } as const, ...added, ...removed]),
    );
    await record(edges.map((edge) => diffEdges(edge, flips, present)).filter((change) => change !== null));
  }
  for (const ids of batches([...flips.appeared], 1_000)) {
    for await (const memberships of draft.groupsOf(ids))
      await record(diffPresence('added', await withPresentGroup(draft, memberships), flips));
  }
  for (const ids of batches([...flips.vanished], 1_000)) {
    for await (const memberships of snapshots.groupsOf(draft.base.connection, ids))
      await record(diffPresence('removed', await withPresentGroup(draft, memberships), flips));
  }
  for (const group of flips.groups) {
    for await (const members of draft.members(group)) {
      const present = await presentOf(draft, members);
      const change = membersChange(
        group,
        members.filter(({ id }) => present.has(id)),
        [],
      );
      if (change !== null) await record([change]);
    }
  }
};

const presentOf = async (draft: Draft, refs: readonly Ref[]): Promise<ReadonlySet<SourceId>> => {
  const present = new Set<SourceId>();
  for (const some of batches(refs, 1_000)) for (const id of (await draft.find(some)).keys()) present.add(id);
  return present;
};

const withPresentGroup = async (draft: Draft, memberships: readonly Membership[]): Promise<readonly Membership[]> => {
  const present = await presentOf(
    draft,
    [...new Set(memberships.map(({ group }) => group))].map((id) => ({ type: 'group', id })),
  );
  return memberships.filter(({ group }) => present.has(group));
};

const tally = (
  counts: { -readonly [Name in keyof Counts]: number },
  present: Record<ObjectType, number>,
  change: Change,
): void => {
  switch (change.kind) {
    case 'created':
      counts.created += 1;
      present[change.after.ref.type] += 1;
      return;
    case 'updated':
      counts.updated += 1;
      return;
    case 'removed':
      counts.removed += 1;
      present[change.before.ref.type] -= 1;
      return;
    case 'members':
      counts.membersAdded += change.added.length;
      counts.membersRemoved += change.removed.length;
  }
};
