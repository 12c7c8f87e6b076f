import { afterAll } from 'vitest';
import { type Mongo, openMongo } from '../../../src/store/mongo/connect.ts';
import { createMongoLeases } from '../../../src/store/mongo/leases.ts';
import { leasesContract } from '../../contract/leases-contract.ts';
import { freshDatabase } from '../../support/fresh.ts';
import { watchCommands } from '../../support/mongo-monitor.ts';

let mongo: Mongo | undefined;
let assertOnlyPlainCommands: (() => void) | undefined;

leasesContract(async (now) => {
  mongo = await openMongo(freshDatabase().uri, { monitorCommands: true });
  assertOnlyPlainCommands = watchCommands(mongo);
  return createMongoLeases(mongo.db, now);
});

afterAll(async () => {
  await mongo?.db.dropDatabase();
  await mongo?.close();
  assertOnlyPlainCommands?.();
});
