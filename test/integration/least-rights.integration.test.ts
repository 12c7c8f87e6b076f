/**
 * The rights of docs/operating.md, told by its own commands: whatever API and workers do goes with these alone, none of them is there for nothing, and what
 * is not theirs they cannot do. Of MongoDB a gate stands for the accounts, since the engine that tests run on has none; Redis has the user itself. Whole
 * installations of processes run with these rights in every test that starts one (support/whole-entrain.ts).
 */

import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prune, purge } from '../../src/engine/maintenance.ts';
import { type Telling, takeTelling, tell } from '../../src/engine/tell-webhook.ts';
import { connectionId, organizationId, sourceId, webhookId } from '../../src/model/ids.ts';
import { user } from '../../src/model/source-object.ts';
import { verifyChain } from '../../src/store/audit-chain.ts';
import { newId } from '../../src/store/ids.ts';
import { createMongoAuditLog } from '../../src/store/mongo/audit-log.ts';
import { type Mongo, openMongo } from '../../src/store/mongo/connect.ts';
import { claimFormat, currentFormat } from '../../src/store/mongo/format.ts';
import { createMongoStores } from '../../src/store/mongo/index.ts';
import { migrate } from '../../src/store/mongo/migrate.ts';
import { serverTime } from '../../src/store/mongo/server-time.ts';
import type { Stores } from '../../src/store/stores.ts';
import { createVault } from '../../src/store/vault.ts';
import { addConnection, addTarget, type Door, openDoor } from '../admin/api/door.ts';
import { peopleOf, signedInAs } from '../admin/api/people.ts';
import { lease, nth } from '../admin/api/stores.ts';
import { type AccountName, accountsIn, makeIndexes } from '../support/accounts.ts';
import { anEntry } from '../support/audit.ts';
import { canary, lifeOf } from '../support/erasing.ts';
import { freshDatabase, freshPrefix } from '../support/fresh.ts';
import { openRedisUser } from '../support/least-rights.ts';
import { openRightsGate, type RightsGate } from '../support/rights-gate.ts';
import { connection, id, type Story, story, target } from '../support/story.ts';

const { name, uri } = freshDatabase();
const accounts = accountsIn(name);
const vault = createVault(randomBytes(32));
const never = new AbortController().signal;

/** A process with one of the accounts, as it starts. */
const startAs = async (account: AccountName): Promise<{ readonly gate: RightsGate; readonly mongo: Mongo }> => {
  const gate = await openRightsGate(uri, accounts[account]);
  const mongo = await openMongo(gate.uri);
  await serverTime(mongo.db);
  await migrate(mongo);
  await claimFormat(mongo.db, { format: currentFormat, program: '0.0.0' });
  return { gate, mongo };
};
type Started = Awaited<ReturnType<typeof startAs>>;

let api: Started;
let worker: Started;
beforeAll(async () => {
  await makeIndexes(uri, name);
  api = await startAs('entrain_api');
  worker = await startAs('entrain_worker');
}, 60_000);
afterAll(async () => {
  for (const { gate, mongo } of [api, worker]) {
    await mongo.close();
    await gate.close();
  }
});

/** Where a worker dies, as by a power cut; null: it lives. */
let diesAt: string | null = null;
const probe = (site: string): void => {
  if (site === diesAt) throw new Error('The power is cut.');
};

const storesOf = ({ mongo }: Started, now: () => Date): Stores => createMongoStores(mongo, { vault, now, probe });

/** What people and products do that have a key, by the door of the API. */
const callEverything = async (door: Door, stores: Stores): Promise<void> => {
  const call = async (method: string, path: string, ask: Parameters<Door['call']>[2] = {}): Promise<unknown> => {
    const { status, body } = await door.call(method, path, ask);
    expect(status, `${method} ${path} ${JSON.stringify(body)}`).toBeLessThan(300);
    return body;
  };
  const own = await addConnection(door);
  await addTarget(door, own);
  await call('POST', `/v1/connections/${own}/check`, { headers: { 'idempotency-key': 'once' } });
  await call('POST', `/v1/connections/${own}/notifications`);
  await call('POST', `/v1/connections/${own}/sync`, { body: { mode: 'full' } });
  await call('POST', `/v1/connections/${own}/setup-link`, { body: { given_to: 'the IT of Acme' } });
  const made = Object(await call('POST', '/v1/api-keys', { body: { name: 'desk', scopes: ['read'] } }));
  await call('GET', '/v1/connections?organization_id=acme', { key: String(made.key) });
  await call('DELETE', `/v1/api-keys/${made.id}`);
  await call('GET', '/v1/session', await signedInAs(door, ['admin']));
  const webhook = { organization_id: 'acme', url: 'https://hooks.example.com/entrain' };
  const hooked = Object(await call('POST', '/v1/webhooks', { body: webhook }));
  await call('DELETE', `/v1/webhooks/${hooked.id}`);
  await call('POST', '/v1/encryption-keys/data-keys');
  await call('GET', '/v1/audit');
  // What an administrator does who follows a consent link, between two pages of Microsoft's.
  const expiresAt = new Date(door.clock.now.getTime() + 3_600_000);
  const consent = { connection: connectionId(own), expiresAt, returnUrl: null, sharedTenant: false } as const;
  await stores.consents.open({ ...consent, digest: 'd', step: { kind: 'consent' } });
  expect(await stores.consents.take('d')).toMatchObject(consent);
  expect(await stores.installation.claimTenant('t', organizationId('acme'), door.clock.now)).toBe('acme');
  await call('POST', '/v1/restores', { body: { reason: 'The disk died.' } });
};

