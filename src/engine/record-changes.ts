/** Writes down what the draft changes, before it is committed. */

import { isUnassigned, own } from '../core/attributes.ts';
import { batches } from '../core/batches.ts';
import { diff, diffEdges, diffPresence, type Flips, membersChange } from '../core/diff.ts';
import type { Asked } from '../core/fold.ts';
import { sampleOf } from '../core/shrink.ts';
import type { Change } from '../model/change.ts';
import { type SourceId, sourceId } from '../model/ids.ts';
import type { Counters, Loss } from '../model/run.ts';
import { type Membership, type ObjectType, type Ref, type SourceObject, user } from '../model/source-object.ts';
import type { Complete } from '../source/source.ts';
import type { Draft, EdgePair, Pair, SnapshotStore } from '../store/snapshot-store.ts';

type Counts = Pick<Counters, 'created' | 'updated' | 'removed' | 'membersAdded' | 'membersRemoved'>;
export type Recorded = {
  readonly counts: Counts;
  readonly present: Readonly<Record<ObjectType, number>>;
  /** Of those who were removed, how many only because they were not seen, or not in the scope. */
  readonly missing: Readonly<Record<ObjectType, number>>;
  /** A sample of these. */
  readonly sampled: readonly SourceId[];
  /** Attributes that changed objects lost. */
  readonly losses: readonly Kept[];
};
/** `kept`: how many of the changed objects had a value of it before, and have one. */
export type Kept = Loss & { readonly kept: number };

/** Nothing is written down of a read that did not reach its end. `asked`: what was read. `report` is called again and again: it may take a while, and throws when the run is to stop. */
export const recordChanges = async (
  snapshots: SnapshotStore,
  draft: Draft,
  _complete: Complete,
  asked: Asked,
  report: () => Promise<void>,
): Promise<Recorded> => {
  const counts = { created: 0, updated: 0, removed: 0, membersAdded: 0, membersRemoved: 0 };
  const present = { user: draft.base.counts.user, group: draft.base.counts.group };
  const missing = { user: 0, group: 0 };
  const losses = new Map<string, Tallied>();
  let sampled: readonly SourceId[] = [];
  const record = async (changes: readonly Change[]): Promise<void> => {
    const gone = await managersGone(draft, changes);
    const lost: SourceId[] = [];
    for (const change of changes) {
      tally(counts, present, change);
      if (change.kind === 'updated') tallyLosses(losses, change, gone);
      if (change.kind !== 'removed' || (change.why !== 'missing' && change.why !== 'out_of_scope')) continue;
      missing[change.before.ref.type] += 1;
      lost.push(change.before.ref.id);
    }
    if (lost.length > 0) sampled = sampleOf([...sampled, ...lost]);
    if (changes.length > 0) await draft.record(changes);
    await report();
  };
  if (draft.base.version === 0) {
    for await (const pairs of draft.touched()) await record(changesOf(pairs, asked));
    await recordFirstMembers(draft, record);
  } else await recordMembers(snapshots, draft, await recordObjects(draft, asked, record), record);
  return { counts, present, missing, sampled, losses: [...losses.values()].filter(({ lost }) => lost > 0) };
};

type Recorder = (changes: readonly Change[]) => Promise<void>;

const changesOf = (pairs: readonly Pair[], asked: Asked): readonly Change[] =>
  pairs.map((pair) => diff(pair, asked)).filter((change) => change !== null);

const recordObjects = async (
  draft: Draft,
  asked: Asked,
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
    await record(changesOf(pairs, asked));
  }
  return { appeared, vanished, groups };
};

/** On an empty base everybody has come, and so has every membership of which both ends are there. */
const recordFirstMembers = async (draft: Draft, record: Recorder): Promise<void> => {
  const nobody: Flips = { appeared: new Set(), vanished: new Set() };
  for await (const edges of draft.touchedMembers()) {
    const present = await draft.present(endsOf(edges));
    await record(edges.map((edge) => diffEdges(edge, nobody, present)).filter((change) => change !== null));
  }
};

const endsOf = (edges: readonly EdgePair[]): readonly Ref[] =>
  edges.flatMap(({ group, added, removed }) => [{ type: 'group', id: group } as const, ...added, ...removed]);

/**
 * Three sources of membership changes: edges that came or went, members that came or went, groups that came. A group that went may stand at a target
 * all the same, with the members it had: who leaves it meanwhile is told, and when it comes back, who is not in it.
 */
const recordMembers = async (
  snapshots: SnapshotStore,
  draft: Draft,
  flips: Flips & { readonly groups: readonly SourceId[] },
  record: Recorder,
): Promise<void> => {
  const returned = await everSeen(snapshots, draft, flips.groups);
  for await (const edges of draft.touchedMembers()) {
    const present = await draft.present(endsOf(edges));
    const away = await everSeen(
      snapshots,
      draft,
      edges.map(({ group }) => group).filter((group) => !present.has(group)),
    );
    const left = edges
      .filter(({ group }) => returned.has(group) || away.has(group))
      .map(({ group, removed }) => membersChange(group, [], removed));
    await record(
      [...edges.map((edge) => diffEdges(edge, flips, present)), ...left].filter((change) => change !== null),
    );
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
      const present = await draft.present(members);
      const change = membersChange(
        group,
        members.filter(({ id }) => present.has(id)),
        returned.has(group) ? members.filter(({ id }) => !present.has(id)) : [],
      );
      if (change !== null) await record([change]);
    }
  }
};

/** Those of these groups that were in the snapshot at some time before. */
const everSeen = async (
  snapshots: SnapshotStore,
  draft: Draft,
  groups: readonly SourceId[],
): Promise<ReadonlySet<SourceId>> => {
  const seen = new Set<SourceId>();
  for (const some of batches(groups, 1_000)) {
    const refs = some.map((id) => ({ type: 'group', id }) as const);
    for (const id of (await snapshots.recall(draft.base.connection, refs)).keys()) seen.add(id);
  }
  return seen;
};

const withPresentGroup = async (draft: Draft, memberships: readonly Membership[]): Promise<readonly Membership[]> => {
  const present = await draft.present(
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

type Tallied = { readonly type: ObjectType; readonly attribute: string; lost: number; kept: number };

const tallyLosses = (
  losses: Map<string, Tallied>,
  { before, after }: Extract<Change, { kind: 'updated' }>,
  gone: ReadonlySet<SourceId>,
): void => {
  const { type } = before.ref;
  for (const [attribute, value] of Object.entries(before.attributes)) {
    if (isUnassigned(value)) continue;
    const key = `${type} ${attribute}`;
    const loss = losses.get(key) ?? { type, attribute, lost: 0, kept: 0 };
    losses.set(key, loss);
    if (!isUnassigned(own(after.attributes, attribute))) loss.kept += 1;
    else if (attribute !== 'manager' || !gone.has(sourceId(String(value)))) loss.lost += 1;
  }
};

/** Whoever reported to somebody who left has no manager, and nobody cleared it. */
const managersGone = async (draft: Draft, changes: readonly Change[]): Promise<ReadonlySet<SourceId>> => {
  const lost = changes.flatMap((change) => (change.kind === 'updated' ? lostManager(change.before, change.after) : []));
  if (lost.length === 0) return new Set();
  const present = await draft.present(lost.map(user));
  return new Set(lost.filter((id) => !present.has(id)));
};

const lostManager = (before: SourceObject, after: SourceObject): readonly SourceId[] => {
  const manager = own(before.attributes, 'manager');
  return typeof manager === 'string' && isUnassigned(own(after.attributes, 'manager')) ? [sourceId(manager)] : [];
};
