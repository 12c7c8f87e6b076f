import { afterAll, describe } from 'vitest';
import { createMongoLeases } from '../../../src/store/mongo/leases.ts';
import { createMongoLedger } from '../../../src/store/mongo/ledger.ts';
import { ledgerContract } from '../../contract/ledger-contract.ts';
import { openTestMongo } from '../../support/mongo.ts';

describe('the ledger in MongoDB', async () => {
  const { mongo, close } = await openTestMongo();
  afterAll(close);
  await ledgerContract(async ({ now, probe }) => ({
    leases: createMongoLeases(mongo.db, now),
    ledger: createMongoLedger(mongo.db, { now, probe }),
  }));
});
