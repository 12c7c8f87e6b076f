/** The collection of consents under way: a few, short-lived, taken by whoever comes first. */

import type mongoose from 'mongoose';
import { connectionId } from '../../model/ids.ts';
import type { Consent, ConsentStep, ConsentStore } from '../consent-store.ts';
import type { Db } from './connect.ts';

type ConsentDocument = {
  readonly _id: string;
  readonly connection: string;
  readonly expiresAt: Date;
  readonly returnUrl: string | null;
  /** Absent in those that an older version opened. */
  readonly sharedTenant?: boolean;
  readonly step: ConsentStep;
};

export const name = 'consents';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [
  { key: { connection: 1 } },
  { key: { expiresAt: 1 } },
];

export const createMongoConsentStore = (db: Db, now: () => Date): ConsentStore => {
  const consents = db.collection<ConsentDocument>(name);
  return {
    open: async ({ digest, ...consent }) => {
      await consents.deleteMany({ $or: [{ connection: consent.connection }, { expiresAt: { $lte: now() } }] });
      await consents.insertOne({ _id: digest, ...consent });
    },
    take: async (digest) => {
      const found = await consents.findOneAndDelete({ _id: digest, expiresAt: { $gt: now() } });
      return found === null ? null : consentOf(found);
    },
    prune: async (at) => {
      await consents.deleteMany({ expiresAt: { $lte: at } });
    },
  };
};

const consentOf = ({ _id, connection, expiresAt, returnUrl, sharedTenant, step }: ConsentDocument): Consent => ({
  digest: _id,
  connection: connectionId(connection),
  expiresAt,
  returnUrl,
  sharedTenant: sharedTenant === true,
  step,
});
