/** A whole Entrain as it is run: API, workers, queues. */

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { startStack } from '../scripts/demo/stack.ts';
import { defaultAttributes } from '../src/model/connection.ts';
import { endOf, type RunRecord } from './ended-runs.ts';
import type { Graph, Lab } from './lab.ts';
import { attributesOf, type Place } from './subjects/access.ts';

export type Town = {
  /** Its database, and what its keys in Redis begin with. */
  readonly name: string;
  /** The group of processes of its first worker. */
  readonly worker: number;
  connect(place: Place, managers: boolean): Promise<string>;
  request(connection: string, mode?: 'full' | 'delta'): Promise<string>;
  /** From the request to the end, as the run's record says. */
  ended(run: string): Promise<number>;
  cancel(run: string): Promise<void>;
  /** From now on a delta sync comes due this often. */
  every(connection: string, seconds: number): Promise<void>;
  /** Full syncs of these in turn, three at a time, as long as wanted; how long each took. */
  manySyncs(connections: readonly string[], goOn: () => boolean): Promise<readonly number[]>;
  /** Delta syncs that a schedule asked for. */
  scheduled(from: Date, until: Date): Promise<Scheduled>;
  stop(): Promise<void>;
};

export type Scheduled = {
  /** Asked for within this time. */
  readonly asked: number;
  /** Ended within this time, and well. One that ended otherwise is thrown. */
  readonly ended: readonly { readonly waitedMs: number; readonly tookMs: number }[];
};

const lanes = 3;
const created = z.object({ id: z.string() });
const scheduledRecord = z.object({
  state: z.string(),
  createdAt: z.date(),
  startedAt: z.date(),
  finishedAt: z.date(),
});

/** API and workers as real processes. */
export const openTown = async (lab: Lab, graph: Graph, workers = 1): Promise<Town> => {
  const name = lab.database();
  const stack = await startStack({
    services: lab.services,
    name,
    cloud: { origin: graph.origin, caPem: await readFile(graph.caFile, 'utf8') },
    env: { NODE_OPTIONS: lab.workerFlags.join(' '), ENTRAIN_LOG_LEVEL: 'info' },
    workers: [],
  });
  const { api } = stack;
  const { group: worker } = await stack.startWorker();
  for (let more = 1; more < workers; more += 1) await stack.startWorker();
  const runs = lab.mongo.db(name).collection<RunRecord>('runs');
  const end = endOf(runs);
  const ended = async (run: string): Promise<number> => {
    const { state, createdAt, finishedAt } = await end(run);
    if (state !== 'succeeded') throw new Error(`A run ended ${state}.`);
    return finishedAt.getTime() - createdAt.getTime();
  };
  const request = async (connection: string, mode: 'full' | 'delta' = 'full') =>
    await api.request(connection, { mode });
  return {
    name,
    worker,
    connect: async ({ tenant }, managers) => {
      const user = managers ? undefined : attributesOf(defaultAttributes.user);
      const { id } = await api.ask('POST', '/v1/connections', created, {
        vendor: 'MS_ENTRA',
        organization_id: 'bench',
        name: tenant.tenantId,
        cloud: 'custom',
        tenant_id: tenant.tenantId,
        client_id: tenant.clientId,
        client_secret: tenant.clientSecret,
        timeout_secs: 7_200,
        ...(user === undefined ? {} : { attributes: { user } }),
      });
      return id;
    },
    request,
    ended,
    cancel: async (run) => {
      await api.ask('POST', `/v1/runs/${run}/cancel`, z.unknown());
      await end(run);
    },
    every: async (connection, seconds) => {
      await api.ask('PATCH', `/v1/connections/${connection}`, z.unknown(), { refresh_interval_secs: seconds });
    },
    manySyncs: async (connections, goOn) => {
      const times: number[] = [];
      const lane = async (first: number): Promise<void> => {
        for (let at = first; goOn(); at += lanes) {
          const connection = connections[at % connections.length];
          if (connection !== undefined) times.push(await ended(await request(connection)));
        }
      };
      await Promise.all(Array.from({ length: lanes }, (_, first) => lane(first)));
      return times;
    },
    scheduled: async (from, until) => {
      const within = { $gte: from, $lt: until };
      const due = { trigger: 'schedule', mode: 'delta' };
      const found = z.array(scheduledRecord).parse(await runs.find({ ...due, finishedAt: within }).toArray());
      const failed = found.filter(({ state }) => state !== 'succeeded');
      if (failed.length > 0) throw new Error(`${failed.length} of ${found.length} runs ended ${failed[0]?.state}.`);
      return {
        asked: await runs.countDocuments({ ...due, createdAt: within }),
        ended: found.map(({ createdAt, startedAt, finishedAt }) => ({
          waitedMs: startedAt.getTime() - createdAt.getTime(),
          tookMs: finishedAt.getTime() - startedAt.getTime(),
        })),
      };
    },
    stop: () => stack.stop(),
  };
};
