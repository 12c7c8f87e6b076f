/** API keys, in memory. */

import type { ApiKeyRecord } from '../../model/api-key.ts';
import type { ApiKeyId } from '../../model/ids.ts';
import { type ApiKeyStore, firstApiKeyId } from '../api-key-store.ts';

type Kept = { readonly record: ApiKeyRecord; readonly proof: string | null };

export const createMemoryApiKeyStore = (): ApiKeyStore => {
  const keys = new Map<ApiKeyId, Kept>();
  return {
    add: async (record, proof) => {
      keys.set(record.id, { record, proof });
    },
    addFirst: async (given, proof) => {
      if (keys.size > 0) return null;
      const record = { id: firstApiKeyId, ...given };
      keys.set(record.id, { record, proof });
      return record;
    },
    find: async (id) => keys.get(id) ?? null,
    list: async (after, limit) => {
      const newest = [...keys.values()]
        .map(({ record }) => record)
        .toSorted((one, other) => (one.id < other.id ? 1 : -1));
      const items = newest.filter(({ id }) => after === null || id < after).slice(0, limit);
      const last = items.at(-1);
      return { items, next: last === undefined || last === newest.at(-1) ? null : last.id };
    },
    revoke: async (id, at) => {
      const kept = keys.get(id);
      if (kept === undefined) return null;
      const record = { ...kept.record, revokedAt: kept.record.revokedAt ?? at };
      keys.set(id, { record, proof: null });
      return record;
    },
    used: async (id, at, proof) => {
      const kept = keys.get(id);
      if (kept !== undefined && kept.record.revokedAt === null)
        keys.set(id, { proof, record: { ...kept.record, lastUsedAt: at } });
    },
  };
};
