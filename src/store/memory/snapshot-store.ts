/** The snapshot in memory: the same promises as the one in MongoDB, for tests and simulations. */

import { firstVersionOf } from '../../core/epoch.ts';
import { namedBy } from '../../core/names.ts';
import { StaleFence } from '../../model/errors.ts';
import { type ConnectionId, connectionId } from '../../model/ids.ts';
import { group as groupRef } from '../../model/source-object.ts';
import type { LeaseKey } from '../leases.ts';
import type { Head, Page, Remembered, SnapshotStore } from '../snapshot-store.ts';
import { openDraft, type Shelf } from './snapshot-draft.ts';
import {
  emptyLayer,
  findIn,
  groupsIn,
  inBatches,
  membersOf,
  objectIn,
  rememberedIn,
  scanIn,
  type View,
} from './snapshot-view.ts';

export type MemorySnapshotStore = SnapshotStore & {
  /** What a restore of the database means for one connection. */
  readonly fence: (key: LeaseKey, epoch: number, at: Date) => void;
};

export const createMemorySnapshotStore = (around: {
  /** The newest fence of a lease; 0 when it was never taken. */
  readonly fenceOf: (key: LeaseKey) => number;
  readonly now: () => Date;
  /** Called after every write with its name, so that a test can stop there. */
  readonly probe?: ((site: string) => Promise<void> | void) | undefined;
}): MemorySnapshotStore => {
  const { fenceOf, now, probe = () => {} } = around;
  const shelves = new Map<ConnectionId, Shelf>();

  const shelfOf = (connection: ConnectionId): Shelf => {
    const shelf = shelves.get(connection) ?? emptyShelf(connection);
    shelves.set(connection, shelf);
    return shelf;
  };
  const orders = new WeakMap<Shelf, { readonly head: Head; readonly objects: readonly Remembered[] }>();
  /** Everybody ever seen by id; sorted anew only after a commit. */
  const inOrder = (shelf: Shelf): readonly Remembered[] => {
    const known = orders.get(shelf);
    if (known?.head === shelf.head) return known.objects;
    const objects = [...shelf.committed.objects.values()].sort((a, b) => (a.object.ref.id < b.object.ref.id ? -1 : 1));
    orders.set(shelf, { head: shelf.head, objects });
    return objects;
  };
  const committed = (connection: ConnectionId): View => ({ base: shelfOf(connection).committed, over: emptyLayer() });

  return {
    head: async (connection) => shelfOf(connection).head,
    find: async (connection, refs) => findIn(committed(connection), refs),
    recall: async (connection, refs) =>
      new Map(
        refs.flatMap((ref) => {
          const remembered = rememberedIn(committed(connection), ref);
          return remembered ? [[ref.id, remembered]] : [];
        }),
      ),
    named: async (connection, name, limit) =>
      [...shelfOf(connection).committed.objects.values()]
        .filter(({ object }) => namedBy(object, name) !== null)
        .slice(0, limit),
    recallPage: async (connection, type, after, limit) => {
      const found = inOrder(shelfOf(connection)).filter(
        ({ object: { ref } }) => ref.type === type && (after === null || ref.id > after),
      );
      return pageOf(found, limit, ({ object }) => object.ref.id);
    },
    scan: (connection, type) => inBatches(scanIn(committed(connection), type)),
    page: async (connection, type, after, limit) => {
      const found = scanIn(committed(connection), type).filter(({ ref }) => after === null || ref.id > after);
      return pageOf(found, limit, ({ ref }) => ref.id);
    },
    members: (connection, group) => {
      const view = committed(connection);
      if (!objectIn(view, groupRef(group))) return inBatches([]);
      return inBatches([...membersOf(view, group).values()].filter((ref) => objectIn(view, ref)));
    },
    groupsOf: (connection, members) => {
      const view = committed(connection);
      return inBatches(groupsIn(view, members).filter(({ group }) => objectIn(view, groupRef(group))));
    },
    changesAfter: (connection, version, through = Number.POSITIVE_INFINITY) =>
      inBatches(shelfOf(connection).changes.filter((each) => each.version > version && each.version <= through)),
    changesPage: async (connection, after, limit) => {
      const found = shelfOf(connection).changes.filter((each) => after === null || cursorOf(each) > after);
      return pageOf(found, limit, cursorOf);
    },
    begin: async (lease, signature) => {
      const shelf = shelfOf(connectionId(lease.key));
      if (fenceOf(lease.key) !== lease.fence) throw new StaleFence(`Another worker took ${lease.key} over.`);
      const earlier = shelf.draft?.signature === signature ? shelf.draft.batches : [];
      const batches = earlier.slice(0, earlier.findLastIndex(({ resume }) => resume !== null) + 1);
      shelf.opened += 1;
      shelf.draft = { signature, batches };
      return openDraft({ fenceOf, now, probe }, shelf, lease, shelf.opened, batches);
    },
    prune: async (connection, through) => {
      const shelf = shelfOf(connection);
      shelf.changes = shelf.changes.filter(({ version }) => version > through);
    },
    fence: (key, epoch, at) => {
      const shelf = shelves.get(connectionId(key));
      if (shelf === undefined) return;
      shelf.head = { ...shelf.head, watermark: null, fullAt: null, restored: { epoch, at } };
      shelf.draft = null;
      shelf.opened = Math.max(shelf.opened, firstVersionOf(epoch));
    },
    erase: async (connection) => {
      const shelf = shelfOf(connection);
      // Drafts keep counting, so that one opened before can never commit into what comes after.
      Object.assign(shelf, emptyShelf(connection), { opened: shelf.opened + 1 });
    },
  };
};

const emptyShelf = (connection: ConnectionId): Shelf => ({
  head: {
    connection,
    version: 0,
    watermark: null,
    counts: { user: 0, group: 0 },
    committedAt: null,
    fullAt: null,
    scope: null,
    restored: null,
  },
  opened: 0,
  draft: null,
  changes: [],
  committed: emptyLayer(),
});

const cursorOf = ({ version, sequence }: { readonly version: number; readonly sequence: number }): string =>
  [version, sequence].map((part) => String(part).padStart(10, '0')).join('.');

const pageOf = <T>(found: readonly T[], limit: number, key: (item: T) => string): Page<T> => {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? key(last) : null };
};
