import { afterAll, describe, expect, it } from 'vitest';
import { createMongoConnectionStore } from '../../../src/store/mongo/connections.ts';
import { createMongoTargetStore } from '../../../src/store/mongo/targets.ts';
import { connectionStoreContract } from '../../contract/connection-store-contract.ts';
import { openTestMongo } from '../../support/mongo.ts';

describe('connections and targets in MongoDB', async () => {
  const { mongo, close } = await openTestMongo();
  afterAll(close);
  await connectionStoreContract(async (vault, now) => ({
    connections: createMongoConnectionStore(mongo.connection, vault, now),
    targets: createMongoTargetStore(mongo.connection, vault, now),
  }));

  it('hold no secret in clear', async () => {
    const documents = [
      ...(await mongo.db.collection('connections').find().toArray()),
      ...(await mongo.db.collection('targets').find().toArray()),
    ];
    expect(documents.length).toBeGreaterThan(10);
    expect(JSON.stringify(documents)).toMatch(/v1\./);
    expect(JSON.stringify(documents)).not.toMatch(/Tr0ub4dor/);
  });
});
