import { afterAll } from 'vitest';
import { createMongoCallStore } from '../../../src/store/mongo/calls.ts';
import { callStoreContract } from '../../contract/call-store-contract.ts';
import { openTestMongo } from '../../support/mongo.ts';

let close: (() => Promise<void>) | undefined;

callStoreContract(async () => {
  const opened = await openTestMongo();
  close = opened.close;
  return createMongoCallStore(opened.mongo.db);
});

afterAll(() => close?.());
