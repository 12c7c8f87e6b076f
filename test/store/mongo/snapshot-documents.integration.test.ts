// What the snapshot leaves in MongoDB, and what happens between a read and the write that rests on it.

import { afterAll, beforeEach, expect, it } from 'vitest';
import { StaleFence } from '../../../src/model/errors.ts';
import type { ConnectionId } from '../../../src/model/ids.ts';
import { type Mongo, openMongo } from '../../../src/store/mongo/connect.ts';
import { createMongoLeases } from '../../../src/store/mongo/leases.ts';
import { migrate } from '../../../src/store/mongo/migrate.ts';
import { placeOf } from '../../../src/store/mongo/places.ts';
import { type Slotted, slots } from '../../../src/store/mongo/slots.ts';
import { createMongoSnapshotStore } from '../../../src/store/mongo/snapshot-store.ts';
import {
  all,
  at,
  commit,
  end,
  id,
  losing,
  newConnection,
  person,
  showing,
  snapshotWorld,
  team,
  users,
  whole,
} from '../../contract/snapshot-world.ts';
import { freshDatabase } from '../../support/fresh.ts';

let mongo: Mongo;
const world = snapshotWorld(async ({ now, probe }) => {
  mongo = await openMongo(freshDatabase().uri);
  await migrate(mongo);
  return { leases: createMongoLeases(mongo.db, now), snapshots: createMongoSnapshotStore(mongo.db, { now, probe }) };
});
afterAll(async () => {
  await mongo.db.dropDatabase();
  await mongo.close();
});

let connection: ConnectionId;
beforeEach(() => {
  connection = newConnection();
});

const begin = async (signature = 'full') => world.snapshots.begin(await world.take(connection), signature);
const crowd = (from: number, to: number) => users(...Array.from({ length: to - from }, (_, n) => `u${from + n}`));
const kept = async (): Promise<Record<string, number>> => {
  const names = (await mongo.db.listCollections().toArray()).map(({ name }) => name).filter((name) => name !== 'heads');
  const counts = names.map(
    async (name): Promise<[string, number]> => [
      name,
      await mongo.db
        .collection<{ _id: string }>(name)
        .countDocuments({ _id: { $gt: connection, $lt: `${connection}~` } }),
    ],
  );
  return Object.fromEntries((await Promise.all(counts)).filter(([, count]) => count > 0));
};

it('leaves nothing of a draft that was discarded, or followed by one of another kind', async () => {
  const batch = showing([person('ann')], { members: [whole('staff', crowd(0, 2_000))], resume: at('page 2') });
  const first = await begin();
  await first.put(batch);
  await first.discard();
  expect(await kept()).toEqual({});
  await (await begin('full')).put(batch);
  await begin('delta');
  expect(await kept()).toEqual({});
});

const isStaged = { $or: [{ next: { $exists: true } }, { kept: { $exists: true } }] };
const ofConnection = () => ({ _id: { $gt: connection, $lt: `${connection}~` } as never });

it('leaves what is committed, once, and the note of the version', async () => {
  const draft = await begin();
  await draft.put(showing([person('ann'), team('staff')], { members: [whole('staff', crowd(0, 800))] }));
  await draft.put(showing([], { members: [whole('staff', crowd(0, 4_000))] }));
  await draft.put(showing([], { members: [whole('staff', users('ann'))] }));
  await draft.commit(end);
  expect(await kept()).toEqual({ objects: 2, members: 1, layouts: 1, versions: 1 });
  await world.snapshots.erase(connection);
  expect(await kept()).toEqual({});
});

