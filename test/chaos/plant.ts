/** A whole installation that may be harmed anywhere: servers, simulators, API and workers, with a line that can be disturbed between each pair. */

import { z } from 'zod';
import { type Stack, startStack } from '../../scripts/demo/stack.ts';
import { tourTenant } from '../../scripts/demo/tour.ts';
import { freePort } from '../../scripts/services/child.ts';
import { type GraphSimulator, startGraph } from '../../simulator/graph/index.ts';
import { startScim } from '../../simulator/scim/index.ts';
import { startTcpProxy, type TcpProxy, upstreamOf } from '../support/tcp-proxy.ts';
import { type Accepted, nothingAccepted } from './accepted.ts';
import { type Calls, patientCalls } from './calls.ts';
import type { Rules } from './rules.ts';
import { type FrailServer, startFrailMongo, startFrailRedis } from './servers.ts';
import { keepUp, type Slot } from './slot.ts';
import { openTown, type Town } from './town.ts';

export type Customer = Town & {
  readonly connection: string;
  readonly target: string;
  readonly line: TcpProxy;
  /** What the API said that it would do. */
  readonly accepted: Accepted;
};

export type Plant = {
  readonly graph: GraphSimulator;
  readonly redis: FrailServer;
  readonly mongo: FrailServer;
  readonly lines: Readonly<Record<string, TcpProxy>>;
  readonly customers: readonly Customer[];
  readonly workers: readonly Slot[];
  readonly api: Slot;
  readonly stack: Stack;
  /** How everybody calls the API. */
  readonly calls: Calls;
  /** When a list last stopped lying; 0: none ever did. */
  readonly lies: { lastMs: number };
  close(): Promise<void>;
};

export type PlantOptions = {
  /** Where servers keep their data. */
  readonly folder: string;
  readonly workers: number;
  /** A tenant and a target for each of these. */
  readonly customers: readonly Rules[];
  /** People in each tenant. */
  readonly users: number;
  readonly random: () => number;
  /** The environment of the next worker, on top of the common one. */
  readonly workerEnv: () => Readonly<Record<string, string>>;
  /** Hears all that the processes of the installation say. */
  readonly heard: (text: string) => void;
};

/** How many effects there were at the targets so far. */
export const effectsOf = ({ customers }: Plant): number =>
  customers.reduce((sum, { scim }) => sum + (scim.control.effects().at(-1)?.number ?? 0), 0);

/** Short times, so that much happens in little of it. */
export const secondLookMs = 5_000;
const times = {
  TEST_LEASE_MS: '6000',
  TEST_LOCK_MS: '3000',
  TEST_RECONCILE_MS: '2000',
  TEST_SECOND_LOOK_MS: String(secondLookMs),
  ENTRAIN_SLICE_SECS: '2',
};
/** Of the API only what goes wrong: it is asked all the time how far a run is. */
const logs = { api: { ENTRAIN_LOG_LEVEL: 'warn' }, worker: { ENTRAIN_LOG_LEVEL: 'info' } };

export const openPlant = async (options: PlantOptions): Promise<Plant> => {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).toReversed()) await one();
  };
  const opened = <T>(thing: T, closeIt: () => Promise<void>): T => {
    closers.push(closeIt);
    return thing;
  };
  try {
    const mongo = await startFrailMongo(`${options.folder}/mongo`);
    opened(mongo, mongo.stop);
    const redis = await startFrailRedis(`${options.folder}/redis`);
    opened(redis, redis.stop);
    const tenant = { ...tourTenant(options.users), groups: 6 };
    const graphLine = await startTcpProxy(null);
    opened(graphLine, graphLine.close);
    const port = await freePort();
    const graph = await startGraph({
      port,
      reachedAs: `https://localhost:${graphLine.port}`,
      tenants: options.customers.map(() => tenant),
      deltaPageSize: 15,
      membersPerPage: 40,
      throttling: false,
    });
    opened(graph, graph.close);
    graphLine.lead({ port });
    const calls = patientCalls(fetch);
    const stack = await startStack({
      services: { mongoUri: mongo.url, redisUrl: redis.url },
      name: 'chaos',
      cloud: graph,
      workers: [],
      env: { ...times, ...logs.api },
      heard: options.heard,
      send: calls.send,
    });
    opened(stack, stack.stop);
    const api = keepUp(stack.startApi, stack.apiProcess);
    opened(api, async () => api.retire());
    const customers: Customer[] = [];
    for (const [nth, rules] of options.customers.entries()) {
      const tenantId = graph.tenants[nth]?.tenantId;
      const scim = await startScim({ latencyMs: 5 });
      opened(scim, scim.close);
      const line = await startTcpProxy(upstreamOf(scim.baseUrl));
      opened(line, line.close);
      const town = openTown(graph.control.tenant(tenantId), scim, rules, options.random);
      const accepted = nothingAccepted();
      customers.push({ ...town, line, accepted, ...(await connectTown(stack, graph, town, line)) });
    }
    const workers = Array.from({ length: options.workers }, () =>
      keepUp(() => stack.startWorker({ ...logs.worker, ...options.workerEnv() })),
    );
    closers.push(async () => {
      for (const worker of workers) worker.retire();
    });
    const scimLines = Object.fromEntries(customers.map(({ line }, nth) => [`scim ${nth + 1}`, line]));
    const lines = { redis: redis.proxy, mongo: mongo.proxy, graph: graphLine, ...scimLines };
    return { graph, redis, mongo, lines, customers, workers, api, stack, calls, lies: { lastMs: 0 }, close };
  } catch (error) {
    await close();
    throw error;
  }
};

/** Exactly so many, of however many there are. */
const upTo = (count: number) => ({ count, percent: 100, floor: count });
const anyNumber = upTo(100_000);

const created = z.object({ id: z.string() });

const connectTown = async (
  { api }: Stack,
  graph: GraphSimulator,
  { tenant, scim, name, rules: { deprovision, limits } }: Town,
  line: TcpProxy,
): Promise<Pick<Customer, 'connection' | 'target'>> => {
  const app = graph.tenants.find(({ tenantId }) => tenantId === tenant.tenantId)?.apps[0];
  const connection = await api.ask('POST', '/v1/connections', created, {
    vendor: 'MS_ENTRA',
    organization_id: 'chaos',
    name,
    cloud: 'custom',
    tenant_id: tenant.tenantId,
    client_id: app?.clientId,
    client_secret: app?.clientSecret,
    refresh_interval_secs: 60,
    full_sync_interval_secs: 3_600,
    // Many leave at once when a server was away for a while.
    ...(limits === null ? { shrink_limit: anyNumber } : {}),
  });
  const target = await api.ask('POST', `/v1/connections/${connection.id}/targets`, created, {
    kind: 'scim',
    name: 'Helpdesk',
    settings: {
      base_url: `http://127.0.0.1:${line.port}/scim/v2`,
      token: scim.token,
      allow_http: true,
      timeout_secs: 5,
    },
    auto_approve_first: limits === null,
    deprovision: { kind: deprovision },
    left_groups: 'delete',
    limits:
      limits === null
        ? {
            deprovisions: anyNumber,
            group_deletes: anyNumber,
            member_removals: anyNumber,
            member_removals_per_group: anyNumber,
          }
        : Object.fromEntries(Object.entries(limits).map(([limit, most]) => [limit, upTo(most)])),
  });
  return { connection: connection.id, target: target.id };
};
