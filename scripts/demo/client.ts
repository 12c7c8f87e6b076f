// What demo and tests ask of the API: any route, and to wait until a run and everything it led to has ended.

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

const byReason = z.record(z.string(), z.number());
const counters = z.object({
  read: z.number(),
  created: z.number(),
  updated: z.number(),
  disabled: z.number(),
  removed: z.number(),
  unchanged: z.number(),
  managers_set: z.number(),
  members_added: z.number(),
  members_removed: z.number(),
  skipped: byReason,
  failed: byReason,
});
const oneRun = z.object({
  id: z.string(),
  connection_id: z.string(),
  kind: z.enum(['sync', 'provision', 'preview', 'reconcile']),
  state: z.string(),
  phase: z.string(),
  target_id: z.string().nullable(),
  counters,
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
});
const run = oneRun.extend({ provision_runs: z.array(oneRun).default([]) });
export type OneRun = z.output<typeof oneRun>;
export type SyncedRun = z.output<typeof run>;

export type ApiClient = {
  /** Throws with the API's own words when the answer is not a 2xx. */
  ask<T>(method: string, path: string, answer: z.ZodType<T>, body?: unknown): Promise<T>;
  /** Requests a sync; resolves with the id of its run. */
  request(connection: string, body: unknown): Promise<string>;
  /** Requests a sync and waits until it and its provision runs have ended. `onProgress` hears where they are. */
  sync(connection: string, body: unknown, onProgress?: (line: string) => void): Promise<SyncedRun>;
  waitFor(id: string, onProgress?: (line: string) => void): Promise<SyncedRun>;
};

const page = z.object({ data: z.array(oneRun) });
const isEnded = ({ state }: OneRun): boolean => ended.has(state);
const ended = new Set(['succeeded', 'partially_succeeded', 'held', 'failed', 'canceled']);
const longestWaitMs = 600_000;

export type Send = (url: string, init: RequestInit) => Promise<Response>;

export const apiClient = (url: string, key: string, send: Send = fetch): ApiClient => {
  const ask: ApiClient['ask'] = async (method, path, answer, body) => {
    const response = await send(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return answer.parse(text === '' ? null : JSON.parse(text));
  };
  /** What a run committed may be provisioned by a run that an earlier one asked for. */
  const isProvisioned = async (connection: string): Promise<boolean> => {
    const { data } = await ask('GET', `/v1/runs?connection_id=${connection}&kind=provision&limit=20`, page);
    return data.every(isEnded);
  };
  const waitFor: ApiClient['waitFor'] = async (id, onProgress = () => {}) => {
    const until = Date.now() + longestWaitMs;
    for (;;) {
      const now = await ask('GET', `/v1/runs/${id}`, run);
      const all = [now, ...now.provision_runs];
      onProgress(all.map(progressOf).join(', '));
      if (all.every(isEnded) && (now.provision_runs.length > 0 || (await isProvisioned(now.connection_id)))) return now;
      if (Date.now() > until)
        throw new Error(
          `Run ${id} did not end within ${longestWaitMs / 60_000} minutes: ${all.map(progressOf).join(', ')}`,
        );
      await sleep(100);
    }
  };
  const request: ApiClient['request'] = async (connection, body) =>
    (await ask('POST', `/v1/connections/${connection}/sync`, z.object({ id: z.string() }), body)).id;
  return {
    ask,
    request,
    waitFor,
    sync: async (connection, body, onProgress) => await waitFor(await request(connection, body), onProgress),
  };
};

const progressOf = ({ kind, state, phase, counters: { read, created, updated } }: OneRun): string =>
  kind !== 'provision'
    ? `read ${read} (${ended.has(state) ? state : phase})`
    : `written ${created + updated} (${ended.has(state) ? state : phase})`;
