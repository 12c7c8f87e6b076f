/** Leases, in the heads: taking one is a single compare-and-set that increments the fence. */

import mongoose from 'mongoose';
import { StaleFence } from '../../model/errors.ts';
import type { Lease, LeaseKey, Leases } from '../leases.ts';
import type { Db } from './connect.ts';
import { currentFormat } from './format.ts';
import { type HeadDocument, headsName, nothingCommitted } from './heads.ts';

const duplicateKey = 11_000;
const mostAttempts = 10;

/** `format`: what this version writes; what a newer one has taken over it does not get any more. */
export const createMongoLeases = (db: Db, now: () => Date, format: number = currentFormat): Leases => {
  const heads = db.collection<HeadDocument>(headsName);
  const until = (ttlMs: number): Date => new Date(now().getTime() + ttlMs);

  /** Null when another owner holds it: then the upsert meets its document, a duplicate key. */
  const tryTake = async (key: LeaseKey, owner: string, ttlMs: number): Promise<Lease | null> => {
    const free = [{ lease: null }, { 'lease.until': { $lte: now() } }, { 'lease.owner': owner }];
    try {
      const head = await heads.findOneAndUpdate(
        { _id: key, $or: free, format: { $not: { $gt: format } } },
        {
          $inc: { fence: 1 },
          $set: { lease: { owner, until: until(ttlMs) } },
          $setOnInsert: { ...nothingCommitted, opened: 0, format },
        },
        { upsert: true, returnDocument: 'after', projection: { fence: 1 } },
      );
      return head && { key, owner, fence: head.fence };
    } catch (error) {
      if (error instanceof mongoose.mongo.MongoServerError && error.code === duplicateKey) return null;
      throw error;
    }
  };

  return {
    take: async (key, owner, ttlMs) => {
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        const lease = await tryTake(key, owner, ttlMs);
        if (lease) return lease;
        const head = await heads.findOne({ _id: key }, { projection: { lease: 1, format: 1 } });
        if ((head?.format ?? 0) > format) return { busyUntil: until(ttlMs) };
        // It may have been let go in between; then we ask again.
        if (head?.lease && head.lease.owner !== owner && head.lease.until > now())
          return { busyUntil: head.lease.until };
      }
      return { busyUntil: now() };
    },
    renew: async ({ key, owner, fence }, ttlMs) => {
      const { matchedCount } = await heads.updateOne(
        { _id: key, fence, 'lease.owner': owner },
        { $set: { 'lease.until': until(ttlMs) } },
      );
      if (matchedCount === 0) throw new StaleFence(`Another worker took ${key} over.`);
    },
    release: async ({ key, owner, fence }) => {
      await heads.updateOne({ _id: key, fence, 'lease.owner': owner }, { $set: { lease: null } });
    },
  };
};
