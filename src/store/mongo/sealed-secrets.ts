/** The secrets of all collections whose records have some (sealed-records.ts). */

import type { Vault } from '../connection-store.ts';
import { isOlder, renewedBy, type SealedSecrets } from '../sealed-secrets.ts';
import type { Db } from './connect.ts';
import { name as connections } from './connections.ts';
import { type SealedDocument, secretOf } from './sealed-records.ts';
import { name as targets } from './targets.ts';
import { name as webhooks } from './webhooks.ts';

type Holder = Pick<SealedDocument, '_id' | 'organization' | 'settings' | 'secrets'>;

export const createMongoSealedSecrets = (db: Db, vault: Vault, now: () => Date): SealedSecrets => {
  const collections = [connections, targets, webhooks].map((name) => db.collection<Holder>(name));
  const every = async function* () {
    for (const collection of collections) {
      const found = collection.find(
        { 'secrets.0': { $exists: true } },
        { projection: { organization: 1, settings: 1, secrets: 1 } },
      );
      for await (const document of found) yield { collection, document };
    }
  };

  /** The same secrets, `most` of them renewed at most. */
  const renewed = async (holder: Holder, most: number, dataKeysSince: Date | undefined) => {
    let count = 0;
    const next: Holder['secrets'][number][] = [];
    for (const one of holder.secrets) {
      const of = secretOf(holder, one.field);
      const other = count < most ? await renewedBy(vault, one, of, { now: now(), dataKeysSince }) : null;
      if (other !== null) count += 1;
      next.push({ ...one, ...other });
    }
    return { count, next };
  };

  return {
    count: async () => {
      const counts = new Map<string, number>();
      for await (const { document } of every())
        for (const { sealed } of document.secrets) {
          const key = vault.keyOf(sealed) ?? 'unknown';
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      return counts;
    },
    countOlder: async (than) => {
      let count = 0;
      for await (const { document } of every()) count += document.secrets.filter((one) => isOlder(one, than)).length;
      return count;
    },
    renew: async (limit, dataKeysSince) => {
      let all = 0;
      for await (const { collection, document } of every()) {
        if (all >= limit) break;
        const { count, next } = await renewed(document, limit - all, dataKeysSince);
        if (count === 0) continue;
        // Whoever gave one anew meanwhile is right.
        const { modifiedCount } = await collection.updateOne(
          { _id: document._id, secrets: document.secrets },
          { $set: { secrets: next } },
        );
        if (modifiedCount === 1) all += count;
      }
      return all;
    },
  };
};
