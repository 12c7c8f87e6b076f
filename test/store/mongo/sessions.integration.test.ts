import { afterAll } from 'vitest';
import { type Mongo, openMongo } from '../../../src/store/mongo/connect.ts';
import { migrate } from '../../../src/store/mongo/migrate.ts';
import { createMongoSessionStore } from '../../../src/store/mongo/sessions.ts';
import { sessionStoreContract } from '../../contract/session-store-contract.ts';
import { freshDatabase } from '../../support/fresh.ts';
import { watchCommands } from '../../support/mongo-monitor.ts';

let mongo: Mongo | undefined;
let assertOnlyPlainCommands: (() => void) | undefined;

sessionStoreContract(async () => {
  mongo = await openMongo(freshDatabase().uri, { monitorCommands: true });
  assertOnlyPlainCommands = watchCommands(mongo);
  await migrate(mongo);
  return createMongoSessionStore(mongo.db);
});

afterAll(async () => {
  await mongo?.db.dropDatabase();
  await mongo?.close();
  assertOnlyPlainCommands?.();
});
