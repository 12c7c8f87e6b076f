/**
 * The collection of batches, `_id` = connection|place: one document per batch of a draft, inserted after all that the batch staged. It makes the batch
 * count, says what was seen and staged in it, and where the read is continued. They go when their draft is committed or forgotten.
 */

import { type ConnectionId, type Resume, resume, type SourceId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import { keyset, startsWith } from './keyset.ts';
import type { Part } from './places.ts';

export type Staged = {
  /** `type|id` of objects, keys of buckets, groups with a new layout, and the spreads those leave behind. */
  readonly objects: readonly string[];
  readonly buckets: readonly string[];
  readonly layouts: readonly SourceId[];
  readonly left: readonly string[];
};
type Listed = Staged & { readonly seen: readonly string[] };
/** Each list is one JSON text: as BSON arrays the lists of a page would cost several times as much as the page's other work. */
type BatchDocument = Readonly<Record<keyof Listed, string>> & {
  readonly _id: string;
  readonly place: number;
  readonly resume: string | null;
};

const name = 'batches';
/** Batches are read so many at once: each may name thousands of objects. */
const readSize = 20;

export const createBatches = (db: Db) => {
  const collection = db.collection<BatchDocument>(name);

  async function* read<Field extends keyof Listed>(
    connection: ConnectionId,
    parts: readonly Part[],
    fields: readonly Field[],
  ): AsyncGenerator<Pick<Listed, Field> & { readonly place: number }> {
    const projection = Object.fromEntries([...fields, 'place'].map((field) => [field, 1]));
    for (const { first, last } of parts) {
      const through = idOf(connection, last);
      const pages = keyset<BatchDocument>(
        (before, limit) =>
          collection
            .find(
              { _id: before ? { $gt: before._id, $lte: through } : { $gte: idOf(connection, first), $lte: through } },
              { projection },
            )
            .sort({ _id: 1 })
            .limit(limit)
            .toArray(),
        readSize,
      );
      for await (const page of pages) for (const batch of page) yield { ...listsOf(batch, fields), place: batch.place };
    }
  }

  return {
    insert: async (
      connection: ConnectionId,
      place: number,
      batch: Staged & { readonly resume: Resume | null; readonly seen: readonly string[] },
    ): Promise<void> => {
      await collection.insertOne({
        _id: idOf(connection, place),
        place,
        resume: batch.resume,
        seen: JSON.stringify(batch.seen),
        objects: JSON.stringify(batch.objects),
        buckets: JSON.stringify(batch.buckets),
        layouts: JSON.stringify(batch.layouts),
        left: JSON.stringify(batch.left),
      });
    },
    /** What was staged, batch by batch in order. */
    staged: (connection: ConnectionId, parts: readonly Part[]) =>
      read(connection, parts, ['objects', 'buckets', 'layouts', 'left']),
    objects: (connection: ConnectionId, parts: readonly Part[]) => read(connection, parts, ['objects']),
    buckets: (connection: ConnectionId, parts: readonly Part[]) => read(connection, parts, ['buckets', 'layouts']),
    seen: (connection: ConnectionId, parts: readonly Part[]) => read(connection, parts, ['seen']),

    /** The last batch of a part from which a read can be continued. */
    lastPlace: async (
      connection: ConnectionId,
      part: Part,
    ): Promise<{ readonly place: number; readonly resume: Resume } | null> => {
      const batch = await collection.findOne(
        { _id: { $gte: idOf(connection, part.first), $lte: idOf(connection, part.last) }, resume: { $ne: null } },
        { sort: { _id: -1 }, projection: { place: 1, resume: 1 } },
      );
      return batch?.resume ? { place: batch.place, resume: resume(batch.resume) } : null;
    },
    /** Removes the batches up to a place. */
    drop: async (connection: ConnectionId, through: number): Promise<void> => {
      await collection.deleteMany({ _id: { $gt: `${connection}|`, $lte: idOf(connection, through) } });
    },
    erase: async (connection: ConnectionId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${connection}|`) });
    },
  };
};
export type Batches = ReturnType<typeof createBatches>;

const listsOf = <Field extends keyof Listed>(batch: BatchDocument, fields: readonly Field[]): Pick<Listed, Field> => {
  const lists: Partial<Pick<Listed, Field>> = {};
  for (const field of fields) lists[field] = JSON.parse(batch[field]);
  return lists as Pick<Listed, Field>;
};

const idOf = (connection: ConnectionId, place: number): string => `${connection}|${String(place).padStart(16, '0')}`;
