/** The snapshot in memory: the same promises as the one in MongoDB, for tests and simulations. */

import { firstVersionOf } from '../../core/epoch.ts';
import { changeAbout, changeWithout } from '../../core/forget.ts';
import { nothingRead } from '../../core/read-attributes.ts';
import type { ChangePlace, RecordedChange } from '../../model/change.ts';
import { StaleFence } from '../../model/errors.ts';
import { type ConnectionId, connectionId, type SourceId } from '../../model/ids.ts';
import { type Remembered, user } from '../../model/source-object.ts';
import type { LeaseKey } from '../leases.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import { type Keep, keptByNobody } from './backup.ts';
import { openDraft, type Shelf } from './snapshot-draft.ts';
import { readsOf } from './snapshot-reads.ts';
import { emptyLayer, inBatches, keyOf } from './snapshot-view.ts';

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
  readonly keep?: Keep;
}): MemorySnapshotStore => {
  const { fenceOf, now, probe = () => {}, keep = keptByNobody } = around;
  const shelves = keep(new Map<ConnectionId, Shelf>());

  const shelfOf = (connection: ConnectionId): Shelf => {
    const shelf = shelves.get(connection) ?? emptyShelf(connection);
    shelves.set(connection, shelf);
    return shelf;
  };

  return {
    ...readsOf((connection) => {
      const shelf = shelfOf(connection);
      const view = { base: shelf.committed, over: emptyLayer() };
      return { head: shelf.head, view, changes: shelf.changes, pruned: shelf.pruned };
    }),
    begin: async (lease, signature) => {
      const shelf = shelfOf(connectionId(lease.key));
      if (fenceOf(lease.key) !== lease.fence) throw new StaleFence(`Another worker took ${lease.key} over.`);
      const earlier = shelf.draft?.signature === signature ? shelf.draft.batches : [];
      const batches = earlier.slice(0, earlier.findLastIndex(({ resume }) => resume !== null) + 1);
      shelf.opened += 1;
      shelf.draft = { signature, batches };
      return openDraft({ fenceOf, now, probe }, shelf, lease, shelf.opened, batches);
    },
    committedBy: async (connection, through) => {
      const { committers } = shelfOf(connection);
      const last = Math.max(...[...committers.keys()].filter((version) => version <= through));
      return committers.get(last) ?? null;
    },
    changesAbout: (connection, person) =>
      inBatches(
        shelfOf(connection).changes.flatMap((recorded) => {
          const change = changeAbout(recorded.change, person);
          return change === null ? [] : [{ ...recorded, change }];
        }),
      ),
    forgetPerson: async (lease, person) => {
      const shelf = shelfOf(connectionId(lease.key));
      if (fenceOf(lease.key) !== lease.fence) throw new StaleFence(`Another worker took ${lease.key} over.`);
      const key = keyOf(user(person));
      if (shelf.committed.objects.get(key)?.gone === null) return;
      shelf.committed.objects.delete(key);
      forgetChanges(shelf, person);
      // Who asks in order is answered anew.
      shelf.head = { ...shelf.head };
      await probe('snapshot.person_forgotten');
    },
    leftBefore: (connection, before) => {
      const leftAt = ({ left }: Remembered): number => left?.at?.getTime() ?? Number.POSITIVE_INFINITY;
      const all = [...shelfOf(connection).committed.objects.values()].filter(
        (one) => one.object.ref.type === 'user' && leftAt(one) < before.getTime() && one.left?.isStripped === false,
      );
      return inBatches(all.toSorted((a, b) => leftAt(a) - leftAt(b)));
    },
    strip: async (lease, people) => {
      const shelf = shelfOf(connectionId(lease.key));
      if (fenceOf(lease.key) !== lease.fence) throw new StaleFence(`Another worker took ${lease.key} over.`);
      for (const ref of people.map(user)) {
        const known = shelf.committed.objects.get(keyOf(ref));
        if (known?.left === undefined) continue;
        const left = { ...known.left, isStripped: true };
        shelf.committed.objects.set(keyOf(ref), { ...known, object: { ref, attributes: {} }, left });
        forgetChanges(shelf, ref.id);
      }
      shelf.head = { ...shelf.head };
      await probe('snapshot.stripped');
    },
    prune: async (connection, through) => {
      const shelf = shelfOf(connection);
      shelf.pruned = placeOf(shelf.changes.findLast(({ version }) => version <= through)) ?? shelf.pruned;
      shelf.changes = shelf.changes.filter(({ version }) => version > through);
      const isOld = (version: number): boolean => version <= through && version !== shelf.head.version;
      for (const version of [...shelf.committers.keys()].filter(isOld)) shelf.committers.delete(version);
    },
    fence: (key, epoch, at) => {
      const shelf = shelfOf(connectionId(key));
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

const forgetChanges = (shelf: Shelf, person: SourceId): void => {
  shelf.changes = shelf.changes.flatMap((recorded) => {
    const change = changeWithout(recorded.change, person);
    return change === null ? [] : [{ ...recorded, change }];
  });
};

const placeOf = (change: RecordedChange | undefined): ChangePlace | null =>
  change === undefined ? null : { version: change.version, sequence: change.sequence };

const emptyShelf = (connection: ConnectionId): Shelf => ({
  head: {
    connection,
    version: 0,
    watermark: null,
    counts: { user: 0, group: 0 },
    committedAt: null,
    fullAt: null,
    scope: null,
    attributes: nothingRead,
    restored: null,
  },
  opened: 0,
  draft: null,
  pruned: null,
  committers: new Map(),
  changes: [],
  committed: emptyLayer(),
});
