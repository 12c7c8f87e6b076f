import { afterAll, describe } from 'vitest';
import { createMongoDiscrepancyStore } from '../../../src/store/mongo/discrepancies.ts';
import { createMongoLeases } from '../../../src/store/mongo/leases.ts';
import { discrepancyStoreContract } from '../../contract/discrepancy-store-contract.ts';
import { openTestMongo } from '../../support/mongo.ts';

describe('discrepancies in MongoDB', async () => {
  const { mongo, close } = await openTestMongo();
  afterAll(close);
  await discrepancyStoreContract(async ({ now, probe }) => ({
    leases: createMongoLeases(mongo.db, now),
    discrepancies: createMongoDiscrepancyStore(mongo.db, { now, probe }),
  }));
});
