import { afterAll } from 'vitest';
import { createMongoApiKeyStore } from '../../../src/store/mongo/api-keys.ts';
import { type Mongo, openMongo } from '../../../src/store/mongo/connect.ts';
import { migrate } from '../../../src/store/mongo/migrate.ts';
import { apiKeyStoreContract } from '../../contract/api-key-store-contract.ts';
import { freshDatabase } from '../../support/fresh.ts';
import { watchCommands } from '../../support/mongo-monitor.ts';

let mongo: Mongo | undefined;
let assertOnlyPlainCommands: (() => void) | undefined;

apiKeyStoreContract(async () => {
  mongo = await openMongo(freshDatabase().uri, { monitorCommands: true });
  assertOnlyPlainCommands = watchCommands(mongo);
  await migrate(mongo);
  return createMongoApiKeyStore(mongo.db);
});

afterAll(async () => {
  await mongo?.db.dropDatabase();
  await mongo?.close();
  assertOnlyPlainCommands?.();
});
