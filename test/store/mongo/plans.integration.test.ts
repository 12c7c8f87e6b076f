import { afterAll, describe } from 'vitest';
import { createMongoLeases } from '../../../src/store/mongo/leases.ts';
import { createMongoPlanStore } from '../../../src/store/mongo/plans.ts';
import { planStoreContract } from '../../contract/plan-store-contract.ts';
import { openTestMongo } from '../../support/mongo.ts';

describe('plans in MongoDB', async () => {
  const { mongo, close } = await openTestMongo();
  afterAll(close);
  await planStoreContract(async ({ now, probe }) => ({
    leases: createMongoLeases(mongo.db, now),
    plans: createMongoPlanStore(mongo.db, { now, probe }),
  }));
});
