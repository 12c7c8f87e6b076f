/** Being told to wait, and answers that never came: the run takes longer, and nobody is lost or made twice. */

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { changeTenant } from '../../scripts/demo/tour.ts';
import type { FaultInput } from '../../simulator/scim/index.ts';
import {
  type Customer,
  type Customers,
  expectInStep,
  expectSucceeded,
  startCustomers,
  writesOf,
} from '../support/customers.ts';

describe('a run', () => {
  let whole: Customers;
  beforeAll(async () => {
    whole = await startCustomers({ count: 5, users: 60, groups: 3, graph: { deltaPageSize: 10 } });
  }, 60_000);
  afterAll(() => whole.stop());

  const customerOf = (nth: number): Customer => whole.customers[nth] ?? expect.fail('There is no such customer.');
  const sync = async ({ connected }: Customer, mode: 'full' | 'delta') => {
    const run = await whole.stack.api.waitFor(await whole.stack.api.request(connected.connection, { mode }));
    expectSucceeded(run);
    return run;
  };
  const disabled = ({ scim }: Customer): number =>
    scim.control.accounts().users.filter(({ active }) => active === false).length;

  it('that Graph throttles in the middle, page after page, waits and ends with everybody in place', async () => {
    const customer = customerOf(0);
    await sync(customer, 'full');
    const before = disabled(customer);
    const throttled = { fault: { answer: 'throttled', retryAfter: { seconds: 2 } } } as const;
    customer.graph.control.fault({ ...throttled, tenant: customer.tenant.tenantId, path: 'skiptoken', nth: 3 });
    customer.graph.control.fault({ ...throttled, tenant: customer.tenant.tenantId, path: 'batch', nth: 1 });
    await sync(customer, 'full');
    expect(customer.graph.control.counters().byStatus['429']).toBe(2);
    expect(disabled(customer)).toBe(before);
    expectInStep(customer);
  }, 40_000);

  it('that Graph throttles while removals are confirmed takes away exactly who left', async () => {
    const customer = customerOf(0);
    changeTenant(customer);
    customer.graph.control.fault({
      fault: { answer: 'throttled', retryAfter: { seconds: 2 } },
      tenant: customer.tenant.tenantId,
      path: 'getByIds|batch|/users/[0-9a-f]',
    });
    const run = await sync(customer, 'delta');
    expect(run.provision_runs).toMatchObject([{ counters: { created: 1, disabled: 2 } }]);
    expectInStep(customer);
  }, 40_000);

  it('whose target asks to wait is put back for as long, and is not a failure', async () => {
    const customer = customerOf(1);
    const { api } = whole.stack;
    customer.scim.control.addFaults([
      { method: 'POST', nth: 20, times: 3, answer: { kind: 'status', status: 429, retryAfter: { seconds: 3 } } },
    ]);
    const id = await api.request(customer.connected.connection, { mode: 'full' });
    const states = async () => (await api.ask('GET', `/v1/runs/${id}`, detail)).provision_runs;
    await vi.waitUntil(async () => (await states())[0]?.state === 'waiting', { timeout: 20_000, interval: 20 });
    expect(await states()).toMatchObject([
      { state: 'waiting', faults: 0, problem: { resolution_owner: 'target_vendor' } },
    ]);
    const run = await api.waitFor(id);
    expect(run.provision_runs).toMatchObject([{ state: 'succeeded' }]);
    expect(run.provision_runs[0]?.counters.failed).toEqual({});
    expectInStep(customer);
  }, 40_000);

  const unanswered: readonly (readonly [string, number, FaultInput['answer']])[] = [
    ['answers 500 to what it did', 2, { kind: 'status', status: 500, when: 'after' }],
    ['breaks the connection after what it did', 3, { kind: 'reset', when: 'after' }],
    ['breaks the connection before doing anything', 4, { kind: 'reset', when: 'before' }],
  ];
  it.each(unanswered)(
    'whose target %s, now and then, makes nobody twice',
    async (_, nth, answer) => {
      const customer = customerOf(nth);
      customer.scim.control.setKnobs({ userNameCollisions: 'accepted' });
      customer.scim.control.addFaults([5, 9, 30, 31].map((at) => ({ method: 'POST', nth: at, answer })));
      await sync(customer, 'full');
      expectInStep(customer);
      customer.scim.control.clearRequests();
      await sync(customer, 'full');
      expect(writesOf(customer)).toBe(0);
    },
    40_000,
  );
});

const detail = z.object({
  provision_runs: z.array(z.object({ state: z.string(), faults: z.number(), problem: z.unknown() })),
});
