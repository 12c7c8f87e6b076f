import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Mongo } from '../../../src/store/mongo/connect.ts';
import { createMongoLeases } from '../../../src/store/mongo/leases.ts';
import { createMongoSnapshotStore } from '../../../src/store/mongo/snapshot-store.ts';
import { commit, losing, newConnection, person, showing, snapshotWorld, users } from '../../contract/snapshot-world.ts';
import { openTestMongo } from '../../support/mongo.ts';

describe('the documents of names', () => {
  let mongo: Mongo;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ mongo, close } = await openTestMongo());
  });
  afterAll(() => close());
  const now = () => new Date('2026-03-01T08:00:00.000Z');
  const world = snapshotWorld(async ({ probe }) => ({
    snapshots: createMongoSnapshotStore(mongo.db, { now, probe }),
    leases: createMongoLeases(mongo.db, now),
  }));
  const documents = (connection: string) =>
    mongo.db
      .collection<{ _id: string; size: number }>('names')
      .find({ _id: { $regex: `^${connection}\\|` } })
      .toArray();
  const named = (name: string, more = {}) => person(name, { mail: `${name}@contoso.example`, ...more });

  it('are one for a page of people, however many', async () => {
    const connection = newConnection();
    await commit(world, connection, [
      showing(Array.from({ length: 500 }, (_, nth) => named(`p${nth}`, { employeeId: `E${nth}` }))),
    ]);
    expect((await documents(connection)).map(({ size }) => size)).toEqual([1_000]);
  });

  it('are not written when nobody gets a name: who is promoted, leaves and comes back keeps theirs', async () => {
    const connection = newConnection();
    await commit(world, connection, [showing([named('jane')])]);
    await commit(world, connection, [showing([named('jane', { jobTitle: 'chief' })])]);
    await commit(world, connection, [losing(users('jane'), 'soft_deleted')]);
    await commit(world, connection, [showing([named('jane')])]);
    expect(await documents(connection)).toHaveLength(1);
  });

  it('become few again, each name once, and those of a draft that may still be given up are left alone', async () => {
    const connection = newConnection();
    for (let nth = 0; nth < 30; nth += 1)
      await commit(world, connection, [showing([named('jane', { employeeId: `E${nth % 2}` }), named(`p${nth}`)])]);
    const draft = await world.snapshots.begin(await world.take(connection), 'delta');
    await draft.put(showing([named('late')]));
    expect(await documents(connection)).toHaveLength(31);
    await world.snapshots.prune(connection, 0);
    expect((await documents(connection)).map(({ size }) => size)).toEqual([1, 33]);
    await draft.discard();
    expect((await documents(connection)).map(({ size }) => size)).toEqual([33]);
    const found = await world.snapshots.named(connection, 'p29@contoso.example', 10);
    expect(found.map(({ object }) => object.ref.id)).toEqual(['p29']);
  });
});
