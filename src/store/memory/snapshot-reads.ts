/** Reading a version of the snapshot in memory: the committed one, or the one that a draft would be. */

import { namedBy } from '../../core/names.ts';
import { type ChangePlace, isBefore, type RecordedChange } from '../../model/change.ts';
import type { ConnectionId } from '../../model/ids.ts';
import { group as groupRef } from '../../model/source-object.ts';
import type { Head, Page, Remembered, SnapshotReads } from '../snapshot-store.ts';
import { findIn, groupsIn, inBatches, membersOf, objectIn, rememberedIn, scanIn, type View } from './snapshot-view.ts';

export type Newest = {
  readonly head: Head;
  readonly view: View;
  readonly changes: readonly RecordedChange[];
  readonly pruned: ChangePlace | null;
};

/** `newest`: the newest version there is to see. */
export const readsOf = (newest: (connection: ConnectionId) => Newest): SnapshotReads => {
  const viewOf = (connection: ConnectionId): View => newest(connection).view;
  const orders = new WeakMap<Head, readonly Remembered[]>();
  /** Everybody ever seen by id; sorted anew only after a commit. */
  const inOrder = (connection: ConnectionId): readonly Remembered[] => {
    const { head, view } = newest(connection);
    const known = orders.get(head);
    if (known !== undefined) return known;
    const remembered = new Map([...view.base.objects, ...view.over.objects]);
    const objects = [...remembered.values()].sort((a, b) => (a.object.ref.id < b.object.ref.id ? -1 : 1));
    orders.set(head, objects);
    return objects;
  };

  return {
    head: async (connection) => newest(connection).head,
    find: async (connection, refs) => findIn(viewOf(connection), refs),
    recall: async (connection, refs) => {
      const view = viewOf(connection);
      return new Map(
        refs.flatMap((ref) => {
          const remembered = rememberedIn(view, ref);
          return remembered ? [[ref.id, remembered]] : [];
        }),
      );
    },
    named: async (connection, name, limit) =>
      inOrder(connection)
        .filter(({ object }) => namedBy(object, name) !== null)
        .slice(0, limit),
    recallPage: async (connection, type, after, limit) => {
      const found = inOrder(connection).filter(
        ({ object: { ref } }) => ref.type === type && (after === null || ref.id > after),
      );
      return pageOf(found, limit, ({ object }) => object.ref.id);
    },
    scan: (connection, type) => inBatches(scanIn(viewOf(connection), type)),
    page: async (connection, type, after, limit) => {
      const found = scanIn(viewOf(connection), type).filter(({ ref }) => after === null || ref.id > after);
      return pageOf(found, limit, ({ ref }) => ref.id);
    },
    members: (connection, group) => {
      const view = viewOf(connection);
      if (!objectIn(view, groupRef(group))) return inBatches([]);
      return inBatches([...membersOf(view, group).values()].filter((ref) => objectIn(view, ref)));
    },
    groupsOf: (connection, members) => {
      const view = viewOf(connection);
      return inBatches(groupsIn(view, members).filter(({ group }) => objectIn(view, groupRef(group))));
    },
    changesAfter: (connection, version, through = Number.POSITIVE_INFINITY) =>
      inBatches(newest(connection).changes.filter((each) => each.version > version && each.version <= through)),
    changesPage: async (connection, after, limit) => {
      const { changes, pruned } = newest(connection);
      const found = changes.filter((each) => after === null || isBefore(after, each));
      return { items: found.slice(0, limit), hasMore: found.length > limit, pruned };
    },
  };
};

const pageOf = <T>(found: readonly T[], limit: number, key: (item: T) => string): Page<T> => {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? key(last) : null };
};
