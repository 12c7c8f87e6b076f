/** The collection of objects, `_id` = connection|type|source id. An object that is gone stays, and tells why. */

import type mongoose from 'mongoose';
import { batches } from '../../core/batches.ts';
import type { ConnectionId, SourceId } from '../../model/ids.ts';
import type { ObjectType, Ref, Remembered, SourceObject } from '../../model/source-object.ts';
import type { Pair } from '../snapshot-store.ts';
import { canonical } from './attributes-json.ts';
import type { Db } from './connect.ts';
import { keyset, startsWith } from './keyset.ts';
import {
  isCommitted,
  keyIn,
  keyOf,
  type ObjectDocument,
  pairOf,
  presentIn,
  refIn,
  rememberedIn,
  type View,
} from './object-documents.ts';
import { committedIn, effectiveIn, slots, stagedIn } from './slots.ts';

export const name = 'objects';
/** Of those who left alone: nobody else is in it. */
export const indexes: readonly mongoose.mongo.IndexDescription[] = [{ key: { 'current.left': 1 }, sparse: true }];

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
    /** People who left before this, first who left first. What is staged only is not looked at. */
    async *leftBefore(view: View, before: Date, version: number): AsyncGenerator<readonly Remembered[]> {
      const { connection } = view;
      const _id = startsWith(`${connection}|user|`);
      const from = { $gte: `${connection}|user|`, $lt: `${connection}|user|${before.toISOString()}` };
      const pages = keyset<ObjectDocument>((last, limit) => {
        const left = last?.current?.left;
        return collection
          .find({ _id, 'current.left': left === undefined ? from : { ...from, $gt: left } })
          .sort({ 'current.left': 1 })
          .limit(limit)
          .toArray();
      });
      for await (const page of pages)
        yield page
          .filter((document) => stagedIn(document, view.parts) === null)
          .flatMap((document) => rememberedIn(document, view, version));
    },
    /** What these looked like who are gone goes. Nothing is staged over it that counts. */
    strip: async (gone: readonly Remembered[], connection: ConnectionId): Promise<void> => {
      const writes = gone.map(({ object: { ref }, left }) => ({
        updateOne: {
          filter: { _id: `${connection}|${keyOf(ref)}`, 'current.left': { $exists: true } },
          update: {
            $set: { 'current.attributes': canonical({}), ...(left?.at ? { 'current.leftAt': left.at } : {}) },
            $unset: { 'current.left': '' as const, next: '' as const, kept: '' as const },
          },
        },
      }));
      if (writes.length > 0) await collection.bulkWrite(writes, { ordered: false });
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

const withoutAttributes = { 'current.attributes': 0, 'next.attributes': 0, 'kept.attributes': 0 } as const;