it('writes the first version once, and rolls forward what later ones change', async () => {
  await commit(world, connection, [
    showing([person('ann'), person('bob'), team('staff')], { members: [whole('staff', users('ann'))] }),
  ]);
  const { version } = await world.snapshots.head(connection);
  const objects = mongo.db.collection('objects');
  expect(await objects.countDocuments({ ...ofConnection(), ...isStaged })).toBe(3);
  expect(await world.snapshots.recall(connection, users('ann'))).toMatchObject(
    new Map([[id('ann'), { gone: null, version }]]),
  );
  await commit(world, connection, [
    showing([person('ann', { title: 'boss' })], { members: [whole('staff', users('ann', 'bob'))] }),
  ]);
  expect(await objects.countDocuments({ ...ofConnection(), ...isStaged })).toBe(2);
  expect(await mongo.db.collection('members').countDocuments({ ...ofConnection(), ...isStaged })).toBe(0);
});

it('keeps the batches of the last full sync, and of later versions those that staged objects', async () => {
  const everybody = [person('ann'), person('bob')];
  const counts = { user: 2, group: 0 };
  const first = await begin();
  for (const one of everybody) await first.put(showing([one]));
  await first.commit({ ...end, counts, full: true });
  expect(await kept()).toMatchObject({ batches: 2 });
  await commit(world, connection, [showing([person('ann', { title: 'boss' })]), showing([], { seen: users('bob') })]);
  expect(await kept()).toMatchObject({ batches: 3 });
  const second = await begin();
  await second.holds(everybody);
  await second.put(showing([], { seen: users('ann', 'bob') }));
  await second.commit({ ...end, counts, full: true });
  expect(await kept()).toMatchObject({ batches: 1 });
});

it('writes nothing but the batch when nothing differs', async () => {
  const objects = [person('ann', { title: 'boss' }), team('staff')];
  await commit(world, connection, [showing(objects, { members: [whole('staff', users('ann', 'bob'))] })]);
  const draft = await begin();
  await draft.put(showing(objects, { members: [whole('staff', users('bob', 'ann'))] }));
  const batch = await mongo.db.collection<{ _id: string }>('batches').findOne({ _id: { $gt: connection } });
  expect(batch).toMatchObject({ staged: 0, buckets: '[]', layouts: '[]', left: '[]' });
  expect(await kept()).toMatchObject({ objects: 2, members: 1, batches: 1 });
});

it('prunes changes and notes, and keeps what the next version rests on', async () => {
  for (const name of ['ann', 'bob'])
    await commit(world, connection, [showing([person(name)])], [{ kind: 'created', after: person(name) }]);
  const { version } = await world.snapshots.head(connection);
  await world.snapshots.prune(connection, version);
  expect(await kept()).toEqual({ objects: 2, versions: 1 });
  await commit(world, connection, [losing(users('ann'), 'deleted')]);
  expect((await all(world.snapshots.scan(connection, 'user'))).map(({ ref }) => ref.id)).toEqual(['bob']);
});

it('reads a group on at the same place when it is spread anew meanwhile', async () => {
  for (const [before, after] of [
    [20_000, 60_000],
    [60_000, 300],
  ] as const) {
    connection = newConnection();
    await commit(world, connection, [showing([team('crowd')], { members: [whole('crowd', crowd(0, before))] })]);
    const reader = await begin('reader');
    const read: string[] = [];
    let spread = false;
    for await (const members of reader.members(id('crowd'))) {
      read.push(...members.map((ref) => ref.id));
      if (spread) continue;
      spread = true;
      await commit(world, connection, [showing([], { members: [whole('crowd', crowd(0, after))] })]);
    }
    expect(new Set(read).size).toBe(read.length);
    const throughout = crowd(0, Math.min(before, after)).map((ref) => ref.id);
    expect(throughout.filter((each) => !read.includes(each))).toEqual([]);
  }
});

type Note = { readonly text: string };
const stored = (key: string) => mongo.db.collection<Slotted<Note>>('notes').findOne({ _id: key });
const early = { place: placeOf(1, 1), durable: [], settled: null };
const later = { place: placeOf(2, 1), durable: [], settled: null };
const late = { place: placeOf(1, 2), durable: [{ first: placeOf(1, 1), last: placeOf(1, 1) }], settled: null };

