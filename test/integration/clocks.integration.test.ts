/** Workers on machines whose clocks are wrong by a day: all of them go by the clock of the database. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { freePort } from '../../scripts/services/child.ts';
import { type Customer, type Customers, expectInStep, expectSucceeded, startCustomers } from '../support/customers.ts';

const day = 86_400_000;
const minute = 60_000;

describe('two workers whose clocks are two days apart', () => {
  let whole: Customers;
  let customer: Customer;
  beforeAll(async () => {
    whole = await startCustomers({ count: 1, users: 60, groups: 2, stack: { workers: [] } });
    customer = whole.customers[0] ?? expect.fail('There is no customer.');
  }, 60_000);
  afterAll(() => whole.stop());

  const startWorker = async (aheadMs: number) => {
    const port = await freePort();
    const worker = await whole.stack.startWorker({
      TEST_CLOCK_AHEAD_MS: String(aheadMs),
      ENTRAIN_WORKER_PORT: String(port),
    });
    return { worker, url: `http://127.0.0.1:${port}` };
  };
  const sync = async (mode: 'full' | 'delta') => {
    const { api } = whole.stack;
    return await api.waitFor(await api.request(customer.connected.connection, { mode }));
  };
  const timesOf = async (id: string) => {
    const times = z.object({ created_at: z.coerce.date(), started_at: z.coerce.date(), finished_at: z.coerce.date() });
    return Object.values(await whole.stack.api.ask('GET', `/v1/runs/${id}`, times));
  };

  it('write down the same time, and one look by each is not two looks ten minutes apart', async () => {
    const behind = await startWorker(-day);
    const first = await sync('full');
    expectSucceeded(first);
    expectInStep(customer);
    for (const time of await timesOf(first.id)) expect(Math.abs(time.getTime() - Date.now())).toBeLessThan(5 * minute);

    const leaver = String(customer.scim.control.accounts().users[0]?.['externalId']);
    customer.tenant.hardDelete(leaver);
    const account = () => customer.scim.control.accounts().users.find((one) => one['externalId'] === leaver);
    await sync('full');
    expect(account()).toMatchObject({ active: true });
    await behind.worker.stop();

    const ahead = await startWorker(day);
    // Whoever joins is brought over by a run that also looks at whoever is due.
    for (const mode of ['full', 'delta'] as const) {
      const joiner = customer.tenant.hire({ givenName: 'Somebody else' });
      await whole.stack.api.request(customer.connected.connection, { mode });
      const isThere = () => customer.scim.control.accounts().users.some((one) => one['externalId'] === joiner);
      await expect.poll(isThere, { timeout: 20_000 }).toBe(true);
    }
    expect(account()).toMatchObject({ active: true });

    const ready = await fetch(`${ahead.url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ clock: { state: 'far_off' } });
    const metrics = await (await fetch(`${ahead.url}/metrics`)).text();
    const secs = Number(/^entrain_clock_ahead_seconds ([\d.]+)$/m.exec(metrics)?.[1]);
    expect(Math.abs(secs - 86_400)).toBeLessThan(5);
    expect(ahead.worker.output()).toContain('clock.off');
  }, 90_000);
});
