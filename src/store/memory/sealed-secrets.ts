/** The secrets of all shelves, in memory: the same promises as the ones in MongoDB. */

import type { Vault } from '../connection-store.ts';
import { isOlder, renewedBy, type SealedSecrets } from '../sealed-secrets.ts';
import type { Shelf } from './connection-store.ts';

export const createMemorySealedSecrets = (vault: Vault, shelves: readonly Shelf[], now: () => Date): SealedSecrets => {
  const every = () => shelves.flatMap((shelf) => [...shelf.sealed()]);
  return {
    count: async () => {
      const counts = new Map<string, number>();
      for (const { kept } of every()) {
        const key = vault.keyOf(kept.sealed) ?? 'unknown';
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      return counts;
    },
    countOlder: async (than) => every().filter(({ kept }) => isOlder(kept, than)).length,
    renew: async (limit, dataKeysSince) => {
      let renewed = 0;
      for (const { of, kept, replace } of every()) {
        if (renewed >= limit) return renewed;
        const next = await renewedBy(vault, kept, of, { now: now(), dataKeysSince });
        if (next !== null && replace(next)) renewed += 1;
      }
      return renewed;
    },
  };
};
