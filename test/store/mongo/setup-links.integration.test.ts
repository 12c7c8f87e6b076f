import { afterAll } from 'vitest';
import { type Mongo, openMongo } from '../../../src/store/mongo/connect.ts';
import { migrate } from '../../../src/store/mongo/migrate.ts';
import { createMongoSetupLinkStore, name } from '../../../src/store/mongo/setup-links.ts';
import { setupLinkStoreContract } from '../../contract/setup-link-store-contract.ts';
import { freshDatabase } from '../../support/fresh.ts';
import { watchCommands } from '../../support/mongo-monitor.ts';

let mongo: Mongo | undefined;
let assertOnlyPlainCommands: (() => void) | undefined;

setupLinkStoreContract(async (now) => {
  if (mongo === undefined) {
    mongo = await openMongo(freshDatabase().uri, { monitorCommands: true });
    assertOnlyPlainCommands = watchCommands(mongo);
    await migrate(mongo);
  }
  await mongo.db.collection(name).deleteMany({});
  return createMongoSetupLinkStore(mongo.db, now);
});

afterAll(async () => {
  await mongo?.db.dropDatabase();
  await mongo?.close();
  assertOnlyPlainCommands?.();
});
