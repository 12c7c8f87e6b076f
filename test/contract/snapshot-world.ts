/** A connection with one or two workers on it, for the contract of the snapshot store. */

import { randomUUID } from 'node:crypto';
import { beforeAll } from 'vitest';
import type { Change } from '../../src/model/change.ts';
import { type ConnectionId, connectionId, type Resume, resume, type SourceId, sourceId } from '../../src/model/ids.ts';
import {
  type Attributes,
  type GoneReason,
  group,
  type Membership,
  type ObjectType,
  type Ref,
  type SourceObject,
  user,
} from '../../src/model/source-object.ts';
import type { Lease, Leases } from '../../src/store/leases.ts';
import type { Batch, Draft, Head, MembersPatch, SnapshotReads, SnapshotStore } from '../../src/store/snapshot-store.ts';

export type OpenSnapshots = (around: {
  readonly now: () => Date;
  readonly probe: (site: string) => Promise<void>;
}) => Promise<{ readonly snapshots: SnapshotStore; readonly leases: Leases }>;

/** What a store calls after its writes, in the order of a run. */
export const sites = [
  'snapshot.staged',
  'snapshot.batch',
  'snapshot.recorded',
  'snapshot.noted',
  'snapshot.committed',
  'snapshot.rolled',
] as const;
export type Site = (typeof sites)[number];

export const start = new Date('2026-03-01T08:00:00.000Z');

export const snapshotWorld = (open: OpenSnapshots) => {
  let opened: { snapshots: SnapshotStore; leases: Leases } | undefined;
  const stop: { site: Site | null; act: () => Promise<void> } = { site: null, act: async () => {} };
  beforeAll(async () => {
    opened = await open({
      now: () => start,
      probe: async (site) => {
        if (site !== stop.site) return;
        stop.site = null;
        await stop.act();
      },
    });
  });
  const stores = () => {
    if (opened === undefined) throw new Error('The stores are not open yet.');
    return opened;
  };

  return {
    get snapshots(): SnapshotStore {
      return stores().snapshots;
    },
    /** The next time a store comes by this place, this happens before it goes on. */
    at: (site: Site, act: () => Promise<void>): void => {
      stop.site = site;
      stop.act = act;
    },
    /** Another worker takes over: whoever held the lease before does not know. */
    take: async (connection: ConnectionId): Promise<Lease> => {
      const earlier = await stores().leases.take(connection, 'worker', 30_000);
      if ('busyUntil' in earlier) throw new Error(`${connection} is busy`);
      return earlier;
    },
  };
};
export type World = ReturnType<typeof snapshotWorld>;

export const newConnection = (): ConnectionId => connectionId(`conn_${randomUUID().replaceAll('-', '')}`);

export const id = (name: string): SourceId => sourceId(name);
export const person = (name: string, attributes: Attributes = { displayName: name }): SourceObject => ({
  ref: user(id(name)),
  attributes,
});
export const team = (name: string, attributes: Attributes = { displayName: name }): SourceObject => ({
  ref: group(id(name)),
  attributes,
});
export const users = (...names: readonly string[]): readonly Ref[] => names.map((name) => user(id(name)));
export const whole = (name: string, members: readonly Ref[]): MembersPatch => ({ group: id(name), whole: members });
export const merged = (name: string, added: readonly Ref[], removed: readonly Ref[]): MembersPatch => ({
  group: id(name),
  added,
  removed,
});

/** A batch that shows these objects whole. */
export const showing = (objects: readonly SourceObject[], rest: Partial<Batch> = {}): Batch => ({
  objects: objects.map((object) => ({ ref: object.ref, next: object })),
  members: [],
  seen: objects.map(({ ref }) => ref),
  resume: null,
  ...rest,
});
export const losing = (refs: readonly Ref[], why: GoneReason): Batch => ({
  objects: refs.map((ref) => ({ ref, next: { gone: why } })),
  members: [],
  seen: [],
  resume: null,
});
export const at = (place: string): Resume => resume(place);

export const end = { watermark: null, counts: { user: 0, group: 0 }, full: false } as const;

/** One whole run: takes the lease, puts the batches, records the changes, commits. */
export const commit = async (
  world: World,
  connection: ConnectionId,
  batches: readonly Batch[],
  changes: readonly Change[] = [],
): Promise<Head> => {
  const draft = await world.snapshots.begin(await world.take(connection), 'delta');
  for (const batch of batches) await draft.put(batch);
  if (changes.length > 0) await draft.record(changes);
  return draft.commit(end);
};

export const all = async <T>(stream: AsyncIterable<readonly T[]>): Promise<T[]> => {
  const items: T[] = [];
  for await (const batch of stream) items.push(...batch);
  return items;
};
export const names = (refs: Iterable<Ref>): string[] => [...refs].map((ref) => `${ref.type}:${ref.id}`).sort();
export const edges = (memberships: readonly Membership[]): string[] =>
  memberships.map(({ group: of, member }) => `${of} > ${member.id}`).sort();

/** Everything a reader can learn, for comparing two states. */
export const everything = async (world: { readonly snapshots: SnapshotReads }, connection: ConnectionId) => {
  const { snapshots } = world;
  const scan = async (type: ObjectType) =>
    (await all(snapshots.scan(connection, type))).map(({ ref, attributes }) => [ref.id, { ...attributes }]);
  const groups = await all(snapshots.scan(connection, 'group'));
  const members = await Promise.all(
    groups.map(async ({ ref }) => [ref.id, names(await all(snapshots.members(connection, ref.id)))]),
  );
  const people = (await all(snapshots.scan(connection, 'user'))).map(({ ref }) => ref.id);
  return {
    head: await snapshots.head(connection),
    users: await scan('user'),
    groups: await scan('group'),
    members,
    groupsOf: edges(await all(snapshots.groupsOf(connection, people))),
    changes: await all(snapshots.changesAfter(connection, 0)),
  };
};
/** The same of a draft. */
export const everythingIn = async (draft: Draft) => {
  const groups = await all(draft.scan('group'));
  const people = await all(draft.scan('user'));
  return {
    objects: [...people, ...groups].map(({ ref, attributes }) => [ref.id, { ...attributes }]),
    members: await Promise.all(groups.map(async ({ ref }) => [ref.id, names(await all(draft.members(ref.id)))])),
    groupsOf: edges(await all(draft.groupsOf(people.map(({ ref }) => ref.id)))),
    unseen: names((await all(draft.unseen())).map(({ ref }) => ref)),
    touched: names((await all(draft.touched())).map(({ ref }) => ref)),
    edges: (await all(draft.touchedMembers()))
      .flatMap((each) => [
        ...each.added.map((ref) => `${each.group} + ${ref.id}`),
        ...each.removed.map((ref) => `${each.group} - ${ref.id}`),
      ])
      .sort(),
  };
};
