/**
 * What a provision run looks at: everybody (a target never brought to any version), what changed since the target's position, or one group.
 * It only names objects; what is done with them is decided from their state now. So looking at too many of them is harmless.
 */

import { batches } from '../core/batches.ts';
import { refOf } from '../model/change.ts';
import type { ConnectionId, SourceId } from '../model/ids.ts';
import type { Cause } from '../model/operation.ts';
import type { ProvisionRun, RunScope } from '../model/run.ts';
import type { GoneReason, ObjectType, Ref, SourceObject } from '../model/source-object.ts';
import type { SnapshotStore } from '../store/snapshot-store.ts';
import type { Stores } from '../store/stores.ts';
import { dueEscrows } from './due-escrows.ts';

/** `object`: as the snapshot holds it, where it had to be read to be named; null: it is still to be looked up. */
export type Item = { readonly ref: Ref; readonly why: Cause['why']; readonly object: SourceObject | null };
/** The last word of the changes on one membership. */
export type Edge = { readonly member: Ref; readonly want: 'add' | 'remove'; readonly version: number };

export type Gathered = {
  readonly kind: 'everything' | 'changes' | 'scope' | 'repair';
  /** Whether groups are told all their members again, or those that came since. One that was never told any is told all in any case. */
  readonly members: 'all' | 'changed';
  /** The version of the snapshot the run brings the target to. */
  readonly through: number;
  /** Objects in a fixed order, in chunks, `after` a place of the same order (exclusive). */
  items(after: string | null): AsyncIterable<readonly Item[]>;
  /** The groups among them. */
  groups(): AsyncIterable<readonly Item[]>;
  /** Membership changes by group; when everything is looked at only who left, since who is in is read from the snapshot. */
  readonly edges: ReadonlyMap<SourceId, readonly Edge[]>;
  /** Why an object left, where the changes say so. */
  readonly left: ReadonlyMap<SourceId, GoneReason>;
};

/** Objects looked at together: enough to keep a target's connections busy, few enough to lose little when a worker dies. */
const chunkSize = 500;

export const placeOf = (ref: Ref): string => `${ref.type}|${ref.id}`;

/**
 * How much of the target is known from before. `other_rules`: it was not written to by these rules, so a look at everybody is owed. `outdated`: what is on
 * record of it is older than it is, so everybody has to be looked at, and every membership told again.
 */
export type Known = 'accepted' | 'other_rules' | 'outdated';

/** What a run meets at the target. `position`: as in `Ledger`; `owesLook`: whether it is owed a look at everybody. */
export type Met = { readonly groups: boolean; readonly position: number | null; readonly owesLook: boolean };

export const gather = async (
  stores: Stores,
  run: ProvisionRun,
  through: number,
  known: Known,
  { groups, position, owesLook }: Met,
): Promise<Gathered> => {
  if (run.scope !== null) return gatherScope(stores, run, run.scope, position ?? 0, through);
  const isWhole = run.mode === 'full' || known === 'outdated';
  if ((position === null || isWhole) && (groups || (await hasNoGroups(stores, run))))
    return gatherEverything(stores, run, position ?? 0, through);
  return position !== null && !owesLook && !isWhole
    ? gatherChanges(stores, run, position, through)
    : gatherWithChangedMembers(stores, run, position ?? 0, through);
};

/** Where groups that are there are not told their members now, it has to be known who came, too, to be told one day. */
const hasNoGroups = async ({ ledger }: Stores, { target }: ProvisionRun): Promise<boolean> =>
  (await ledger.countLinks(target)).group === 0;

const gatherEverything = async (
  stores: Stores,
  run: ProvisionRun,
  position: number,
  through: number,
): Promise<Gathered> => ({
  kind: 'everything',
  members: 'all',
  through,
  items: (after) => everyObject(stores.snapshots, run.connection, ['user', 'group'], after),
  groups: () => everyObject(stores.snapshots, run.connection, ['group'], null),
  edges: await foldLeavings(stores.snapshots, run.connection, position, through),
  left: new Map(),
});

/** Everybody, but of memberships only what changed: no rule says who is in a group, and whose membership could not be told waits. */
const gatherWithChangedMembers = async (
  stores: Stores,
  run: ProvisionRun,
  position: number,
  through: number,
): Promise<Gathered> => ({
  ...(await gatherEverything(stores, run, position, through)),
  members: 'changed',
  edges: (await foldChanges(stores.snapshots, run.connection, position, through, () => true)).edges,
});

async function* everyObject(
  snapshots: SnapshotStore,
  connection: ConnectionId,
  order: readonly ObjectType[],
  after: string | null,
): AsyncIterable<readonly Item[]> {
  const from = after === null ? null : after.slice(0, after.indexOf('|'));
  for (const type of order.slice(from === 'group' ? 1 : 0)) {
    let cursor: string | null = from === type && after !== null ? after.slice(type.length + 1) : null;
    do {
      const page = await snapshots.page(connection, type, cursor, chunkSize);
      if (page.items.length > 0) yield page.items.map((object) => ({ ref: object.ref, why: 'created', object }));
      cursor = page.next;
    } while (cursor !== null);
  }
}