/** A worker commits a group of so many that it takes several documents, and dies before all of it is in its place. */
const dieCommitting = async ({ stores }: Story): Promise<void> => {
  const held = await lease(stores, connection);
  const { counts } = await stores.snapshots.head(connection);
  const draft = await stores.snapshots.begin(held, 'full');
  const whole = Array.from({ length: 1_200 }, (_, index) => user(nth(index + 1)));
  await draft.put({ objects: [], members: [{ group: sourceId(id('staff')), whole }], seen: [], resume: null });
  diesAt = 'snapshot.committed';
  await expect(draft.commit({ watermark: null, counts, full: false })).rejects.toThrow('The power is cut.');
  diesAt = null;
  await stores.leases.release(held);
};

/** An address that is gone: the webhook is told so, and disabled. */
const tellEverybody = async ({ engine, stores }: Story): Promise<void> => {
  const exchange = async () => ({ status: 410, headers: {}, text: '', bytes: 0 });
  const telling: Telling = {
    stores,
    world: engine.world,
    owner: 'worker-1',
    egress: { open: () => ({ exchange, close: async () => {} }) },
    sign: () => ({}),
  };
  for (let turn = await takeTelling(telling); turn !== null; turn = await takeTelling(telling))
    await tell(telling, turn, never);
};

/** Collections that the account may write to, and did not. */
const unused = (account: AccountName, { gate }: Started): readonly string[] =>
  accounts[account].flatMap(({ resource: { collection }, actions }) =>
    collection === '' || actions.some((action) => gate.used().has(`${action} ${collection}`)) ? [] : [collection],
  );

describe('API and workers, each with the rights of its account at MongoDB', () => {
  it('do all that they do, and have no right that they do not use', async () => {
    const s = await story({
      // That somebody was looked at is written down by the API.
      stores: (now) => ({ ...storesOf(worker, now), audit: createMongoAuditLog(api.mongo.db, now) }),
    });
    await lifeOf(s);
    await tellEverybody(s);
    await dieCommitting(s);

    const stores = storesOf(api, s.now);
    const door = await openDoor({
      config: { publicUrl: 'https://entrain.example' },
      identityProvider: peopleOf(),
      room: () => ({ stores }),
    });
    door.clock.now = s.now();
    try {
      await door.commands.retryEscrows(target, null);
      expect(await door.commands.erasePerson(connection, canary)).toHaveLength(1);
      await s.full();
      s.hire('dora');
      await s.delta({ dryRun: true });
      await door.commands.applyPlan((await s.newestPlan()).id, { by: 'anna', reason: 'They begin today.' });
      await s.provisionAll();
      expect(s.accounts()).toMatchObject({ dora: 'on' });
      await callEverything(door, stores);
      await door.commands.removeWebhook(webhookId('whk_1'));
      await door.commands.removeConnection(connection);
    } finally {
      await door.close();
    }
    await prune(s.engine, 400, never);
    await purge(s.engine, connection, AbortSignal.abort());
    expect(await s.stores.connections.get(connection)).toBeNull();

    expect({ api: api.gate.refused(), worker: worker.gate.refused() }).toEqual({ api: [], worker: [] });
    // Servers that say what time it is need no document for it.
    const ofOthers = ['clock'];
    for (const [account, started] of [
      ['entrain_api', api],
      ['entrain_worker', worker],
    ] as const)
      expect(
        unused(account, started).filter((collection) => !ofOthers.includes(collection)),
        account,
      ).toEqual([]);
  }, 60_000);

  it('cannot alter what is in the audit log, nor let MongoDB remove it, and workers cannot let anybody in', async () => {
    const log = createMongoAuditLog(api.mongo.db, () => new Date());
    await log.append(anEntry());
    const unauthorized = { code: 13, codeName: 'Unauthorized' };
    for (const { mongo } of [api, worker]) {
      const entries = mongo.db.collection('audit_entries');
      await expect(entries.updateMany({}, { $set: { text: '{}' } })).rejects.toMatchObject(unauthorized);
      await expect(entries.deleteMany({ text: '{}' })).rejects.toMatchObject(unauthorized);
      await expect(entries.findOneAndReplace({}, { text: '{}' })).rejects.toMatchObject(unauthorized);
      await expect(entries.drop()).rejects.toMatchObject(unauthorized);
      await expect(entries.aggregate([{ $out: 'audit_entries' }]).toArray()).rejects.toMatchObject(unauthorized);
    }
    // A TTL index removes what is older than it says, and a capped collection what is more: MongoDB itself does, for whoever made it.
    const ofOthers = [
      [api, 'audit_entries'],
      [api, 'reconciliations'],
      [worker, 'audit_entries'],
      [worker, 'audit_noted'],
      [worker, 'api_keys'],
      [worker, 'tenant_claims'],
    ] as const;
    for (const [{ mongo }, collection] of ofOthers) {
      const documents = mongo.db.collection(collection);
      const expiring = documents.createIndex({ at: 1 }, { expireAfterSeconds: 0 });
      await expect(expiring, collection).rejects.toMatchObject(unauthorized);
      const capped = mongo.db.createCollection(collection, { capped: true, size: 4_096, max: 1 });
      await expect(capped, collection).rejects.toMatchObject(unauthorized);
    }
    const lettingIn = ['audit_entries', 'api_keys', 'sessions', 'setup_links', 'consents', 'calls', 'tenant_claims'];
    for (const collection of lettingIn) {
      const documents = worker.mongo.db.collection<{ _id: string }>(collection);
      await expect(documents.insertOne({ _id: newId('own') }), collection).rejects.toMatchObject(unauthorized);
      const made = documents.updateOne({ _id: 'own' }, { $set: { scopes: ['admin'] } }, { upsert: true });
      await expect(made, collection).rejects.toMatchObject(unauthorized);
    }
    expect(await verifyChain(log.scan({}), await log.noted(), [])).toMatchObject({ whole: true });
  });
});

