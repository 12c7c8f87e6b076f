import { afterAll } from 'vitest';
import { type Mongo, openMongo } from '../../../src/store/mongo/connect.ts';
import { createMongoConsentStore } from '../../../src/store/mongo/consents.ts';
import { migrate } from '../../../src/store/mongo/migrate.ts';
import { consentStoreContract } from '../../contract/consent-store-contract.ts';
import { freshDatabase } from '../../support/fresh.ts';
import { watchCommands } from '../../support/mongo-monitor.ts';

let mongo: Mongo | undefined;
let assertOnlyPlainCommands: (() => void) | undefined;

consentStoreContract(async (now) => {
  mongo = await openMongo(freshDatabase().uri, { monitorCommands: true });
  assertOnlyPlainCommands = watchCommands(mongo);
  await migrate(mongo);
  return createMongoConsentStore(mongo.db, now);
});

afterAll(async () => {
  await mongo?.db.dropDatabase();
  await mongo?.close();
  assertOnlyPlainCommands?.();
});
