/** Reading a version of the snapshot: the committed one, or the one that a draft would be. Both are a view on the same documents. */

import { batches } from '../../core/batches.ts';
import { namedBy, nameKeyOf } from '../../core/names.ts';
import type { ConnectionId } from '../../model/ids.ts';
import { group as groupRef, type Remembered } from '../../model/source-object.ts';
import type { Head, SnapshotReads } from '../snapshot-store.ts';
import { refOf, type View } from './object-documents.ts';
import type { SnapshotCollections } from './snapshot-collections.ts';

/** `version`: what is staged in the view's parts belongs to it. */
export type Versioned = View & { readonly version: number };

export const snapshotReads = (
  { heads, objects, names, members, changes }: SnapshotCollections,
  /** The newest version there is to see, and its head. */
  newest: {
    readonly view: (connection: ConnectionId) => Promise<Versioned>;
    readonly head: (connection: ConnectionId) => Promise<Head>;
  },
): SnapshotReads => ({
  head: newest.head,
  find: async (connection, refs) => {
    const { version, ...view } = await newest.view(connection);
    const remembered = await objects.recall(view, refs, version);
    return new Map([...remembered].flatMap(([id, { object, gone }]) => (gone === null ? [[id, object]] : [])));
  },
  recall: async (connection, refs) => {
    const { version, ...view } = await newest.view(connection);
    return objects.recall(view, refs, version);
  },
  named: async (connection, name, limit) => {
    const { version, ...view } = await newest.view(connection);
    const named: Remembered[] = [];
    for (const keys of batches(await names.ownersOf(connection, nameKeyOf(name)), 1_000)) {
      const found = await objects.recall(view, keys.map(refOf), version);
      named.push(...[...found.values()].filter(({ object }) => namedBy(object, name) !== null));
      if (named.length >= limit) break;
    }
    return named.slice(0, limit);
  },
  recallPage: async (connection, type, after, limit) => {
    const { version, ...view } = await newest.view(connection);
    const items: Remembered[] = [];
    for await (const some of objects.recallAll(view, type, version, after, limit + 1)) {
      items.push(...some);
      if (items.length > limit) break;
    }
    const last = items[limit - 1];
    return { items: items.slice(0, limit), next: items.length > limit && last ? last.object.ref.id : null };
  },
  async *scan(connection, type) {
    yield* objects.scan(await newest.view(connection), type);
  },
  page: async (connection, type, after, limit) => {
    const items = [];
    for await (const some of objects.scan(await newest.view(connection), type, after, limit + 1)) {
      items.push(...some);
      if (items.length > limit) break;
    }
    const last = items[limit - 1];
    return { items: items.slice(0, limit), next: items.length > limit && last ? last.ref.id : null };
  },
  async *members(connection, group) {
    const view = await newest.view(connection);
    if ((await objects.present(view, [groupRef(group)])).size === 0) return;
    for await (const refs of members.of(view, group)) {
      const present = await objects.present(view, refs);
      yield refs.filter(({ id }) => present.has(id));
    }
  },
  async *groupsOf(connection, ids) {
    const view = await newest.view(connection);
    for await (const edges of members.groupsOf(view, ids)) {
      const present = await objects.present(view, [...new Set(edges.map(({ group }) => group))].map(groupRef));
      yield edges.filter(({ group }) => present.has(group));
    }
  },
  async *changesAfter(connection, version, through = Number.POSITIVE_INFINITY) {
    const head = await newest.head(connection);
    yield* changes.between(connection, version, Math.min(through, head.version), head.version);
  },
  changesPage: async (connection, after, limit) => {
    const { version } = await newest.head(connection);
    const page = await changes.page(connection, after, limit, version);
    // Asked for afterwards: it is noted before anything goes, so whatever was missing in the page is noted by now.
    return { ...page, pruned: await heads.pruned(connection) };
  },
});
