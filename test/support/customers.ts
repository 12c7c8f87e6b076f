/** Several customers of one Entrain: each with a tenant of its own in one simulated cloud, and a target of its own. */

import { expect, inject } from 'vitest';
import { z } from 'zod';
import type { SyncedRun } from '../../scripts/demo/client.ts';
import { type Stack, type StackOptions, startStack } from '../../scripts/demo/stack.ts';
import { type Connected, connect, disagreements, type Tour, tourTenant } from '../../scripts/demo/tour.ts';
import { type GraphOptions, type GraphSimulator, startGraph, type TenantControl } from '../../simulator/graph/index.ts';
import { type ScimOptions, startScim } from '../../simulator/scim/index.ts';
import { connectionId } from '../../src/model/ids.ts';
import type { SyncMode } from '../../src/model/run.ts';
import { schedulerId } from '../../src/queue/names.ts';
import { offsetOf } from '../../src/queue/schedules.ts';
import { freshPrefix } from './fresh.ts';

export type Customer = Tour & { readonly tenant: TenantControl; readonly connected: Connected };
export type Customers = {
  readonly stack: Stack;
  /** The whole cloud; a customer's own `graph` shows its tenant alone. */
  readonly graph: GraphSimulator;
  readonly customers: readonly Customer[];
  stop(): Promise<void>;
};

export type CustomersOptions = {
  readonly count: number;
  /** Of each tenant. */
  readonly users: number;
  readonly groups: number;
  readonly graph?: Omit<GraphOptions, 'tenants'>;
  readonly scim?: ScimOptions;
  readonly stack?: Partial<StackOptions>;
};

export const startCustomers = async (options: CustomersOptions): Promise<Customers> => {
  const closers: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.toReversed()) await close();
  };
  try {
    const tenant = { ...tourTenant(options.users), groups: options.groups };
    const graph = await startGraph({ ...options.graph, tenants: Array.from({ length: options.count }, () => tenant) });
    closers.push(graph.close);
    const stack = await startStack({
      services: { mongoUri: inject('mongoUri'), redisUrl: inject('redisUrl') },
      name: freshPrefix().prefix,
      cloud: { origin: graph.origin, caPem: graph.caPem },
      ...options.stack,
    });
    closers.push(stack.stop);
    const customers: Customer[] = [];
    for (const { tenantId } of graph.tenants) {
      const scim = await startScim(options.scim);
      closers.push(scim.close);
      const tour: Tour = { stack, graph: onlyTenant(graph, tenantId), scim };
      const connected = await connect(tour, { autoApproveFirst: true });
      await keepScheduleFar(stack, connected);
      customers.push({ ...tour, tenant: graph.control.tenant(tenantId), connected });
    }
    return { stack, graph, customers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** A sync that comes due by itself would bring over what a test only looks at. */
const keepScheduleFar = async ({ api }: Stack, { connection }: Connected): Promise<void> => {
  await api.ask('PATCH', `/v1/connections/${connection}`, z.unknown(), {
    refresh_interval_secs: farSecs(connection, 'delta', 604_800),
    full_sync_interval_secs: farSecs(connection, 'full', 2_592_000),
  });
};

/** The longest interval whose next tick is more than an hour away. */
const farSecs = (connection: string, mode: SyncMode, longest: number): number => {
  const now = Date.now();
  const id = schedulerId(connectionId(connection), mode);
  let secs = longest;
  while (untilTick(now, secs * 1_000, offsetOf(id, secs * 1_000)) < 3_600_000) secs -= 60;
  return secs;
};

const untilTick = (now: number, every: number, offset: number): number => every - ((now - offset) % every);

const onlyTenant = (graph: GraphSimulator, tenantId: string): GraphSimulator => ({
  ...graph,
  tenants: graph.tenants.filter((tenant) => tenant.tenantId === tenantId),
  control: { ...graph.control, tenant: () => graph.control.tenant(tenantId) },
});

/** It and the provision runs it led to; none when one that was asked for earlier does the same. */
export const expectSucceeded = (run: SyncedRun): void => {
  const states = [run, ...run.provision_runs].map(({ state }) => state);
  expect(new Set(states)).toEqual(new Set(['succeeded']));
};

/** The target is what the tenant is, and nobody was ever made twice there, not even for a moment. */
export const expectInStep = (customer: Customer): void => {
  expect(disagreements(customer)).toEqual([]);
  const { users, groups } = customer.scim.control.accounts();
  const keys = [...users, ...groups].map(({ externalId }) => externalId);
  expect(new Set(keys).size).toBe(keys.length);
  const made = customer.scim.control.requests().filter(({ method, status }) => method === 'POST' && status === 201);
  expect(made.length).toBeLessThanOrEqual(keys.length);
};

export const writesOf = ({ scim }: Customer): number =>
  scim.control.requests().filter(({ method }) => method !== 'GET').length;
