/** The collection of calls with an Idempotency-Key, `_id` = their digest: whoever inserts it first carries the call out. */

import type mongoose from 'mongoose';
import type { CallStore, KeptCall } from '../call-store.ts';
import type { Db } from './connect.ts';
import { isDuplicate } from './duplicates.ts';

type CallDocument = Omit<KeptCall, 'digest'> & { readonly _id: string };

export const name = 'calls';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [{ key: { expiresAt: 1 } }];

/** How often it is tried to begin while calls of the same key run out in between. */
const attempts = 5;

export const createMongoCallStore = (db: Db): CallStore => {
  const calls = db.collection<CallDocument>(name);
  const inserted = async ({ digest, ...call }: KeptCall): Promise<boolean> => {
    try {
      await calls.insertOne({ _id: digest, ...call });
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  };
  return {
    begin: async (call) => {
      for (let nth = 0; nth < attempts; nth += 1) {
        if (await inserted(call)) return null;
        const known = await calls.findOne({ _id: call.digest });
        // The driver repeats a write whose answer was lost: then it meets its own.
        if (known?.attempt === call.attempt) return null;
        if (known !== null && known.expiresAt > call.begunAt) return callOf(known);
        await calls.deleteOne({ _id: call.digest, expiresAt: { $lte: call.begunAt } });
      }
      throw new Error(`A call met others of its key ${attempts} times, and each was over when it was looked at.`);
    },
    end: async ({ digest, attempt }, outcome) => {
      await calls.updateOne({ _id: digest, attempt }, { $set: { outcome } });
    },
    forget: async ({ digest, attempt }) => {
      await calls.deleteOne({ _id: digest, attempt });
    },
    proofs: async function* (now) {
      const known = calls.find({ expiresAt: { $gt: now } }, { projection: { proof: 1 } });
      for await (const { proof } of known) yield proof;
    },
    prune: async (now) => {
      await calls.deleteMany({ expiresAt: { $lte: now } });
    },
  };
};

const callOf = ({ _id, attempt, proof, begunAt, expiresAt, outcome }: CallDocument): KeptCall => ({
  digest: _id,
  attempt,
  proof,
  begunAt,
  expiresAt,
  outcome,
});
