/** The collection of objects, `_id` = connection|type|source id. An object that is gone stays, and tells why. */

import { batches } from '../../core/batches.ts';
import { nameKeysOf } from '../../core/names.ts';
import { type ConnectionId, type SourceId, sourceId } from '../../model/ids.ts';
import type { Gone, GoneReason, ObjectType, Ref, Remembered, SourceObject } from '../../model/source-object.ts';
import { isGone } from '../../model/source-object.ts';
import type { Pair } from '../snapshot-store.ts';
import { canonical, decode, sameWhenDecoded } from './attributes-json.ts';
import type { Db } from './connect.ts';
import { keyset, startsWith } from './keyset.ts';
import type { Named } from './names.ts';
import type { Settled } from './places.ts';
import { committedIn, effectiveIn, type Sight, type Slot, type Slotted, slots, stagedIn, type Write } from './slots.ts';

/** What a reader looks at: the committed version, overlaid with what these parts staged. */
export type View = Sight & { readonly connection: ConnectionId };

/** `attributes` is JSON: their names are the tenant's, and may hold `$`, `.`, NUL or `__proto__`. Of one that is gone, the last ones known. */
type Content = { readonly attributes: string; readonly gone?: GoneReason };
export type ObjectDocument = Slotted<Content>;
export type ObjectWrite = Write<Content>;

const name = 'objects';
const readSize = 1_000;

