/** The real door over stores in memory, on a port of its own. Every answer it gives is held against its documented schema. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect } from 'vitest';
import { z } from 'zod';
import type { ReadinessCheck } from '../../../src/admin/api/health.ts';
import { allRoutes, createApi } from '../../../src/admin/api/index.ts';
import { problemSchema } from '../../../src/admin/api/problem.ts';
import { quotasOf, type RateLimits } from '../../../src/admin/api/rate-limits.ts';
import type { Route } from '../../../src/admin/api/route.ts';
import { type Commands, type CommandsWithin, commands } from '../../../src/admin/commands.ts';
import type { House } from '../../../src/admin/house.ts';
import type { IdentityProvider } from '../../../src/admin/identity-provider.ts';
import { createMetrics, type Metrics } from '../../../src/admin/metrics.ts';
import type { Config } from '../../../src/config.ts';
import { reachOf } from '../../../src/core/access.ts';
import { openEgress } from '../../../src/egress/index.ts';
import { signMessage } from '../../../src/egress/sign.ts';
import type { ClockReading } from '../../../src/engine/clock.ts';
import { unobserved } from '../../../src/engine/engine.ts';
import { createLogger } from '../../../src/logger.ts';
import { defaultCeilings } from '../../../src/model/ceilings.ts';
import { secret } from '../../../src/model/secret.ts';
import type { Queues } from '../../../src/queue/queues.ts';
import { memoryRateLimit, type RateLimit, type Spent } from '../../../src/queue/rate-limits.ts';
import type { Wakeups } from '../../../src/queue/wakeups.ts';
import { cloudInWords } from '../../../src/source/graph/clouds.ts';
import { permissionsNeeded } from '../../../src/source/graph/permissions.ts';
import type { ToProve } from '../../../src/source/source.ts';
import { createKeyProofs } from '../../../src/store/key-proofs.ts';
import { parserOf, pathsOf } from '../../../src/target/registry.ts';
import { stopwatchBy } from '../../support/story.ts';
import { noteTarget, noteTargetKind } from './note-target.ts';
import { memoryStores } from './stores.ts';
import { emptyTenant } from './tenant.ts';

export const key = 'the-key-of-the-product-0123456789';
/** Of somebody else. */
export const secondKey = 'the-key-of-the-desk-01234567890ab';

export type Reply = { readonly status: number; readonly body: unknown; readonly headers: Headers };
export type Ask = {
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: string | null;
  readonly redirect?: 'manual';
};
type Options = {
  readonly config?: Partial<
    Pick<Config, 'metrics' | 'publicUrl' | 'trustedProxies' | 'customCloud' | 'returnUrls' | 'workload' | 'ceilings'>
  >;
  readonly leastApprovals?: 1 | 2;
  /** What may be called beside the public internet. */
  readonly egressAllow?: readonly string[];
  readonly readiness?: readonly ReadinessCheck[];
  readonly clock?: () => ClockReading;
  readonly metrics?: Metrics;
  readonly queues?: Queues;
  /** Without, nobody comes near a limit. */
  readonly rateLimits?: RateLimits;
  readonly identityProvider?: IdentityProvider;
  /** What the door stands on, in place of what it would. */
  readonly room?: (defaults: House) => Partial<House>;
  /** What a caller may do, as it is carried out. */
  readonly break?: (commands: CommandsWithin) => CommandsWithin;
  /** What is asked before it is known who calls. */
  readonly breakHall?: (commands: Commands) => Commands;
};

