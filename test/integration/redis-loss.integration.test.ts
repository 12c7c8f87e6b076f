/** Redis holds wake-ups and nothing else: whatever happens to it, schedules and work come back from MongoDB. */

import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { freePort } from '../../scripts/services/child.ts';
import { openQueues, type Queues } from '../../src/queue/queues.ts';
import { workerConnection } from '../../src/queue/redis.ts';
import { type BreakableRedis, startBreakableRedis } from '../support/breakable-redis.ts';
import { type Customer, type Customers, expectInStep, expectSucceeded, startCustomers } from '../support/customers.ts';

describe('when Redis loses everything', () => {
  let redis: BreakableRedis;
  let whole: Customers;
  let customer: Customer;
  let workerUrl: string;
  let queues: Queues;
  let closeQueues: () => Promise<void>;
  beforeAll(async () => {
    redis = await startBreakableRedis();
    whole = await startCustomers({
      count: 1,
      users: 150,
      groups: 3,
      graph: { deltaPageSize: 10, latencyMs: 20 },
      scim: { latencyMs: 10 },
      stack: {
        services: { mongoUri: inject('mongoUri'), redisUrl: redis.url },
        workers: [],
        env: { TEST_RECONCILE_MS: '1000', TEST_LEASE_MS: '6000', TEST_LOCK_MS: '3000' },
      },
    });
    customer = whole.customers[0] ?? expect.fail('There is no customer.');
    const port = await freePort();
    workerUrl = `http://127.0.0.1:${port}`;
    await whole.stack.startWorker({ ENTRAIN_WORKER_PORT: String(port) });
    const connection = workerConnection(redis.url);
    connection.on('error', () => {});
    queues = openQueues(connection, whole.stack.env['ENTRAIN_QUEUE_PREFIX'] ?? '');
    closeQueues = async () => {
      await queues.close();
      connection.disconnect();
    };
  }, 60_000);
  afterAll(async () => {
    await closeQueues();
    await whole.stop();
    await redis.stop();
  });

  const request = (mode: 'full' | 'delta') => whole.stack.api.request(customer.connected.connection, { mode });
  const untilInStep = async (run: string): Promise<void> => {
    expectSucceeded(await whole.stack.api.waitFor(run));
    expectInStep(customer);
  };
  const pagesRead = (): number => whole.graph.control.requests().filter(({ query }) => /skiptoken/i.test(query)).length;
  const untilReading = async (): Promise<void> => {
    const before = pagesRead();
    await vi.waitUntil(() => pagesRead() > before + 3, { timeout: 20_000, interval: 10 });
  };
  const schedules = async (): Promise<readonly string[]> =>
    (await queues.tick.getJobSchedulers()).map(({ key }) => key.split('_')[0] ?? '').sort();

  const repairs = async (): Promise<number> => {
    const metrics = await (await fetch(`${workerUrl}/metrics`)).text();
    return Number(/^entrain_reconciler_repairs_total (\d+)$/m.exec(metrics)?.[1]);
  };
  const readiness = async (): Promise<number> => (await fetch(`${workerUrl}/readyz`)).status;

  it('while nothing is under way, the schedules are made again', async () => {
    await vi.waitUntil(async () => (await schedules()).length > 0);
    const before = await schedules();
    const repaired = await repairs();
    expect(before).toEqual(expect.arrayContaining(['delta', 'full']));
    await redis.flush();
    await expect.poll(schedules, { timeout: 10_000 }).toEqual(before);
    await expect.poll(repairs, { timeout: 10_000 }).toBeGreaterThan(repaired);
  }, 30_000);

  it('in the middle of a run, the run ends as it should', async () => {
    const run = await request('full');
    await untilReading();
    await redis.flush();
    await untilInStep(run);
  }, 40_000);

  it('in the middle of a run by dying, and an empty one takes its place, the run ends as it should', async () => {
    for (let nth = 0; nth < 30; nth += 1) customer.tenant.hire({ givenName: `Later ${nth}` });
    const run = await request('full');
    await untilReading();
    await redis.lose();
    await redis.replace();
    await untilInStep(run);
    await expect.poll(schedules, { timeout: 10_000 }).toEqual(expect.arrayContaining(['delta', 'full']));
  }, 40_000);

  it.each(['is gone', 'hangs'])(
    'and %s, a sync can be asked for all the same and is done once it is back',
    async (how) => {
      customer.tenant.hire({ givenName: `Meanwhile it ${how}` });
      if (how === 'hangs') redis.hang();
      else await redis.lose();
      // What was found a moment ago is still told for a second.
      await expect.poll(readiness, { timeout: 10_000 }).toBe(503);
      const run = await request('delta');
      await redis.lose();
      await redis.replace();
      await untilInStep(run);
      await expect.poll(readiness, { timeout: 10_000 }).toBe(200);
    },
    40_000,
  );
});