it('refuses a late worker what has been committed since it looked', async () => {
  const notes = slots(mongo.db, 'notes');
  const key = `${connection}|a`;
  await notes.stage([{ id: key, existing: null, content: { text: 'early' } }], early);
  const looked = await stored(key);
  await notes.roll([key], early.place, 1);
  const write = { id: key, existing: looked, content: { text: 'late' } };
  await expect(notes.stage([write], late)).rejects.toBeInstanceOf(StaleFence);
  expect(await stored(key)).toEqual({ _id: key, v: 1, current: { place: early.place, text: 'early' } });
});

it('refuses a late worker what a later draft has staged, also when it looked before there was anything', async () => {
  const notes = slots(mongo.db, 'notes');
  const [fresh, known] = [`${connection}|fresh`, `${connection}|known`];
  await notes.stage([{ id: known, existing: null, content: { text: 'early' } }], early);
  const looked = await stored(known);
  await notes.stage(
    [
      { id: fresh, existing: null, content: { text: 'later' } },
      { id: known, existing: looked, content: { text: 'later' } },
    ],
    later,
  );
  for (const write of [
    { id: fresh, existing: null, content: { text: 'late' } },
    { id: known, existing: looked, content: { text: 'late' } },
  ])
    await expect(notes.stage([write], late)).rejects.toBeInstanceOf(StaleFence);
  for (const key of [fresh, known]) expect((await stored(key))?.next?.text).toBe('later');
});

it('lets the newest draft write over what a late worker staged meanwhile, without losing what counts', async () => {
  const notes = slots(mongo.db, 'notes');
  const key = `${connection}|a`;
  await notes.stage([{ id: key, existing: null, content: { text: 'early' } }], early);
  const looked = await stored(key);
  await notes.stage([{ id: key, existing: looked, content: { text: 'late' } }], late);
  await notes.stage([{ id: key, existing: looked, content: { text: 'newest' } }], { ...later, durable: late.durable });
  expect(await stored(key)).toEqual({
    _id: key,
    v: 0,
    kept: { place: early.place, text: 'early' },
    next: { place: later.place, text: 'newest' },
  });
});

/** A first version that was committed as it was staged. */
const settled = { version: 1, parts: [{ first: placeOf(1, 1), last: placeOf(1, 1) }] };
const second = { place: placeOf(2, 1), durable: [], settled };
const third = { place: placeOf(3, 1), durable: [], settled };

it('makes what is settled current before anything is staged over it', async () => {
  const notes = slots(mongo.db, 'notes');
  const key = `${connection}|a`;
  await notes.stage([{ id: key, existing: null, content: { text: 'first' } }], early);
  const first = { place: early.place, text: 'first' };
  await notes.stage([{ id: key, existing: await stored(key), content: { text: 'second' } }], second);
  expect(await stored(key)).toEqual({
    _id: key,
    v: 1,
    current: first,
    next: { place: second.place, text: 'second' },
  });
  await notes.forget([key], second.place);
  expect(await stored(key)).toEqual({ _id: key, v: 1, current: first });
});

it('does not let a late worker who does so shut out the one in time', async () => {
  const notes = slots(mongo.db, 'notes');
  const key = `${connection}|a`;
  await notes.stage([{ id: key, existing: null, content: { text: 'first' } }], early);
  const looked = await stored(key);
  await notes.stage([{ id: key, existing: looked, content: { text: 'late' } }], second);
  await notes.stage([{ id: key, existing: looked, content: { text: 'in time' } }], third);
  await expect(
    notes.stage([{ id: key, existing: looked, content: { text: 'later still' } }], second),
  ).rejects.toBeInstanceOf(StaleFence);
  expect(await stored(key)).toMatchObject({ v: 1, current: { text: 'first' }, next: { text: 'in time' } });
  await notes.roll([key], third.place, 3);
  await expect(
    notes.stage([{ id: key, existing: looked, content: { text: 'too late' } }], second),
  ).rejects.toBeInstanceOf(StaleFence);
  expect(await stored(key)).toMatchObject({ v: 3, current: { text: 'in time' } });
});
