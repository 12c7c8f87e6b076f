/** The secrets of all shelves, in memory: the same promises as the ones in MongoDB. */

import type { Vault } from '../connection-store.ts';
import { renewedBy, type SealedSecrets } from '../sealed-secrets.ts';
import type { Shelf } from './connection-store.ts';

export const createMemorySealedSecrets = (vault: Vault, shelves: readonly Shelf[]): SealedSecrets => ({
  count: async () => {
    const counts = new Map<string, number>();
    for (const shelf of shelves)
      for (const { sealed } of shelf.sealed()) {
        const key = vault.keyOf(sealed) ?? 'unknown';
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    return counts;
  },
  renew: async (limit) => {
    let renewed = 0;
    for (const shelf of shelves)
      for (const { of, sealed, replace } of shelf.sealed()) {
        if (renewed >= limit) return renewed;
        const next = await renewedBy(vault, sealed, of);
        if (next === null) continue;
        replace(next);
        renewed += 1;
      }
    return renewed;
  },
});
