/**
 * The collection of batches, `_id` = connection|place: one document per batch of a draft, inserted after all that the batch staged. It makes the batch
 * count, says what was seen and staged in it, and where the read is continued. The batches of the last full sync stay, as the roster (rosters.ts).
 */

import mongoose from 'mongoose';
import { type ConnectionId, type Resume, resume, type SourceId } from '../../model/ids.ts';
import type { Ref } from '../../model/source-object.ts';
import type { Db } from './connect.ts';
import { type Entries, type Entry, stagedIn } from './entries.ts';
import { keyset, startsWith } from './keyset.ts';
import type { Part } from './places.ts';

/** Keys of buckets, groups with a new layout, and the spreads those leave behind. */
export type StagedMembers = {
  readonly buckets: readonly string[];
  readonly layouts: readonly SourceId[];
  readonly left: readonly string[];
};
export type Staged = StagedMembers & { readonly objects: readonly Ref[]; readonly place: number };

/** Each list is one JSON text: as BSON arrays the lists of a page would cost several times as much as the page's other work. */
type BatchDocument = Readonly<Record<keyof StagedMembers | 'others', string>> & {
  readonly _id: string;
  readonly place: number;
  readonly resume: string | null;
  readonly guids: mongoose.mongo.Binary;
  /** How many objects were staged. */
  readonly staged: number;
};

const name = 'batches';
/** Batches are read so many at once: each may name thousands of objects. */
const readSize = 20;

export const createBatches = (db: Db) => {
  const collection = db.collection<BatchDocument>(name);

  async function* read<Field extends keyof BatchDocument>(
    connection: ConnectionId,
    parts: readonly Part[],
    fields: readonly Field[],
  ): AsyncGenerator<Pick<BatchDocument, Field | 'place'>> {
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
      for await (const page of pages) yield* page;
    }
  }

  return {
    insert: async (
      connection: ConnectionId,
      place: number,
      batch: StagedMembers & { readonly entries: Entries; readonly staged: number; readonly resume: Resume | null },
    ): Promise<void> => {
      await collection.insertOne({
        _id: idOf(connection, place),
        place,
        resume: batch.resume,
        guids: new mongoose.mongo.Binary(batch.entries.guids),
        others: JSON.stringify(batch.entries.others),
        staged: batch.staged,
        buckets: JSON.stringify(batch.buckets),
        layouts: JSON.stringify(batch.layouts),
        left: JSON.stringify(batch.left),
      });
    },
    /** What was staged, batch by batch in order. */
    async *staged(connection: ConnectionId, parts: readonly Part[]): AsyncGenerator<Staged> {
      for await (const batch of read(connection, parts, ['guids', 'others', 'buckets', 'layouts', 'left']))
        yield { place: batch.place, objects: stagedIn(entriesOf(batch)), ...membersOf(batch) };
    },
    async *objects(
      connection: ConnectionId,
      parts: readonly Part[],
    ): AsyncGenerator<{ readonly place: number; readonly objects: readonly Ref[] }> {
      for await (const batch of read(connection, parts, ['guids', 'others']))
        yield { place: batch.place, objects: stagedIn(entriesOf(batch)) };
    },
    async *members(
      connection: ConnectionId,
      parts: readonly Part[],
    ): AsyncGenerator<StagedMembers & { readonly place: number }> {
      for await (const batch of read(connection, parts, ['buckets', 'layouts', 'left']))
        yield { place: batch.place, ...membersOf(batch) };
    },
    async *entries(connection: ConnectionId, parts: readonly Part[]): AsyncGenerator<Entries> {
      for await (const batch of read(connection, parts, ['guids', 'others'])) yield entriesOf(batch);
    },

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
    /** Removes the batches of a part. */
    drop: async (connection: ConnectionId, { first, last }: Part, which: 'all' | 'empty' = 'all'): Promise<void> => {
      const range = { $gte: idOf(connection, first), $lte: idOf(connection, last) };
      await collection.deleteMany(which === 'all' ? { _id: range } : { _id: range, staged: 0 });
    },
    erase: async (connection: ConnectionId): Promise<void> => {
      await collection.deleteMany({ _id: startsWith(`${connection}|`) });
    },
  };
};
export type Batches = ReturnType<typeof createBatches>;

const entriesOf = ({ guids, others }: Pick<BatchDocument, 'guids' | 'others'>): Entries => {
  const read: readonly Entry[] = JSON.parse(others);
  return { guids: Buffer.from(guids.buffer.buffer, guids.buffer.byteOffset, guids.length()), others: read };
};

const membersOf = ({ buckets, layouts, left }: Pick<BatchDocument, keyof StagedMembers>): StagedMembers => ({
  buckets: JSON.parse(buckets),
  layouts: JSON.parse(layouts),
  left: JSON.parse(left),
});

const idOf = (connection: ConnectionId, place: number): string => `${connection}|${String(place).padStart(16, '0')}`;
