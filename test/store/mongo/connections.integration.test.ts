import { afterAll, describe, expect, it } from 'vitest';
import { connectionId, targetId } from '../../../src/model/ids.ts';
import { defaultLimits } from '../../../src/model/target-record.ts';
import { createMongoConnectionStore } from '../../../src/store/mongo/connections.ts';
import { createMongoSealedSecrets } from '../../../src/store/mongo/sealed-secrets.ts';
import { createMongoTargetStore } from '../../../src/store/mongo/targets.ts';
import { connectionStoreContract, type OpenConfiguration } from '../../contract/connection-store-contract.ts';
import { openTestMongo } from '../../support/mongo.ts';

describe('connections and targets in MongoDB', async () => {
  const { mongo, close } = await openTestMongo();
  afterAll(close);
  let stores: Awaited<ReturnType<OpenConfiguration>> | undefined;
  await connectionStoreContract(async (vault, now) => {
    stores = {
      connections: createMongoConnectionStore(mongo.connection, vault, now),
      targets: createMongoTargetStore(mongo.connection, vault, now),
      sealed: createMongoSealedSecrets(mongo.db, vault, now),
    };
    return stores;
  });

  it('hold no secret in clear', async () => {
    const documents = [
      ...(await mongo.db.collection('connections').find().toArray()),
      ...(await mongo.db.collection('targets').find().toArray()),
    ];
    expect(documents.length).toBeGreaterThan(10);
    expect(JSON.stringify(documents)).toMatch(/v2\./);
    expect(JSON.stringify(documents)).not.toMatch(/Tr0ub4dor/);
  });

  it('that somebody moves to another record in the database do not open there', async () => {
    const collection = mongo.db.collection<{ readonly _id: string; readonly secrets: unknown }>('connections');
    const [mine, theirs] = await collection.find({ 'secrets.0.field': 'clientSecret' }).limit(2).toArray();
    if (mine === undefined || theirs === undefined) throw new Error('There are too few secrets.');
    await collection.updateOne({ _id: theirs._id }, { $set: { secrets: mine.secrets } });
    await expect(stores?.connections.secrets(connectionId(theirs._id))).rejects.toMatchObject({
      name: 'SecretUnreadable',
    });
    await collection.updateOne({ _id: theirs._id }, { $set: { secrets: [] } });
  });

  it('read as leaving groups alone where a target was stored before groups had a policy', async () => {
    const { targets } = stores ?? {};
    const collection = mongo.db.collection<{ readonly _id: string }>('targets');
    const old = await collection.findOneAndUpdate({}, { $unset: { leftGroups: '', 'limits.groupDeletes': '' } });
    const id = targetId(old?._id ?? '');
    const read = await targets?.get(id);
    expect(read).toMatchObject({ leftGroups: 'leave', limits: { groupDeletes: defaultLimits.groupDeletes } });
    const edited = await targets?.edit(id, read?.revision ?? 0, { leftGroups: 'delete' });
    expect(edited).toMatchObject({ leftGroups: 'delete', limits: { groupDeletes: defaultLimits.groupDeletes } });
  });

  it('read as loosened where a target was stored when the number of its approvals alone could be lowered', async () => {
    const { targets } = stores ?? {};
    const collection = mongo.db.collection<{ readonly _id: string }>('targets');
    const loweredAt = new Date('2026-03-01T07:00:00.000Z');
    const old = await collection.findOneAndUpdate(
      {},
      { $unset: { loosened: '' }, $set: { approvals: { needed: 1, loweredAt } } },
    );
    const read = await targets?.get(targetId(old?._id ?? ''));
    expect(read).toMatchObject({ approvals: 1, loosened: { at: loweredAt, from: { approvals: 2 } } });
    expect(read?.loosened?.from.limits).toEqual(read?.limits);
  });

  it('read with the usual limit on what is taken over where a target was stored before there was one', async () => {
    const { targets } = stores ?? {};
    const collection = mongo.db.collection<{ readonly _id: string }>('targets');
    const old = await collection.findOneAndUpdate({}, { $unset: { 'limits.adoptions': '' } });
    const id = targetId(old?._id ?? '');
    const read = await targets?.get(id);
    expect(read).toMatchObject({ limits: { adoptions: defaultLimits.adoptions } });
    const none = await targets?.edit(id, read?.revision ?? 0, { limits: { ...defaultLimits, adoptions: null } });
    expect(none).toMatchObject({ limits: { adoptions: null } });
  });

  it('never even ask the database for secrets they were not asked for', async () => {
    const answers: string[] = [];
    mongo.connection.getClient().on('commandSucceeded', ({ reply }) => answers.push(JSON.stringify(reply)));
    const { items } = (await stores?.connections.list({}, null, 100)) ?? { items: [] };
    for (const { id, revision } of items) {
      await stores?.connections.get(id);
      await stores?.connections.edit(id, revision, { description: 'Renamed' });
      await stores?.connections.hold(id, null);
    }
    expect(answers.length).toBeGreaterThan(10);
    expect(answers.filter((answer) => answer.includes('sealed'))).toEqual([]);

    for (const { id } of items) await stores?.connections.secrets(id);
    expect(answers.filter((answer) => answer.includes('sealed'))).not.toEqual([]);
  });
});