const gatherChanges = async (
  stores: Stores,
  run: ProvisionRun,
  position: number,
  through: number,
): Promise<Gathered> => {
  const folded = await foldChanges(stores.snapshots, run.connection, position, through, () => true);
  for await (const due of dueEscrows(stores.ledger, run)) {
    for (const { ref } of due)
      if (!folded.items.has(ref.id)) folded.items.set(ref.id, { ref, why: 'retry', object: null });
  }
  return {
    kind: 'changes',
    members: 'changed',
    through,
    ...inOrder(folded.items),
    edges: folded.edges,
    left: folded.left,
  };
};

/** The group and its members now, and what the changes say about that group's members since the target's position. */
const gatherScope = async (
  stores: Stores,
  run: ProvisionRun,
  scope: RunScope,
  position: number,
  through: number,
): Promise<Gathered> => {
  const items = new Map<SourceId, Item>();
  const groups = new Set<SourceId>([scope.group]);
  for (const group of groups) {
    items.set(group, { ref: { type: 'group', id: group }, why: 'created', object: null });
    for await (const members of stores.snapshots.members(run.connection, group)) {
      for (const ref of members) {
        if (ref.type === 'user') items.set(ref.id, { ref, why: 'created', object: null });
        else if (scope.nested) groups.add(ref.id);
      }
    }
  }
  const { edges } = await foldChanges(stores.snapshots, run.connection, position, through, (ref) => groups.has(ref.id));
  return {
    kind: 'scope',
    members: 'changed',
    through,
    ...inOrder(items),
    edges: new Map([...edges].filter(([group]) => groups.has(group))),
    left: new Map(),
  };
};

type FoldedChanges = {
  readonly items: Map<SourceId, Item>;
  readonly edges: Map<SourceId, readonly Edge[]>;
  readonly left: Map<SourceId, GoneReason>;
};

/** One entry per object and per membership: the last word wins. */
const foldChanges = async (
  snapshots: SnapshotStore,
  connection: ConnectionId,
  position: number,
  through: number,
  concerns: (ref: Ref) => boolean,
): Promise<FoldedChanges> => {
  const items = new Map<SourceId, Item>();
  const edges = new Map<SourceId, Map<SourceId, Edge>>();
  const left = new Map<SourceId, GoneReason>();
  for await (const recorded of snapshots.changesAfter(connection, position, through)) {
    for (const { change, version } of recorded) {
      const ref = refOf(change);
      if (!concerns(ref)) continue;
      if (change.kind === 'removed') left.set(ref.id, change.why);
      else if (change.kind === 'created') left.delete(ref.id);
      if (change.kind !== 'members' || !items.has(ref.id))
        items.set(ref.id, { ref, why: change.kind === 'removed' ? change.why : change.kind, object: null });
      if (change.kind !== 'members') continue;
      const group = edges.get(ref.id) ?? new Map<SourceId, Edge>();
      for (const member of change.added) group.set(member.id, { member, want: 'add', version });
      for (const member of change.removed) group.set(member.id, { member, want: 'remove', version });
      edges.set(ref.id, group);
    }
  }
  return { items, left, edges: new Map([...edges].map(([group, members]) => [group, [...members.values()]])) };
};

/** Whose last word is that they left. A first look goes back to the beginning, where most of what is said is that somebody came. */
const foldLeavings = async (
  snapshots: SnapshotStore,
  connection: ConnectionId,
  position: number,
  through: number,
): Promise<ReadonlyMap<SourceId, readonly Edge[]>> => {
  const left = new Map<SourceId, Map<SourceId, Edge>>();
  for await (const recorded of snapshots.changesAfter(connection, position, through)) {
    for (const { change, version } of recorded) {
      if (change.kind !== 'members') continue;
      const group = left.get(change.group.id) ?? new Map<SourceId, Edge>();
      for (const member of change.added) group.delete(member.id);
      for (const member of change.removed) group.set(member.id, { member, want: 'remove', version });
      if (group.size > 0) left.set(change.group.id, group);
      else left.delete(change.group.id);
    }
  }
  return new Map([...left].map(([group, members]) => [group, [...members.values()]]));
};

/** Users before groups, so that members are linked before they are added. */
export const inOrder = (items: ReadonlyMap<SourceId, Item>): Pick<Gathered, 'items' | 'groups'> => {
  const rank = (item: Item): string => `${item.ref.type === 'user' ? 0 : 1}${placeOf(item.ref)}`;
  const from = async function* (start: string): AsyncIterable<readonly Item[]> {
    const sorted = [...items.values()]
      .map((item) => ({ item, rank: rank(item) }))
      .sort((a, b) => (a.rank < b.rank ? -1 : 1));
    yield* batches(
      sorted.filter((entry) => entry.rank > start).map(({ item }) => item),
      chunkSize,
    );
  };
  return {
    items: (after) => from(after === null ? '' : `${after.startsWith('user') ? 0 : 1}${after}`),
    groups: () => from('1'),
  };
};
