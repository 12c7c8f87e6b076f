/** The collection of API keys: a few, read by `_id` at every call. */

import type { ApiKeyRecord } from '../../model/api-key.ts';
import { type ApiKeyId, apiKeyId, organizationId } from '../../model/ids.ts';
import { type ApiKeyStore, firstApiKeyId } from '../api-key-store.ts';
import type { Db } from './connect.ts';
import { isDuplicate } from './duplicates.ts';

type ApiKeyDocument = Omit<ApiKeyRecord, 'id' | 'organizations' | 'makers'> & {
  /** Missing where it was not kept yet. */
  readonly makers?: ApiKeyRecord['makers'];
  readonly _id: string;
  readonly organizations: readonly string[] | null;
  readonly proof: string | null;
};

const name = 'api_keys';

export const createMongoApiKeyStore = (db: Db): ApiKeyStore => {
  const keys = db.collection<ApiKeyDocument>(name);
  return {
    add: async ({ id, ...record }, proof) => {
      await keys.insertOne({ _id: id, ...record, proof });
    },
    addFirst: async (record, proof) => {
      if ((await keys.findOne({}, { projection: { _id: 1 } })) !== null) return null;
      try {
        await keys.insertOne({ _id: firstApiKeyId, ...record, proof });
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        // The driver repeats a write whose answer was lost: then it meets its own.
        const kept = await keys.findOne({ _id: firstApiKeyId });
        if (kept?.proof !== proof) return null;
      }
      return { id: firstApiKeyId, ...record };
    },
    find: async (id) => {
      const found = await keys.findOne({ _id: id });
      return found === null ? null : { record: recordOf(found), proof: found.proof };
    },
    list: async (after, limit) => {
      const found = await keys
        .find(after === null ? {} : { _id: { $lt: after } })
        .sort({ _id: -1 })
        .limit(limit + 1)
        .toArray();
      const items = found.slice(0, limit).map(recordOf);
      return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    revoke: async (id, at) => {
      await keys.updateOne({ _id: id, revokedAt: null }, { $set: { revokedAt: at, proof: null } });
      const found = await keys.findOne({ _id: id });
      return found === null ? null : recordOf(found);
    },
    used: async (id: ApiKeyId, at, proof) => {
      await keys.updateOne({ _id: id, revokedAt: null }, { $set: { lastUsedAt: at, proof } });
    },
  };
};

const recordOf = (document: ApiKeyDocument): ApiKeyRecord => ({
  id: apiKeyId(document._id),
  name: document.name,
  scopes: document.scopes,
  organizations: document.organizations?.map(organizationId) ?? null,
  createdAt: document.createdAt,
  createdBy: document.createdBy,
  makers: document.makers ?? [],
  expiresAt: document.expiresAt,
  revokedAt: document.revokedAt,
  lastUsedAt: document.lastUsedAt,
});
