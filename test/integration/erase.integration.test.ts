/** Whoever is erased is in no collection any more: every document of the database is looked at, bytes and all. */

import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { erasePerson, keptOf } from '../../src/engine/persons.ts';
import { createMongoStores } from '../../src/store/mongo/index.ts';
import { createVault } from '../../src/store/vault.ts';
import { collectionsWhere } from '../support/collections.ts';
import { canary, lifeOf } from '../support/erasing.ts';
import { openTestMongo } from '../support/mongo.ts';
import { plansOf } from '../support/query-plans.ts';
import { connection, story } from '../support/story.ts';

let opened: Awaited<ReturnType<typeof openTestMongo>>;
beforeAll(async () => {
  opened = await openTestMongo();
});
afterAll(() => opened.close());

/** The collections that hold any of these texts, or the id as bytes. */
const collectionsWith = async (traces: readonly string[]): Promise<readonly string[]> => {
  const { db } = opened.mongo;
  const found: string[] = [];
  const collections = await db.listCollections().toArray();
  for (const { name } of collections)
    for (const document of await db.collection(name).find({}).toArray()) {
      const text = JSON.stringify(document, (_key, value) => bytesOf(value) ?? value).toLowerCase();
      if (traces.some((trace) => text.includes(trace.toLowerCase()))) found.push(name);
    }
  return [...new Set(found)].toSorted();
};

/** Binary values reach `JSON.stringify` as base64. */
const bytesOf = (value: unknown): string | null =>
  typeof value === 'string' && value.length > 40 && /^[A-Za-z0-9+/]+=*$/.test(value)
    ? `${value} ${Buffer.from(value, 'base64').toString('hex')}`
    : null;

it('somebody who lived through everything leaves nothing, once the next sync has read everybody', async () => {
  const s = await story({
    stores: (now) => createMongoStores(opened.mongo, { vault: createVault(randomBytes(32)), now }),
  });
  await lifeOf(s);
  const account = s.account('canary')?.remoteId ?? 'no account';
  const traces = ['canary', canary, canary.replaceAll('-', ''), account];
  // Whatever holds them is known to; a collection that nobody thought of is seen here.
  const holding = collectionsWhere((people, name) => people !== 'none' && name !== 'targets');
  expect(await collectionsWith(traces)).toEqual(holding);
  const record = await s.stores.connections.get(connection);
  if (record === null) throw new Error('There is no connection.');
  // However much there is: whatever they are looked for in is found by an index.
  const { plans } = await plansOf(opened.mongo, async () => {
    for await (const kept of (await keptOf(s.stores, record, canary, new AbortController().signal)) ?? [])
      expect(kept.length).toBeGreaterThan(0);
  });
  expect(plans.length).toBeGreaterThan(20);
  expect(plans.filter(({ stages }) => stages.includes('COLLSCAN'))).toEqual([]);
  expect((await erasePerson(s.engine, record, canary, new AbortController().signal)).kind).toBe('erased');
  const staying = collectionsWhere((people, name) => people === 'stay' && name !== 'targets');
  const untilSync = collectionsWhere((people) => people === 'next_sync');
  expect(await collectionsWith(traces)).toEqual([...staying, ...untilSync].toSorted());
  await s.full();
  expect(await collectionsWith(traces)).toEqual(staying);
  expect(s.accounts()).toEqual({ anna: 'on', bob: 'on', canary: 'off', cora: 'on' });
});
