/** A database that is put back from a backup, while the tenant and the target live on, and a worker from before is still about. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { disagreements, waitingPlan } from '../../scripts/demo/tour.ts';
import type { Child } from '../../scripts/services/child.ts';
import { type Mongo, openMongo } from '../../src/store/mongo/connect.ts';
import { installationName } from '../../src/store/mongo/installation.ts';
import { fallAsleep } from '../support/asleep.ts';
import {
  type Customer,
  type Customers,
  expectInStep,
  expectSucceeded,
  startCustomers,
  writesOf,
} from '../support/customers.ts';

type Stored = { readonly _id: string; readonly [field: string]: unknown };
type Backup = ReadonlyMap<string, readonly Stored[]>;

/** All documents of all collections. */
const backUp = async ({ db }: Mongo): Promise<Backup> => {
  const backup = new Map<string, readonly Stored[]>();
  for (const { collectionName: name } of await db.collections()) {
    if (!name.startsWith('system.')) backup.set(name, await db.collection<Stored>(name).find().toArray());
  }
  return backup;
};
const putBack = async ({ db }: Mongo, backup: Backup): Promise<void> => {
  for (const { collectionName: name } of await db.collections()) await db.collection(name).deleteMany({});
  // A worker that runs writes its own mark in between: the backup's takes its place. And it comes last, for whoever sees it begins anew with all the rest.
  const markLast = [...backup].toSorted(
    ([one], [other]) => Number(one === installationName) - Number(other === installationName),
  );
  for (const [name, documents] of markLast)
    for (const document of documents)
      await db.collection<Stored>(name).replaceOne({ _id: document._id }, document, { upsert: true });
};

const health = z.object({
  health: z.object({ status: z.string(), code: z.string().nullable() }),
  recovery: z.object({ since: z.string(), waits_for: z.string() }).nullable(),
});

const leaseMs = 6_000;

describe('a database put back from yesterday', () => {
  let whole: Customers;
  let customer: Customer;
  let mongo: Mongo;
  let worker: Child;
  beforeAll(async () => {
    whole = await startCustomers({
      count: 1,
      users: 60,
      groups: 3,
      scim: { latencyMs: 30 },
      stack: {
        workers: [],
        env: { TEST_RECONCILE_MS: '500', TEST_LEASE_MS: String(leaseMs), TEST_LOCK_MS: '3000' },
      },
    });
    customer = whole.customers[0] ?? expect.fail('There is no customer.');
    mongo = await openMongo(whole.stack.env['MONGODB_URI'] ?? '');
    worker = await whole.stack.startWorker();
  }, 60_000);
  afterAll(async () => {
    await mongo.close();
    await whole.stop();
  });

  const sync = (mode: 'full' | 'delta') => whole.stack.api.sync(customer.connected.connection, { mode });
  const shown = () => whole.stack.api.ask('GET', `/v1/connections/${customer.connected.connection}`, health);
  const restores = async () =>
    (await whole.stack.api.ask('GET', '/v1/restores', z.object({ data: z.array(z.object({ how: z.string() })) }))).data;
  const untilItWaits = async (): Promise<void> => {
    await expect.poll(async () => (await shown()).recovery?.waits_for, { timeout: 20_000 }).toBe('plans');
    await vi.waitUntil(async () => (await waitingPlan(customer, customer.connected).catch(() => null)) !== null, {
      timeout: 20_000,
      interval: 50,
    });
  };
  const approve = async (): Promise<void> => {
    const { id } = await waitingPlan(customer, customer.connected);
    const approved = z.object({ run: z.object({ id: z.string() }) });
    const { run } = await whole.stack.api.ask('POST', `/v1/plans/${id}/approve`, approved, { reason: 'As it should.' });
    expectSucceeded(await whole.stack.api.waitFor(run.id));
  };
  const offAtTarget = (): number =>
    customer.scim.control.accounts().users.filter(({ active }) => active === false).length;

  let backup: Backup;

  it('is noticed by whoever starts next; a worker frozen in the middle of a run does no harm when it wakes', async () => {
    expectSucceeded(await sync('full'));
    // Redis has noted how far the database has counted.
    await expect.poll(async () => worker.output().includes('restore.')).toBe(false);
    backup = await backUp(mongo);

    const { tenant } = customer;
    const leavers = tenant.users().slice(0, 4);
    for (const id of leavers.slice(0, 2)) tenant.softDelete(id);
    for (let nth = 0; nth < 5; nth += 1) tenant.hire({ givenName: `Later ${nth}` });
    expectSucceeded(await sync('delta'));
    expectInStep(customer);
    for (const id of leavers.slice(2)) tenant.softDelete(id);
    for (let nth = 0; nth < 40; nth += 1) tenant.hire({ givenName: `Last ${nth}` });
    customer.scim.control.clearRequests();
    await whole.stack.api.request(customer.connected.connection, { mode: 'delta' });
    await fallAsleep(customer, worker, 8);
    const frozenAt = performance.now();

    await putBack(mongo, backup);
    const next = await whole.stack.startWorker();
    expect(next.output()).toContain('restore.detected');
    expect(await restores()).toMatchObject([{ how: 'detected' }]);
    expect(await shown()).toMatchObject({ health: { status: 'degraded', code: 'database_restored' } });
    await untilItWaits();
    customer.scim.control.clearRequests();
    const off = offAtTarget();
    // Within its lease a worker cannot know that the database, which has it on record no more, was put back.
    await vi.waitUntil(() => performance.now() - frozenAt > leaseMs, { timeout: 10_000, interval: 50 });
    worker.signal('SIGCONT');
    await worker.stop();
    expect(writesOf(customer)).toBe(0);
    expect(offAtTarget()).toBe(off);
    worker = next;
  }, 90_000);

  it('is in step again once a person has approved what would be done; nobody was made twice', async () => {
    expect(disagreements(customer)).not.toEqual([]);
    await approve();
    expectInStep(customer);
    expect(await shown()).toMatchObject({ health: { status: 'healthy' }, recovery: null });
    customer.tenant.hire({ givenName: 'After all' });
    expectSucceeded(await sync('delta'));
    expectInStep(customer);
  }, 60_000);

  it('is noticed by a worker that runs all the time, too, when it is put back once more', async () => {
    customer.scim.control.clearRequests();
    await putBack(mongo, backup);
    await expect.poll(restores, { timeout: 20_000 }).toMatchObject([{ how: 'detected' }]);
    await untilItWaits();
    expect(writesOf(customer)).toBe(0);
    await approve();
    expectInStep(customer);
  }, 60_000);

  it('is declared by a person where Redis is new as well and nothing can be noticed', async () => {
    await worker.stop();
    await putBack(mongo, backup);
    // Another prefix is a Redis that knows nothing.
    const env = { ENTRAIN_QUEUE_PREFIX: `{${randomUUID()}}` };
    const declared = z.looseObject({ how: z.string() });
    expect(await whole.stack.api.ask('POST', '/v1/restores', declared, { reason: 'Both were lost.' })).toEqual({
      epoch: expect.any(Number),
      at: expect.any(String),
      how: 'declared',
      declared_by: 'demo',
      reason: 'Both were lost.',
    });
    customer.scim.control.clearRequests();
    worker = await whole.stack.startWorker(env);
    expect(worker.output()).not.toContain('restore.detected');
    await untilItWaits();
    expect(writesOf(customer)).toBe(0);
    await approve();
    expectInStep(customer);
  }, 60_000);
});