it('says what to run where the accounts are there, and the script was not run since the audit log has these indexes', async () => {
  const other = freshDatabase();
  const gate = await openRightsGate(other.uri, accountsIn(other.name).entrain_worker);
  const mongo = await openMongo(gate.uri);
  try {
    await expect(migrate(mongo)).rejects.toThrow('Run scripts/mongo-accounts.js of this version');
  } finally {
    await mongo.close();
    await gate.close();
  }
});

it('the user at Redis reaches the keys of the installation, and nothing that is of others or of the server', async () => {
  const { prefix, url } = freshPrefix();
  const account = await openRedisUser(url, prefix);
  const redis = new Redis(account.url);
  const operator = new Redis(url);
  const [ours, theirs] = [`{${prefix}}:key`, `${prefix}-other:key`];
  try {
    await operator.set(theirs, 'theirs');
    await redis.set(ours, 'ours');
    expect(await redis.eval("return redis.call('get', KEYS[1])", 1, ours)).toBe('ours');
    await expect(redis.get(theirs)).rejects.toThrow('NOPERM');
    await expect(redis.del(theirs)).rejects.toThrow('NOPERM');
    await expect(redis.eval("return redis.call('get', KEYS[1])", 1, theirs)).rejects.toThrow('NOPERM');
    await expect(redis.eval("return redis.call('get', ARGV[1])", 0, theirs)).rejects.toThrow(/can't access/);
    // What would be done is asked, and not done: other tests have the same server.
    const words = [
      ['RENAME', theirs, ours],
      ['KEYS', '*'],
      ['SCAN', '0'],
      ['RANDOMKEY'],
      ['FLUSHALL'],
      ['FLUSHDB'],
      ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'],
      ['ACL', 'LIST'],
      ['MONITOR'],
      ['SHUTDOWN', 'NOSAVE'],
      ['DEBUG', 'SLEEP', '0'],
      ['CLIENT', 'KILL', 'ID', '1'],
      ['FUNCTION', 'FLUSH'],
      ['SCRIPT', 'FLUSH'],
      ['PUBLISH', 'channel', 'message'],
    ] as const;
    for (const [command, ...rest] of words)
      expect(await operator.call('ACL', 'DRYRUN', prefix, command, ...rest), command).toMatch(/has no permissions/);
    expect(await operator.call('ACL', 'DRYRUN', prefix, 'SET', ours, '1')).toBe('OK');
  } finally {
    await operator.del(theirs, ours);
    operator.disconnect();
    redis.disconnect();
    await account.close();
  }
});
