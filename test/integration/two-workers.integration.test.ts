/** Worker processes side by side: nothing is done twice, and whoever comes back late does no harm. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeTenant, disagreements } from '../../scripts/demo/tour.ts';
import type { Child } from '../../scripts/services/child.ts';
import { fallAsleep } from '../support/asleep.ts';
import {
  type Customer,
  type Customers,
  expectInStep,
  expectSucceeded,
  startCustomers,
  writesOf,
} from '../support/customers.ts';

const shortTimes = { TEST_LEASE_MS: '6000', TEST_LOCK_MS: '3000' };

describe('three workers and six customers', () => {
  let whole: Customers;
  let workers: readonly Child[];
  beforeAll(async () => {
    whole = await startCustomers({
      count: 6,
      users: 80,
      groups: 4,
      graph: { deltaPageSize: 20 },
      stack: { workers: [], env: shortTimes },
    });
    workers = await Promise.all([1, 2, 3].map(() => whole.stack.startWorker()));
  }, 60_000);
  afterAll(() => whole.stop());

  /** Every customer's sync is asked for by two people at once. */
  const syncAll = async (mode: 'full' | 'delta') => {
    const { api } = whole.stack;
    const asked = whole.customers.flatMap(({ connected }) =>
      [1, 2].map(() => api.request(connected.connection, { mode })),
    );
    const runs = [];
    for (const id of new Set(await Promise.all(asked))) runs.push(await api.waitFor(id));
    return runs.flatMap((run) => [run, ...run.provision_runs]);
  };
  const timesEnded = (id: string): number =>
    workers
      .flatMap((worker) => worker.output().split('\n'))
      .filter((line) => line.includes('run.ended') && line.includes(id)).length;

  it.each(['full', 'delta'] as const)(
    'a %s sync of all at once brings each in step, and no run is done twice',
    async (mode) => {
      if (mode === 'delta') for (const customer of whole.customers) changeTenant(customer);
      const runs = await syncAll(mode);
      expect(new Set(runs.map(({ state }) => state))).toEqual(new Set(['succeeded']));
      // It is in the store a moment before a worker says so.
      await expect.poll(() => runs.filter(({ id }) => timesEnded(id) === 0)).toEqual([]);
      expect(runs.filter(({ id }) => timesEnded(id) !== 1)).toEqual([]);
      for (const customer of whole.customers) expectInStep(customer);
    },
    60_000,
  );

  it('a full sync after all that writes nothing', async () => {
    for (const { scim } of whole.customers) scim.control.clearRequests();
    await syncAll('full');
    expect(whole.customers.map(writesOf)).toEqual([0, 0, 0, 0, 0, 0]);
  }, 60_000);
});

describe('a worker that sleeps through its lease and its lock, and wakes', () => {
  let whole: Customers;
  let customer: Customer;
  let sleeper: Child;
  beforeAll(async () => {
    // A target that takes a second account of the same name, and is slow enough to fall asleep over.
    const scim = { knobs: { userNameCollisions: 'accepted' }, latencyMs: 40 } as const;
    whole = await startCustomers({ count: 1, users: 120, groups: 3, scim, stack: { workers: [], env: shortTimes } });
    customer = whole.customers[0] ?? expect.fail('There is no customer.');
    sleeper = await whole.stack.startWorker();
  }, 60_000);
  afterAll(() => whole.stop());

  const fullSync = async () =>
    whole.stack.api.waitFor(await whole.stack.api.request(customer.connected.connection, { mode: 'full' }));

  it('does not write after another worker took over: nobody gets a second account', async () => {
    const id = await whole.stack.api.request(customer.connected.connection, { mode: 'full' });
    await fallAsleep(customer, sleeper, 20);
    const written = writesOf(customer);
    const follower = await whole.stack.startWorker();
    const run = await whole.stack.api.waitFor(id);
    expectSucceeded(run);
    expect(written).toBeLessThan(100);
    expectInStep(customer);

    customer.scim.control.clearRequests();
    sleeper.signal('SIGCONT');
    await follower.stop();
    // Whoever slept is awake again: it does what comes next, and that is nothing.
    expect(await fullSync()).toMatchObject({ state: 'succeeded', counters: { created: 0, updated: 0, removed: 0 } });
    expect(writesOf(customer)).toBe(0);
    expect(disagreements(customer)).toEqual([]);
    expectInStep(customer);
  }, 60_000);
});
