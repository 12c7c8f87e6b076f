/** The collection of objects, `_id` = connection|type|source id. An object that is gone stays, and tells why. */

import { batches } from '../../core/batches.ts';
import { nameKeysOf } from '../../core/names.ts';
import { type ConnectionId, type SourceId, sourceId } from '../../model/ids.ts';
import type { Gone, GoneReason, ObjectType, Ref, Remembered, SourceObject } from '../../model/source-object.ts';
import { isGone } from '../../model/source-object.ts';
import type { Pair } from '../snapshot-store.ts';
import { canonical, type Digest, decode, digestOf, isHeld, sameWhenDecoded } from './attributes-json.ts';
import type { Db } from './connect.ts';
import { keyset, startsWith } from './keyset.ts';
import type { Named } from './names.ts';
import type { Part } from './places.ts';
import { effectiveIn, type Slot, type Slotted, slots, stagedIn, type Write } from './slots.ts';

/** What a reader looks at: the committed version, overlaid with what these parts staged. */
export type View = { readonly connection: ConnectionId; readonly parts: readonly Part[] };

/** `attributes` is JSON: their names are the tenant's, and may hold `$`, `.`, NUL or `__proto__`. Of one that is gone, the last ones known. */
type Content = Digest & { readonly attributes: string; readonly gone?: GoneReason };
export type ObjectDocument = Slotted<Content>;

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

    recall: async (
      { connection, parts }: View,
      refs: readonly Ref[],
      version: number,
    ): Promise<ReadonlyMap<SourceId, Remembered>> => {
      const documents = await read(connection, refs.map(keyOf));
      const found = documents.flatMap((document) => rememberedIn(document, parts, version));
      return new Map(found.map((remembered) => [remembered.object.ref.id, remembered]));
    },
    /** All ever seen, in id order, after an id (exclusive). */
    async *recallAll(
      { connection, parts }: View,
      type: ObjectType,
      version: number,
      after: string | null,
      size: number,
    ): AsyncGenerator<readonly Remembered[]> {
      for await (const page of pages(connection, type, after, size, {}))
        yield page.flatMap((document) => rememberedIn(document, parts, version));
    },

    /** Which of these are in, without reading what they look like. */
    present: async ({ connection, parts }: View, refs: readonly Ref[]): Promise<ReadonlySet<SourceId>> => {
      const found = new Set<SourceId>();
      for (const batch of batches(refs, readSize)) {
        const documents = await collection
          .find({ _id: { $in: batch.map((ref) => `${connection}|${keyOf(ref)}`) } }, { projection: withoutAttributes })
          .toArray();
        for (const document of documents) {
          const slot = effectiveIn(document, parts);
          if (slot && slot.gone === undefined) found.add(refIn(document._id).id);
        }
      }
      return found;
    },

    /** Which of these are in with exactly these values, by their digests. */
    holds: async ({ connection, parts }: View, shown: readonly SourceObject[]): Promise<ReadonlySet<SourceId>> => {
      const wanted = new Map(shown.map((object) => [`${connection}|${keyOf(object.ref)}`, object]));
      const held = new Set<SourceId>();
      for (const batch of batches([...wanted.keys()], readSize)) {
        const documents = await collection
          .find({ _id: { $in: [...batch] } }, { projection: withoutAttributes })
          .toArray();
        for (const document of documents) {
          const slot = effectiveIn(document, parts);
          const object = wanted.get(document._id);
          if (object && slot && slot.gone === undefined && isHeld(slot, object.attributes)) held.add(object.ref.id);
        }
      }
      return held;
    },

    /** All that are in, in id order, after an id (exclusive). */
    async *scan(
      { connection, parts }: View,
      type: ObjectType,
      after: string | null = null,
      size = 500,
    ): AsyncGenerator<readonly SourceObject[]> {
      for await (const page of pages(connection, type, after, size, {}))
        yield page.flatMap((document) => presentIn(document, parts));
    },

    /** All that are committed and still in, but these (`type|id`). Only what they look like that are left is read. */
    async *scanWithout(
      { connection, parts }: View,
      type: ObjectType,
      keys: ReadonlySet<string>,
    ): AsyncGenerator<readonly SourceObject[]> {
      for await (const page of pages(connection, type, null, readSize, withoutAttributes)) {
        const committed = page.filter(({ current }) => current && current.gone === undefined);
        const left = committed.map(({ _id }) => keyIn(_id)).filter((key) => !keys.has(key));
        const objects = (await read(connection, left)).flatMap((document) => presentIn(document, parts));
        if (objects.length > 0) yield objects;
      }
    },

    /** What these objects were and what they become, for those whose staged state was staged at this place and is another one. */
    touchedAt: async (
      { connection, parts }: View,
      keys: readonly string[],
      place: number,
    ): Promise<readonly Pair[]> => {
      const documents = await read(connection, keys);
      return documents.flatMap((document) => {
        const staged = stagedIn(document, parts);
        return staged?.place === place ? pairOf(document, staged) : [];
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

/** The objects of these documents that are in. */
export const presentIn = (document: ObjectDocument, parts: readonly Part[]): readonly SourceObject[] => {
  const slot = effectiveIn(document, parts);
  return slot && slot.gone === undefined ? [objectOf(document._id, slot)] : [];
};

/** `version`: what is staged in these parts belongs to it. */
const rememberedIn = (document: ObjectDocument, parts: readonly Part[], version: number): readonly Remembered[] => {
  const staged = stagedIn(document, parts);
  const slot = staged ?? document.current;
  if (!slot) return [];
  return [{ object: objectOf(document._id, slot), gone: slot.gone ?? null, version: staged ? version : document.v }];
};

/** The names an object gets with its next state, if it has not got them already. */
export const newNames = (
  { parts }: View,
  owner: string,
  next: SourceObject | Gone,
  existing: ObjectDocument | null,
): readonly Named[] => {
  if (isGone(next)) return [];
  const before = existing && effectiveIn(existing, parts);
  const known = before === null ? [] : nameKeysOf(decode(before.attributes));
  return nameKeysOf(next.attributes)
    .filter((key) => !known.includes(key))
    .map((key) => ({ key, owner }));
};

/** What is to be written for an object; nothing when it is so already. */
export const writeOf = (
  { connection, parts }: View,
  ref: Ref,
  next: SourceObject | Gone,
  existing: ObjectDocument | null,
): readonly Write<Content>[] => {
  const before = existing && effectiveIn(existing, parts);
  const content = contentOf(before, next);
  if (content === null || (before?.attributes === content.attributes && before.gone === content.gone)) return [];
  return [{ id: `${connection}|${keyOf(ref)}`, existing, content }];
};

/** Null when nobody can go because nobody is there. */
const contentOf = (before: Content | null, next: SourceObject | Gone): Content | null => {
  if (!isGone(next)) return { attributes: canonical(next.attributes), ...digestOf(next.attributes) };
  if (before === null || before.gone !== undefined) return null;
  const { attributes, digest, manager } = before;
  return { attributes, digest, manager, gone: next.gone };
};

const withoutAttributes = { 'current.attributes': 0, 'next.attributes': 0, 'kept.attributes': 0 } as const;

const pairOf = (document: ObjectDocument, staged: Slot<Content>): readonly Pair[] => {
  const before = document.current && document.current.gone === undefined ? document.current : null;
  const ref = refIn(document._id);
  if (staged.gone !== undefined)
    return before ? [{ ref, before: objectOf(document._id, before), after: null, why: staged.gone }] : [];
  if (before && sameWhenDecoded(before.attributes, staged.attributes)) return [];
  return [{ ref, before: before && objectOf(document._id, before), after: objectOf(document._id, staged) }];
};

const objectOf = (id: string, { attributes }: Content): SourceObject => ({
  ref: refIn(id),
  attributes: decode(attributes),
});
const keyIn = (id: string): string => id.slice(id.indexOf('|') + 1);
const refIn = (id: string): Ref => refOf(keyIn(id));
