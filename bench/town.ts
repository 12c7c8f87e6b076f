/** A whole Entrain as it is run: API, workers, queues. */

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { startStack } from '../scripts/demo/stack.ts';
import { defaultAttributes } from '../src/model/connection.ts';
import type { Graph, Lab } from './lab.ts';
import { attributesOf, type Place } from './subjects/access.ts';

export type Town = {
  /** Its database, and what its keys in Redis begin with. */
  readonly name: string;
  connect(place: Place, managers: boolean): Promise<string>;
  request(connection: string, mode?: 'full' | 'delta'): Promise<string>;
  /** From the request to the end, as the run's record says. */
  ended(run: string): Promise<number>;
  cancel(run: string): Promise<void>;
  /** From now on a delta sync comes due this often. */
  every(connection: string, seconds: number): Promise<void>;
  /** Full syncs of these in turn, three at a time, as long as wanted; how long each took. */
  manySyncs(connections: readonly string[], goOn: () => boolean): Promise<readonly number[]>;
  /** Runs a schedule asked for and that ended within this time. */
  scheduled(from: Date, until: Date): Promise<readonly { readonly waitedMs: number; readonly tookMs: number }[]>;
  stop(): Promise<void>;
};

const lanes = 3;
const created = z.object({ id: z.string() });
const record = z.object({ state: z.string(), createdAt: z.date(), finishedAt: z.date().nullable() });
const scheduledRecord = z.object({ createdAt: z.date(), startedAt: z.date(), finishedAt: z.date() });
const pollMs = 10;

/** API and workers as real processes. */
export const openTown = async (lab: Lab, graph: Graph, workers = 1): Promise<Town> => {
  const name = lab.database();
  const stack = await startStack({
    services: lab.services,
    name,
    cloud: { origin: graph.origin, caPem: await readFile(graph.caFile, 'utf8') },
    env: { NODE_OPTIONS: lab.workerFlags.join(' '), ENTRAIN_LOG_LEVEL: 'info' },
    workers: Array.from({ length: workers }, () => ({})),
  });
  const { api } = stack;
  const runs = lab.mongo
    .db(name)
    .collection<{ _id: string; trigger: string; finishedAt: Date | null; cancelRequested: boolean }>('runs');
  const ended = async (run: string): Promise<number> => {
    for (;;) {
      const { state, createdAt, finishedAt } = record.parse(await runs.findOne({ _id: run }));
      if (finishedAt !== null) {
        if (state !== 'succeeded') throw new Error(`A run ended ${state}.`);
        return finishedAt.getTime() - createdAt.getTime();
      }
      await sleep(pollMs);
    }
  };
  const request = async (connection: string, mode: 'full' | 'delta' = 'full') =>
    await api.request(connection, { mode });
  return {
    name,
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
      while ((await runs.findOne({ _id: run, finishedAt: null })) !== null) await sleep(pollMs);
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
      const found = await runs.find({ trigger: 'schedule', finishedAt: { $gte: from, $lt: until } }).toArray();
      return found.map((run) => {
        const { createdAt, startedAt, finishedAt } = scheduledRecord.parse(run);
        return {
          waitedMs: startedAt.getTime() - createdAt.getTime(),
          tookMs: finishedAt.getTime() - startedAt.getTime(),
        };
      });
    },
    stop: () => stack.stop(),
  };
};