export const createObjects = (db: Db) => {
  const collection = db.collection<ObjectDocument>(name);
  const written = slots(db, name);

  const read = async (connection: ConnectionId, keys: readonly string[]): Promise<readonly ObjectDocument[]> => {
    const found: ObjectDocument[] = [];
    for (const batch of batches(keys, readSize))
      found.push(
        ...(await collection
          .find({ _id: { $in: batch.map((key) => `${connection}|${key}`) } }, { batchSize: readSize })
          .toArray()),
      );
    return found;
  };

  const pages = (
    connection: ConnectionId,
    type: ObjectType,
    after: string | null,
    size: number,
    projection: Readonly<Record<string, 0>>,
  ): AsyncIterable<readonly ObjectDocument[]> => {
    const all = startsWith(`${connection}|${type}|`);
    const from = after === null ? all : { ...all, $gt: `${connection}|${type}|${after}` };
    return keyset<ObjectDocument>(
      (last, limit) =>
        collection
          .find({ _id: last ? { ...all, $gt: last._id } : from }, { projection })
          .sort({ _id: 1 })
          .limit(limit)
          .batchSize(limit)
          .toArray(),
      size,
    );
  };

  return {
    ...written,
    /** The documents of these objects by `type|id`, as they are. */
    documents: async (
      connection: ConnectionId,
      keys: readonly string[],
    ): Promise<ReadonlyMap<string, ObjectDocument>> =>
      new Map((await read(connection, keys)).map((document) => [keyIn(document._id), document])),

    remove: async (connection: ConnectionId, ref: Ref): Promise<void> => {
      await collection.deleteOne({ _id: `${connection}|${keyOf(ref)}` });
    },
    recall: async (view: View, refs: readonly Ref[], version: number): Promise<ReadonlyMap<SourceId, Remembered>> => {
      const documents = await read(view.connection, refs.map(keyOf));
      const found = documents.flatMap((document) => rememberedIn(document, view, version));
      return new Map(found.map((remembered) => [remembered.object.ref.id, remembered]));
    },
    /** All ever seen, in id order, after an id (exclusive). */
    async *recallAll(
      view: View,
      type: ObjectType,
      version: number,
      after: string | null,
      size: number,
    ): AsyncGenerator<readonly Remembered[]> {
      for await (const page of pages(view.connection, type, after, size, {}))
        yield page.flatMap((document) => rememberedIn(document, view, version));
    },

    /** Which of these are in, without reading what they look like. */
    present: async (view: View, refs: readonly Ref[]): Promise<ReadonlySet<SourceId>> => {
      const found = new Set<SourceId>();
      for (const batch of batches(refs, readSize)) {
        const documents = await collection
          .find(
            { _id: { $in: batch.map((ref) => `${view.connection}|${keyOf(ref)}`) } },
            { projection: withoutAttributes },
          )
          .batchSize(readSize)
          .toArray();
        for (const document of documents) {
          const slot = effectiveIn(document, view);
          if (slot && slot.gone === undefined) found.add(refIn(document._id).id);
        }
      }
      return found;
    },

    /** All that are in, in id order, after an id (exclusive). */
    async *scan(
      view: View,
      type: ObjectType,
      after: string | null = null,
      size = 500,
    ): AsyncGenerator<readonly SourceObject[]> {
      for await (const page of pages(view.connection, type, after, size, {}))
        yield page.flatMap((document) => presentIn(document, view));
    },

    /** All that are committed and still in, without what they look like. */
    async *committed({ connection, settled }: View, type: ObjectType): AsyncGenerator<readonly Ref[]> {
      for await (const page of pages(connection, type, null, readSize, withoutAttributes))
        yield page.filter((document) => isCommitted(document, settled)).map(({ _id }) => refIn(_id));
    },

    /** What these objects were and what they become, for those whose staged state was staged at this place and is another one. */
    touchedAt: async (
      { connection, parts, settled }: View,
      refs: readonly Ref[],
      place: number,
    ): Promise<readonly Pair[]> => {
      const documents = await read(connection, refs.map(keyOf));
      return documents.flatMap((document) => {
        const staged = stagedIn(document, parts);
        return staged?.place === place ? pairOf(document._id, committedIn(document, settled), staged) : [];
      });
    },

    erase: async (connection: ConnectionId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${connection}|`) });
    },
  };
};
export type Objects = ReturnType<typeof createObjects>;

export const keyOf = (ref: Ref): string => `${ref.type}|${ref.id}`;
/** `key`: what `keyOf` made. */
export const refOf = (key: string): Ref => {
  const bar = key.indexOf('|');
  return { type: key.startsWith('user|') ? 'user' : 'group', id: sourceId(key.slice(bar + 1)) };
};

/** Whether it is in the committed version. */
export const isCommitted = (document: ObjectDocument, settled: Settled | null): boolean => {
  const slot = committedIn(document, settled);
  return slot !== null && slot.gone === undefined;
};

/** The objects of these documents that are in. */
export const presentIn = (document: ObjectDocument, sight: Sight): readonly SourceObject[] => {
  const slot = effectiveIn(document, sight);
  return slot && slot.gone === undefined ? [objectOf(document._id, slot)] : [];
};

/** `version`: what is staged in the view's parts belongs to it. */
const rememberedIn = (document: ObjectDocument, view: View, version: number): readonly Remembered[] => {
  const slot = effectiveIn(document, view);
  if (!slot) return [];
  const isStaged = stagedIn(document, view.parts) !== null;
  const since = document.current ? document.v : (view.settled?.version ?? version);
  return [{ object: objectOf(document._id, slot), gone: slot.gone ?? null, version: isStaged ? version : since }];
};

/** The names an object gets with its next state, if it has not got them already. */
export const newNames = (
  view: View,
  owner: string,
  next: SourceObject | Gone,
  existing: ObjectDocument | null,
): readonly Named[] => {
  if (isGone(next)) return [];
  const before = existing && effectiveIn(existing, view);
  const known = before === null ? [] : nameKeysOf(decode(before.attributes));
  return nameKeysOf(next.attributes)
    .filter((key) => !known.includes(key))
    .map((key) => ({ key, owner }));
};

/** What an object that is in looks like, as canonical text. */
export const textIn = (document: ObjectDocument | null, sight: Sight): string | null => {
  const slot = document && effectiveIn(document, sight);
  return slot && slot.gone === undefined ? slot.attributes : null;
};

/** What is to be written for an object; null when it is so already. */
export const writeOf = (
  view: View,
  ref: Ref,
  next: SourceObject | Gone,
  existing: ObjectDocument | null,
): ObjectWrite | null => {
  const before = existing && effectiveIn(existing, view);
  const content = contentOf(before, next);
  if (content === null || (before?.attributes === content.attributes && before.gone === content.gone)) return null;
  return { id: `${view.connection}|${keyOf(ref)}`, existing, content };
};

/** Null when nobody can go because nobody is there. */
const contentOf = (before: Content | null, next: SourceObject | Gone): Content | null => {
  if (!isGone(next)) return { attributes: canonical(next.attributes) };
  if (before === null || before.gone !== undefined) return null;
  return { attributes: before.attributes, gone: next.gone };
};

const withoutAttributes = { 'current.attributes': 0, 'next.attributes': 0, 'kept.attributes': 0 } as const;

const pairOf = (id: string, committed: Slot<Content> | null, staged: Slot<Content>): readonly Pair[] => {
  const before = committed && committed.gone === undefined ? committed : null;
  const ref = refIn(id);
  if (staged.gone !== undefined)
    return before ? [{ ref, before: objectOf(id, before), after: null, why: staged.gone }] : [];
  if (before && sameWhenDecoded(before.attributes, staged.attributes)) return [];
  return [{ ref, before: before && objectOf(id, before), after: objectOf(id, staged) }];
};

const objectOf = (id: string, { attributes }: Content): SourceObject => ({
  ref: refIn(id),
  attributes: decode(attributes),
});
const keyIn = (id: string): string => id.slice(id.indexOf('|') + 1);
const refIn = (id: string): Ref => refOf(keyIn(id));
