/**
 * Writes that are safe by themselves: a holder of an older fence, however late it wakes up, never replaces what a newer one wrote. Every document
 * carries the fence of its writer in `f`, and a write only reaches documents whose fence is not newer.
 */

import mongoose from 'mongoose';
import { batches } from '../../core/batches.ts';
import { StaleFence } from '../../model/errors.ts';
import type { Lease } from '../leases.ts';
import type { Db } from './connect.ts';

export type Fenced = { readonly _id: string; readonly f: number };
/** `fresh`: most likely not there yet. An insert costs a third of an upsert. */
export type FencedWrite = {
  readonly id: string;
  readonly set: Readonly<Record<string, unknown>>;
  readonly fresh: boolean;
};

type AnyDocument = { _id: string; f: number; [field: string]: unknown };
type Operations = mongoose.mongo.AnyBulkWriteOperation<AnyDocument>[];

export const batchSize = 1_000;
const duplicateKey = 11_000;

/** Throws `StaleFence` when a newer holder wrote any of the documents; the others are written. Harmless to repeat. */
export const writeFenced = async (
  db: Db,
  name: string,
  lease: Lease,
  writes: readonly FencedWrite[],
): Promise<void> => {
  for (const batch of batches(writes, batchSize)) {
    const there = await bulk(
      db,
      name,
      batch.map((write) => (write.fresh ? insert(write, lease) : update(write, lease, true))),
    );
    if (there.length === 0) continue;
    const again = there.flatMap((index) => batch[index] ?? []).map((write) => update(write, lease, false));
    const { matchedCount } = await db.collection<AnyDocument>(name).bulkWrite(again, { ordered: false });
    if (matchedCount < again.length) throw new StaleFence(`A newer holder of ${lease.key} wrote to ${name} already.`);
  }
};

/** Inserts what is not there yet; what is there is left as it is. */
export const insertMissing = async (db: Db, name: string, documents: readonly AnyDocument[]): Promise<void> => {
  for (const batch of batches(documents, batchSize))
    await bulk(
      db,
      name,
      batch.map((document) => ({ insertOne: { document } })),
    );
};

/** Removes documents unless a newer holder wrote them. */
export const deleteFenced = async (db: Db, name: string, lease: Lease, ids: readonly string[]): Promise<void> => {
  for (const batch of batches(ids, batchSize))
    await db.collection<AnyDocument>(name).deleteMany({ _id: { $in: [...batch] }, f: { $lte: lease.fence } });
};

const insert = ({ id, set }: FencedWrite, { fence }: Lease): Operations[number] => ({
  insertOne: { document: { ...set, _id: id, f: fence } },
});

/** With `upsert`, a document of a newer fence does not match, and the insert that follows meets it: a duplicate key. */
const update = ({ id, set }: FencedWrite, { fence }: Lease, upsert: boolean): Operations[number] => ({
  updateOne: { filter: { _id: id, f: { $lte: fence } }, update: { $set: { ...set, f: fence } }, upsert },
});

/** Which of the operations met a document that is there already. Any other failure is thrown. */
const bulk = async (db: Db, name: string, operations: Operations): Promise<readonly number[]> => {
  try {
    await db.collection<AnyDocument>(name).bulkWrite(operations, { ordered: false });
    return [];
  } catch (error) {
    if (!(error instanceof mongoose.mongo.MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
    const failures = [error.writeErrors].flat();
    if (failures.length === 0 || failures.some(({ code }) => code !== duplicateKey)) throw error;
    return failures.map(({ index }) => index);
  }
};
