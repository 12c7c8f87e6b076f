import { afterAll, describe } from 'vitest';
import { createMongoRunStore } from '../../../src/store/mongo/runs.ts';
import { runStoreContract } from '../../contract/run-store-contract.ts';
import { openTestMongo } from '../../support/mongo.ts';

describe('the runs in MongoDB', async () => {
  const { mongo, close } = await openTestMongo();
  afterAll(close);
  await runStoreContract(async (now) => createMongoRunStore(mongo.db, now));
});
