/** A worker that is told to stop (SIGTERM), as on every deployment, puts its work down at a place from which another one goes on. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Child } from '../../scripts/services/child.ts';
import { type Customer, type Customers, expectInStep, startCustomers } from '../support/customers.ts';

describe('a worker that is told to stop', () => {
  let whole: Customers;
  let customer: Customer;
  let worker: Child;
  beforeAll(async () => {
    // Many small pages, none of them quick: there is a middle to stop in.
    whole = await startCustomers({
      count: 1,
      users: 300,
      groups: 3,
      graph: { deltaPageSize: 10, latencyMs: 40 },
      scim: { latencyMs: 20 },
      stack: { workers: [], env: { TEST_LEASE_MS: '6000' } },
    });
    customer = whole.customers[0] ?? expect.fail('There is no customer.');
    worker = await whole.stack.startWorker();
  }, 60_000);
  afterAll(() => whole.stop());

  const pagesRead = (): string[] =>
    whole.graph.control
      .requests()
      .filter(({ query, status }) => /skiptoken/i.test(query) && status === 200)
      .map(({ path, query }) => `${path}?${query}`);
  const made = (): number =>
    customer.scim.control.requests().filter(({ method, status }) => method === 'POST' && status === 201).length;
  const newest = async (kind: 'sync' | 'provision') => {
    const page = await whole.stack.api.ask('GET', `/v1/runs?kind=${kind}&limit=1`, runsPage);
    return page.data[0];
  };
  /** As a terminal and npm do it together: more than once. */
  const stopped = async (child: Child) => {
    child.signal('SIGTERM');
    return await child.ended;
  };

  it('in the middle of a read exits in order, and the run waits at its page', async () => {
    await whole.stack.api.request(customer.connected.connection, { mode: 'full' });
    await vi.waitUntil(() => pagesRead().length > 8, { timeout: 20_000, interval: 10 });
    expect(await stopped(worker)).toEqual({ code: 0, signal: null });
    expect(await newest('sync')).toMatchObject({ state: 'waiting', problem: null, phase: 'read' });
    expect(pagesRead().length).toBeLessThan(25);
  }, 40_000);

  it('is followed by one that reads no page again, and stops in the middle of writing', async () => {
    const before = pagesRead();
    worker = await whole.stack.startWorker();
    await vi.waitUntil(() => made() > 50, { timeout: 20_000, interval: 10 });
    const again = pagesRead()
      .slice(before.length)
      .filter((page) => before.includes(page));
    // A page that was under way when the worker stopped had not been kept.
    expect(again.length).toBeLessThanOrEqual(2);
    expect(await stopped(worker)).toEqual({ code: 0, signal: null });
    expect(await newest('provision')).toMatchObject({ state: 'waiting', problem: null, phase: 'objects' });
    expect(made()).toBeLessThan(250);
  }, 40_000);

  it('is followed by one that makes nobody twice and ends where nothing had happened', async () => {
    worker = await whole.stack.startWorker();
    const { id = '' } = (await newest('sync')) ?? {};
    const run = await whole.stack.api.waitFor(id);
    expect([run, ...run.provision_runs]).toMatchObject([{ state: 'succeeded' }, { state: 'succeeded' }]);
    expectInStep(customer);
    expect(made()).toBe(Object.values(customer.scim.control.accounts()).flat().length);
    // Whoever was being created when the worker stopped is found again, and counted once.
    const { created = 0, unchanged = 0, skipped = {} } = run.provision_runs[0]?.counters ?? {};
    expect(created + unchanged + (skipped['disabled_in_source'] ?? 0)).toBe(run.counters.read);
  }, 40_000);
});

const runsPage = z.object({
  data: z.array(z.object({ id: z.string(), state: z.string(), phase: z.string(), problem: z.null() })),
});
