/** Workers of an older and a newer version side by side: once the newer one writes what the older one does not know, the older one stops. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Child } from '../../scripts/services/child.ts';
import { currentFormat } from '../../src/store/mongo/format.ts';
import { type Customer, type Customers, expectInStep, expectSucceeded, startCustomers } from '../support/customers.ts';

describe('a rolling update to a version with another format', () => {
  let whole: Customers;
  let customer: Customer;
  let older: Child;
  let newer: Child;
  beforeAll(async () => {
    whole = await startCustomers({
      count: 1,
      users: 120,
      groups: 3,
      graph: { deltaPageSize: 10, latencyMs: 20 },
      scim: { latencyMs: 20 },
      stack: { workers: [], env: { TEST_RECONCILE_MS: '500', TEST_LEASE_MS: '6000', TEST_LOCK_MS: '3000' } },
    });
    customer = whole.customers[0] ?? expect.fail('There is no customer.');
    older = await whole.stack.startWorker();
  }, 60_000);
  afterAll(() => whole.stop());

  const { api, apiUrl } = { api: () => whole.stack.api, apiUrl: () => whole.stack.apiUrl };
  const accounts = (): number => customer.scim.control.accounts().users.length;

  it('in mid-run: the newer worker takes over, the older one says why it stops, and nobody is made twice', async () => {
    const run = await api().request(customer.connected.connection, { mode: 'full' });
    await vi.waitUntil(() => accounts() > 10, { timeout: 20_000, interval: 10 });
    newer = await whole.stack.startWorker({ TEST_FORMAT: String(currentFormat + 1) });
    expect(await older.ended).toMatchObject({ code: 1 });
    expect(older.output()).toContain(`The database is in format ${currentFormat + 1}`);
    expect(older.output()).toContain(`which knows formats up to ${currentFormat}`);
    expectSucceeded(await api().waitFor(run));
    expectInStep(customer);
  }, 60_000);

  it('an older worker does not start again, and the API of the older version asks not to be called', async () => {
    await expect(whole.stack.startWorker()).rejects.toThrow(`The database is in format ${currentFormat + 1}`);
    const ready = await fetch(`${apiUrl()}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ checks: { format: 'failed', mongodb: 'ok' } });
  }, 30_000);

  it('the newer one goes on alone', async () => {
    for (let nth = 0; nth < 5; nth += 1) customer.tenant.hire({ givenName: `Later ${nth}` });
    expectSucceeded(await api().sync(customer.connected.connection, { mode: 'delta' }));
    expectInStep(customer);
    await newer.stop();
  }, 60_000);
});
