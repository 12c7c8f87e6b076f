import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { createWorkerDoor } from '../../../src/admin/api/door.ts';
import { createMetrics } from '../../../src/admin/metrics.ts';
import type { ClockReading } from '../../../src/engine/clock.ts';
import { silent } from '../../../src/model/world.ts';
import { limitsOf, openDoor } from './door.ts';

const answerOf = async (path: string, options: Parameters<typeof openDoor>[0], key: string | null = null) => {
  const door = await openDoor(options);
  const reply = await door.call('GET', path, key === null ? { key } : {});
  await door.close();
  return { ...reply, said: door.said.join('\n') };
};

it('is alive while the process answers', async () => {
  expect(await answerOf('/livez', {})).toMatchObject({ status: 200, body: { status: 'alive' } });
});

it('is ready when everything it needs is in order', async () => {
  const readiness = ['mongodb', 'redis', 'workers'].map((name) => ({ name, timeoutMs: 1_000, check: async () => {} }));
  expect(await answerOf('/readyz', { readiness })).toMatchObject({
    status: 200,
    body: { status: 'ready', checks: { mongodb: 'ok', redis: 'ok', workers: 'ok' } },
  });
});

it('names what fails, and tells only the log why', async () => {
  const readiness = [
    { name: 'mongodb', timeoutMs: 1_000, check: async () => {} },
    { name: 'redis', timeoutMs: 1_000, check: () => Promise.reject(new Error('maxmemory-policy is allkeys-lru')) },
  ];
  const reply = await answerOf('/readyz', { readiness });
  expect(reply).toMatchObject({
    status: 503,
    body: { status: 'not_ready', checks: { mongodb: 'ok', redis: 'failed' } },
  });
  expect(JSON.stringify(reply.body)).not.toContain('allkeys');
  expect(reply.said).toContain('maxmemory-policy is allkeys-lru');
});

it('is ready with a wrong clock, for nothing is decided by it, and says how wrong', async () => {
  const reply = await answerOf('/readyz', { clock: () => ({ state: 'off', aheadMs: -7_500 }) });
  expect(reply).toMatchObject({ status: 200, body: { clock: { state: 'off', ahead_secs: -7.5 } } });
  const unknown = await answerOf('/readyz', { clock: () => ({ state: 'unknown', aheadMs: null }) });
  expect(unknown).toMatchObject({ body: { clock: { state: 'unknown', ahead_secs: null } } });
});

it('does not wait for something that hangs', async () => {
  let givenUp = false;
  const hanging = (signal: AbortSignal) =>
    new Promise<void>(() => {
      signal.addEventListener('abort', () => {
        givenUp = true;
      });
    });
  const reply = await answerOf('/readyz', { readiness: [{ name: 'workers', timeoutMs: 1, check: hanging }] });
  expect(reply).toMatchObject({ status: 503, body: { checks: { workers: 'failed' } } });
  expect(givenUp).toBe(true);
});

it('asks what it needs once in a second, however many ask it', async () => {
  let asked = 0;
  const check = async () => {
    asked += 1;
  };
  const door = await openDoor({ readiness: [{ name: 'mongodb', timeoutMs: 1_000, check }] });
  const ask = () => door.call('GET', '/readyz', { key: null });
  await Promise.all([ask(), ask(), ask()]);
  door.clock.now = new Date(door.clock.now.getTime() + 999);
  await ask();
  expect(asked).toBe(1);
  door.clock.now = new Date(door.clock.now.getTime() + 1);
  await ask();
  expect(asked).toBe(2);
  await door.close();
});

it('says that something failed, and a second later that it is in order again', async () => {
  let isDown = true;
  const check = async () => {
    if (isDown) throw new Error('It is down.');
  };
  const door = await openDoor({ readiness: [{ name: 'mongodb', timeoutMs: 1_000, check }] });
  const ask = async () => (await door.call('GET', '/readyz', { key: null })).status;
  expect(await ask()).toBe(503);
  isDown = false;
  expect(await ask()).toBe(503);
  door.clock.now = new Date(door.clock.now.getTime() + 1_000);
  expect(await ask()).toBe(200);
  await door.close();
});

it('shows its counts to callers with a key, to everyone or to nobody, as configured', async () => {
  const metrics = createMetrics();
  metrics.reconcilerRepaired(2);
  expect((await answerOf('/metrics', { metrics })).status).toBe(401);
  const scraped = await answerOf('/metrics', { metrics }, 'the key');
  expect(scraped.status).toBe(200);
  expect(scraped.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  expect(scraped.body).toContain('entrain_reconciler_repairs_total 2');
  expect((await answerOf('/metrics', { metrics, config: { metrics: 'open' } })).status).toBe(200);
  expect((await answerOf('/metrics', { metrics, config: { metrics: 'off' } }, 'the key')).status).toBe(404);
});

it('is told by a worker as well, which answers nothing else', async () => {
  const metrics = createMetrics();
  metrics.reconcilerRepaired(3);
  const config = { apiKeys: [], metrics: 'open', publicUrl: null, trustedProxies: 0 } as const;
  const clock = (): ClockReading => ({ state: 'far_off', aheadMs: 86_400_250 });
  const commands = { callerWith: async () => null };
  const rateLimits = limitsOf({ ofKey: 10, ofAddress: 1 });
  const door = createWorkerDoor({
    config,
    log: silent,
    readiness: [],
    clock,
    nowMs: () => 0,
    metrics,
    commands,
    rateLimits,
  });
  const server = createServer(door).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const answer = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}${path}`);
    return [response.status, await response.text()];
  };
  expect(await answer('/livez')).toEqual([200, '{"status":"alive"}']);
  expect(await answer('/readyz')).toEqual([
    200,
    '{"status":"ready","checks":{},"clock":{"state":"far_off","ahead_secs":86400.25}}',
  ]);
  expect(await answer('/metrics')).toEqual([200, expect.stringContaining('entrain_reconciler_repairs_total 3')]);
  expect(await answer('/v1/connections')).toEqual([404, expect.stringContaining('A worker has /livez')]);
  server.close();
  server.closeAllConnections();
});
