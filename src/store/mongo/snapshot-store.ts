/** The snapshot in MongoDB, without transactions: every step is one document, and the head is the only commit point. */

import { batches } from '../../core/batches.ts';
import { namedBy, nameKeyOf } from '../../core/names.ts';
import { StaleFence } from '../../model/errors.ts';
import { type ConnectionId, connectionId, type Resume } from '../../model/ids.ts';
import { group as groupRef, type Remembered } from '../../model/source-object.ts';
import type { SnapshotStore } from '../snapshot-store.ts';
import type { Db } from './connect.ts';
import { type HeadDocument, headOf } from './heads.ts';
import { refOf, type View } from './objects.ts';
import { type Part, wholePartOf } from './places.ts';
import { forgetStaged, rollForward } from './roll-forward.ts';
import { eraseSnapshot, type SnapshotCollections, snapshotCollections } from './snapshot-collections.ts';
import { openDraft } from './snapshot-draft.ts';

export const createMongoSnapshotStore = (
  db: Db,
  around: {
    readonly now: () => Date;
    /** Called after every write with its name, so that a test can stop there. */
    readonly probe?: ((site: string) => Promise<void> | void) | undefined;
  },
): SnapshotStore => {
  const { now, probe = () => {} } = around;
  const stores = snapshotCollections(db);
  const { heads, objects, names, members, changes, versions } = stores;

  /** The committed version. What is not rolled forward yet is laid over what is. */
  const committed = async (connection: ConnectionId): Promise<View & { readonly version: number }> => {
    const head = await heads.read(connection);
    const settled = head?.settled ?? null;
    if (!head || head.rolled === head.version) return { connection, parts: [], settled, version: head?.version ?? 0 };
    return { connection, parts: await versions.parts(connection, head.version), settled, version: head.version };
  };

  return {
    head: async (connection) => headOf(connection, await heads.read(connection)),
    find: async (connection, refs) => {
      const { version, ...view } = await committed(connection);
      const remembered = await objects.recall(view, refs, version);
      return new Map([...remembered].flatMap(([id, { object, gone }]) => (gone === null ? [[id, object]] : [])));
    },
    recall: async (connection, refs) => {
      const { version, ...view } = await committed(connection);
      return objects.recall(view, refs, version);
    },
    named: async (connection, name, limit) => {
      const { version, ...view } = await committed(connection);
      const named: Remembered[] = [];
      for (const keys of batches(await names.ownersOf(connection, nameKeyOf(name)), 1_000)) {
        const found = await objects.recall(view, keys.map(refOf), version);
        named.push(...[...found.values()].filter(({ object }) => namedBy(object, name) !== null));
        if (named.length >= limit) break;
      }
      return named.slice(0, limit);
    },
    recallPage: async (connection, type, after, limit) => {
      const { version, ...view } = await committed(connection);
      const items: Remembered[] = [];
      for await (const some of objects.recallAll(view, type, version, after, limit + 1)) {
        items.push(...some);
        if (items.length > limit) break;
      }
      const last = items[limit - 1];
      return { items: items.slice(0, limit), next: items.length > limit && last ? last.object.ref.id : null };
    },
    async *scan(connection, type) {
      yield* objects.scan(await committed(connection), type);
    },
    page: async (connection, type, after, limit) => {
      const items = [];
      for await (const some of objects.scan(await committed(connection), type, after, limit + 1)) {
        items.push(...some);
        if (items.length > limit) break;
      }
      const last = items[limit - 1];
      return { items: items.slice(0, limit), next: items.length > limit && last ? last.ref.id : null };
    },
    async *members(connection, group) {
      const view = await committed(connection);
      if ((await objects.present(view, [groupRef(group)])).size === 0) return;
      for await (const refs of members.of(view, group)) {
        const present = await objects.present(view, refs);
        yield refs.filter(({ id }) => present.has(id));
      }
    },
    async *groupsOf(connection, ids) {
      const view = await committed(connection);
      for await (const edges of members.groupsOf(view, ids)) {
        const present = await objects.present(view, [...new Set(edges.map(({ group }) => group))].map(groupRef));
        yield edges.filter(({ group }) => present.has(group));
      }
    },
    async *changesAfter(connection, version, through = Number.POSITIVE_INFINITY) {
      const head = headOf(connection, await heads.read(connection));
      yield* changes.between(connection, version, Math.min(through, head.version), head.version);
    },
    changesPage: async (connection, after, limit) => {
      const head = headOf(connection, await heads.read(connection));
      return changes.page(connection, after, limit, head.version);
    },
    begin: async (lease, signature) => {
      const connection = connectionId(lease.key);
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        const head = await heads.held(lease);
        if (head.rolled < head.version)
          await rollForward(stores, connection, {
            version: head.version,
            parts: await versions.parts(connection, head.version),
            ...notesOf(head),
          });
        const { taken, resume } = await continued(stores, connection, head, signature);
        if (!(await heads.open(lease, head, { signature, parts: taken }))) continue;
        if (head.draft && taken.length === 0) await forgetStaged(stores, connection, allPartsOf(head));
        return openDraft(
          { stores, now, probe },
          {
            lease,
            base: headOf(connection, head),
            version: head.opened + 1,
            taken,
            resume,
            ...notesOf(head),
          },
        );
      }
      throw new StaleFence(`Drafts of ${connection} are opened faster than this one could be.`);
    },
    prune: async (connection, through) => {
      const { version } = await committed(connection);
      await changes.prune(connection, through);
      await versions.prune(connection, through, version);
      await names.merge(connection, wholePartOf(version).last);
    },
    erase: (connection) => eraseSnapshot(stores, connection),
  };
};

const mostAttempts = 10;

const notesOf = ({ roster = null, settled = null }: HeadDocument) => ({ roster, settled });

/** The parts of the draft left behind that count, and the place after them. */
const continued = async (
  { batches }: SnapshotCollections,
  connection: ConnectionId,
  { draft, opened }: HeadDocument,
  signature: string,
): Promise<{ readonly taken: readonly Part[]; readonly resume: Resume | null }> => {
  if (draft?.signature !== signature) return { taken: [], resume: null };
  const { first } = wholePartOf(opened);
  const last = await batches.lastPlace(connection, wholePartOf(opened));
  if (last) return { taken: [...draft.parts, { first, last: last.place }], resume: last.resume };
  // It never came to a place of its own: it leaves what it had taken over itself, whose last batch is such a place.
  const before = draft.parts.at(-1);
  const earlier = before && (await batches.lastPlace(connection, before));
  return { taken: draft.parts, resume: earlier?.resume ?? null };
};

const allPartsOf = ({ draft, opened }: HeadDocument): readonly Part[] => [...(draft?.parts ?? []), wholePartOf(opened)];
