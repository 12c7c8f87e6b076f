/** What stands in MongoDB, read beside the processes that write it. */

import type { Stack } from '../../scripts/demo/stack.ts';
import type { TargetId } from '../../src/model/ids.ts';
import type { Intent } from '../../src/model/operation.ts';
import { openMongo } from '../../src/store/mongo/connect.ts';
import { createMongoStores } from '../../src/store/mongo/index.ts';
import { createVault } from '../../src/store/vault.ts';

export type Kept = {
  /** Operations of which it is not known what became of them. */
  openIntents(target: TargetId): Promise<readonly Intent[]>;
  close(): Promise<void>;
};

export const openKept = async ({ env }: Pick<Stack, 'env'>): Promise<Kept> => {
  const mongo = await openMongo(env['MONGODB_URI'] ?? '');
  const vault = createVault(Buffer.from(env['ENTRAIN_ENCRYPTION_KEY'] ?? '', 'base64'));
  const { ledger } = createMongoStores(mongo, { vault, now: () => new Date() });
  return {
    openIntents: async (target) => {
      const open: Intent[] = [];
      for await (const intents of ledger.openIntents(target)) open.push(...intents);
      return open;
    },
    close: mongo.close,
  };
};