export const openDoor = async (options: Options = {}) => {
  const said: string[] = [];
  const checked: ToProve[] = [];
  const woken: string[] = [];
  const clock = { now: new Date('2026-11-02T09:00:00Z') };
  const queue = { down: false };
  const stores = memoryStores(() => clock.now);
  const log = createLogger({ level: 'debug', to: { write: (line) => said.push(line) } });
  const defaults: House = {
    stores,
    keyProofs: createKeyProofs(new Uint8Array(32)),
    encryptionKeys: async () => ({ current: 'local:now', proves: 'local:now', configured: ['local:now'] }),
    wakeups: queueOf(woken, queue),
    connectSource: (_connection, secrets) => emptyTenant(secrets, clientSecret, checked),
    connectSourceOnce: (_connection, secrets) => emptyTenant(secrets, clientSecret, checked),
    connectTarget: noteTarget,
    parseTarget: parserOf([noteTargetKind]),
    targetPaths: pathsOf([noteTargetKind]),
    leastApprovals: options.leastApprovals ?? 1,
    observe: unobserved,
    world: {
      now: () => clock.now,
      stopwatch: stopwatchBy(() => clock.now),
      random: () => 0.5,
      // As good as at once, but others have their turn.
      sleep: async () => {
        await new Promise(setImmediate);
      },
      log,
    },
    ourApp: null,
    egress: openEgress({ allow: options.egressAllow ?? [] }),
    sign: signMessage,
    canBeNotified: true,
    identityProvider: options.identityProvider ?? null,
    cloudInWords,
    permissionsNeeded,
    config: {
      customCloud: null,
      returnUrls: [],
      workload: null,
      publicUrl: null,
      ceilings: defaultCeilings,
      ...options.config,
    },
  };
  const house: House = { ...defaults, ...options.room?.(defaults) };
  const working = commands(house);
  const broken = options.breakHall?.(working) ?? working;
  const closing = new AbortController();
  const routes = allRoutes(options.config?.publicUrl ?? null);
  const api = createApi({
    commands: {
      ...broken,
      within: (reach) => options.break?.(broken.within(reach)) ?? broken.within(reach),
    },
    config: {
      apiKeys: [apiKey('product', key), apiKey('desk', secondKey)],
      metrics: 'key',
      publicUrl: null,
      trustedProxies: 0,
      ...options.config,
    },
    log,
    readiness: options.readiness ?? [],
    clock: options.clock ?? (() => ({ state: 'fine', aheadMs: 12 })),
    nowMs: () => clock.now.getTime(),
    metrics: options.metrics ?? createMetrics(),
    rateLimits: options.rateLimits ?? generous(),
    closing: closing.signal,
    queues: options.queues ?? null,
    identityProvider: house.identityProvider,
  });
  const server = createServer(api).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = z.object({ port: z.number() }).parse(server.address());
  const base = `http://127.0.0.1:${address.port}`;

  return {
    base,
    stores,
    /** The operator's. */
    commands: { ...working, ...working.within(reachOf({ organizations: null })) },
    within: working.within,
    routes,
    woken,
    queue,
    clock,
    /** Everything that left the process: answers and log lines. */
    said,
    /** What the checks of a tenant were asked to prove. */
    checked,
    async call(method: string, path: string, ask: Ask = {}): Promise<Reply> {
      const content = ask.raw ?? (ask.body === undefined ? null : JSON.stringify(ask.body));
      const response = await fetch(base + path, {
        method,
        redirect: ask.redirect ?? 'follow',
        headers: {
          ...(ask.key === null ? {} : { authorization: `Bearer ${ask.key ?? key}` }),
          ...(content === null ? {} : { 'content-type': 'application/json' }),
          ...ask.headers,
        },
        body: content,
      });
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
      if (isStream) await response.body?.cancel();
      const text = isStream ? '' : await response.text();
      said.push(text, JSON.stringify([...response.headers]));
      const json = /[/+]json/.test(response.headers.get('content-type') ?? '');
      const reply = { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers };
      if (path.startsWith('/v1') && path !== '/v1/openapi.json') expectDocumented(routes, method, path, reply);
      return reply;
    },
    /** What a process does first when it is to end. */
    closing,
    async close(): Promise<void> {
      closing.abort();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};
export type Door = Awaited<ReturnType<typeof openDoor>>;

export const idOf = ({ body }: Reply): string => z.looseObject({ id: z.string() }).parse(body).id;
const page = z.object({ data: z.array(z.looseObject({})), next_cursor: z.string().nullable() });
export const pageOf = ({ body }: Reply): z.infer<typeof page> => page.parse(body);

export const organization = 'acme';
export const tenantId = '0b7a5d1c-6f0e-4d5a-8f38-2f4e1c9d7a10';
export const clientId = '5b0f0c9e-7a3d-4c55-9a9d-4f6f3f6f1e21';
export const clientSecret = 'CANARY~client-secret';
export const newConnection = {
  vendor: 'MS_ENTRA',
  organization_id: organization,
  tenant_id: tenantId,
  client_id: clientId,
  client_secret: clientSecret,
};
export const newTarget = { kind: 'note', settings: { url: 'https://notes.example/scim', token: 'CANARY~token' } };

export const addConnection = async (door: Door, fields: object = {}): Promise<string> =>
  idOf(await door.call('POST', '/v1/connections', { body: { ...newConnection, ...fields } }));
export const addTarget = async (door: Door, connection: string, fields: object = {}): Promise<string> =>
  idOf(await door.call('POST', `/v1/connections/${connection}/targets`, { body: { ...newTarget, ...fields } }));

/** With a connection and a target of it. */
export const openWithTarget = async (): Promise<{ door: Door; connection: string; target: string }> => {
  const door = await openDoor();
  const connection = await addConnection(door);
  return { door, connection, target: await addTarget(door, connection) };
};

const apiKey = (name: string, text: string) => ({ name, digest: secret(createHash('sha256').update(text).digest()) });

/** As in service, with other numbers. */
export const limitsOf = (calls: {
  readonly ofKey: number;
  readonly ofAddress: number;
  readonly wrongKeys?: number;
  readonly strangeNotifications?: number;
  readonly heardAmongStrange?: number;
}) => {
  const quotas = quotasOf({ wrongKeys: 10, ...calls });
  const { strangeNotifications = quotas.strangeNotifications.calls } = calls;
  const { heardAmongStrange = quotas.heardAmongStrange.calls } = calls;
  return {
    key: memoryRateLimit(quotas.key),
    address: memoryRateLimit(quotas.address),
    wrongKeys: memoryRateLimit(quotas.wrongKeys),
    refusedSignIns: memoryRateLimit(quotas.refusedSignIns),
    strangeNotifications: remembering(memoryRateLimit({ ...quotas.strangeNotifications, calls: strangeNotifications })),
    heardAmongStrange: memoryRateLimit({ ...quotas.heardAmongStrange, calls: heardAmongStrange }),
  };
};
/** As one in Redis does, whoever was over. */
const remembering = ({ spend }: RateLimit): RateLimit => {
  const over = new Map<string, Spent>();
  return {
    spend: async (who) => {
      const spent = await spend(who);
      if (spent.isOver) over.set(who, spent);
      return spent;
    },
    known: (who) => over.get(who) ?? null,
  };
};
const generous = () => limitsOf({ ofKey: 1_000_000, ofAddress: 1_000_000, wrongKeys: 1_000_000 });

const queueOf = (woken: string[], queue: { down: boolean }): Wakeups => {
  const note = async (line: string) => {
    if (queue.down) throw new Error('connect ECONNREFUSED 127.0.0.1:6379');
    woken.push(line);
  };
  return {
    sync: (connection, urgency) => note(`sync ${connection} ${urgency}`),
    provision: (target, urgency) => note(`provision ${target} ${urgency}`),
    schedule: ({ id, refreshIntervalSecs }) => note(`schedule ${id} ${refreshIntervalSecs}`),
    unschedule: (connection) => note(`unschedule ${connection}`),
  };
};

const expectDocumented = (routes: readonly Route[], method: string, path: string, reply: Reply): void => {
  const { status, body, headers } = reply;
  expect(headers.get('trace-id')).toMatch(/^[0-9a-f]{32}$/);
  if (status >= 400) {
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    const problem = problemSchema.parse(body);
    expect(problem.status).toBe(status);
    expect(problem.trace_id).toBe(headers.get('trace-id'));
    return;
  }
  const route = routes.find(
    (route) => route.method === method.toLowerCase() && templateOf(route.path).test(path.replace(/\?.*/, '')),
  );
  const documented = [route?.answer, ...(route?.also ?? [])].map((answer) => answer?.status);
  expect(documented, `${method} ${path} is documented`).toContain(status);
  if (status !== route?.answer.status) return;
  if (route.answer.as !== 'lines') route.answer.schema?.parse(body);
};

const templateOf = (path: string): RegExp => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
