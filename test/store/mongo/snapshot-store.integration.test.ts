import { afterAll } from 'vitest';
import { type Mongo, openMongo } from '../../../src/store/mongo/connect.ts';
import { createMongoLeases } from '../../../src/store/mongo/leases.ts';
import { migrate } from '../../../src/store/mongo/migrate.ts';
import { createMongoSnapshotStore } from '../../../src/store/mongo/snapshot-store.ts';
import { snapshotStoreContract } from '../../contract/snapshot-store-contract.ts';
import type { OpenSnapshots } from '../../contract/snapshot-world.ts';
import { freshDatabase } from '../../support/fresh.ts';
import { watchCommands } from '../../support/mongo-monitor.ts';

const opened: { readonly mongo: Mongo; readonly assertOnlyPlainCommands: () => void }[] = [];

const open: OpenSnapshots = async ({ now, probe }) => {
  const mongo = await openMongo(freshDatabase().uri, { monitorCommands: true });
  opened.push({ mongo, assertOnlyPlainCommands: watchCommands(mongo) });
  await migrate(mongo);
  return {
    leases: createMongoLeases(mongo.db, now),
    snapshots: createMongoSnapshotStore(mongo.db, { now, probe }),
  };
};

snapshotStoreContract(open);

afterAll(async () => {
  for (const { mongo, assertOnlyPlainCommands } of opened) {
    await mongo.db.dropDatabase();
    await mongo.close();
    assertOnlyPlainCommands();
  }
});
