import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connectionId, runId } from '../../../src/model/ids.ts';
import { noCounters } from '../../../src/model/run.ts';
import { addConnection, type Door, idOf, openDoor, key as productKey } from './door.ts';
import { peopleOf, signedInAs } from './people.ts';

/** Time that passes when it is told to: each look at a run waits for it. */
const clockwork = () => {
  const sleepers = new Set<() => void>();
  return {
    sleepers,
    sleep: (_ms: number, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        sleepers.add(resolve);
        signal.addEventListener('abort', () => {
          sleepers.delete(resolve);
          reject(signal.reason);
        });
      }),
    /** One look, once somebody waits for it. */
    tick: async (): Promise<void> => {
      await until(() => sleepers.size > 0);
      for (const wake of sleepers) wake();
      sleepers.clear();
      await new Promise(setImmediate);
    },
    /** Looks on until this has come. */
    ticking: async <T>(awaited: Promise<T>): Promise<T> => {
      let isThere = false;
      const coming = awaited.finally(() => {
        isThere = true;
      });
      while (!isThere) {
        for (const wake of sleepers) wake();
        sleepers.clear();
        await new Promise(setImmediate);
      }
      return coming;
    },
  };
};
const until = async (met: () => boolean): Promise<void> => {
  while (!met()) await new Promise(setImmediate);
};

let clock: ReturnType<typeof clockwork>;
let door: Door;
let looks: number;
let down: boolean;
let run: string;
beforeEach(async () => {
  clock = clockwork();
  looks = 0;
  down = false;
  door = await openDoor({
    config: { publicUrl: 'https://entrain.example' },
    identityProvider: peopleOf(),
    room: ({ world, stores }) => ({
      world: { ...world, sleep: clock.sleep },
      stores: {
        ...stores,
        runs: {
          ...stores.runs,
          get: async (id) => {
            looks += 1;
            if (down) throw new Error('connect ECONNREFUSED 127.0.0.1:27017');
            return stores.runs.get(id);
          },
        },
      },
    }),
  });
  run = idOf(await door.call('POST', `/v1/connections/${await addConnection(door)}/sync`, { body: {} }));
});
afterEach(() => door.close());

type Told = { readonly id: string; readonly name: string; readonly data: Record<string, unknown> };

/** Listens as a browser's EventSource does. */
const listen = async (headers: Readonly<Record<string, string>> = {}, key: string | null = productKey) => {
  const leaving = new AbortController();
  const response = await fetch(`${door.base}/v1/runs/${run}/events`, {
    headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
    signal: leaving.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  /** The next block that is no comment; null: the stream has ended. */
  const next = async (): Promise<Told | null> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        const told = toldIn(block);
        if (told !== null) return told;
        continue;
      }
      const read = await reader?.read();
      if (read === undefined || read.done) return null;
      text += read.value;
    }
  };
  return { response, next, leave: () => leaving.abort() };
};
const toldIn = (block: string): Told | null => {
  const fields = new Map(block.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]));
  if (!fields.has('event')) return null;
  const data = z.record(z.string(), z.unknown()).parse(JSON.parse(fields.get('data') ?? ''));
  return { id: fields.get('id') ?? '', name: fields.get('event') ?? '', data };
};

const start = () => door.stores.runs.start(runId(run), door.clock.now);
const read = (count: number) =>
  door.stores.runs.progress(runId(run), {
    phase: 'read',
    counters: { ...noCounters, read: count },
    place: `page ${count}`,
  });
const finish = () =>
  door.stores.runs.finish(runId(run), 'succeeded', door.clock.now, { counters: noCounters, version: 1, problem: null });

describe('the events of a run', () => {
  it('tell of it as it is, then as it goes on, and end with it', async () => {
    const { response, next } = await listen();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await next()).toMatchObject({ name: 'progress', data: { id: run, state: 'queued' } });
    await start();
    await clock.tick();
    expect(await next()).toMatchObject({ name: 'progress', data: { state: 'running' } });
    await read(999);
    await clock.tick();
    expect(await next()).toMatchObject({ name: 'progress', data: { phase: 'read', counters: { read: 999 } } });
    await finish();
    await clock.tick();
    const last = await next();
    expect(last).toMatchObject({ name: 'end', data: { state: 'succeeded', version: 1 } });
    expect((await door.call('GET', `/v1/runs/${run}`)).body).toMatchObject(last?.data ?? {});
    expect(await next()).toBeNull();
  });

  it('go on where a listener was cut off, at any process', async () => {
    const first = await listen();
    const seen = await first.next();
    first.leave();
    const again = await listen({ 'last-event-id': seen?.id ?? '' });
    await start();
    await clock.tick();
    // What was told before is not told again.
    const running = await again.next();
    expect(running).toMatchObject({ data: { state: 'running' } });
    again.leave();
    await finish();
    const late = await listen({ 'last-event-id': running?.id ?? '' });
    const end = await late.next();
    expect(end).toMatchObject({ name: 'end' });
    // A browser comes back after every end; 204 tells it that there is no more.
    expect((await listen({ 'last-event-id': end?.id ?? '' })).response.status).toBe(204);
  });

  it('are told of what nobody knows: it is refused before the stream begins', async () => {
    const reply = await door.call('GET', `/v1/runs/run_${'0'.repeat(32)}/events`);
    expect(reply.status).toBe(404);
    expect(reply.body).toMatchObject({ code: 'not_found' });
  });

  it('cost one look a second, however many listen, and none when nobody does', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => listen()));
    for (const { next } of all) await next();
    looks = 0;
    await clock.tick();
    await clock.tick();
    expect(looks).toBe(2);
    for (const { leave } of all) leave();
    await until(() => clock.sleepers.size === 0);
    // Each of them is in the log.
    await until(() => door.said.filter((line) => line.includes('"cut_off":true')).length === 10);
  });

  it('pass over looks that failed, and end when none succeeds any more', async () => {
    const { next } = await listen();
    await next();
    down = true;
    for (let nth = 0; nth < 9; nth += 1) await clock.tick();
    down = false;
    await start();
    await clock.tick();
    expect(await next()).toMatchObject({ data: { state: 'running' } });
    down = true;
    for (let nth = 0; nth < 10; nth += 1) await clock.tick();
    expect(await next()).toBeNull();
  });

  it('end when the run is removed with its connection', async () => {
    const { next } = await listen();
    const told = await next();
    await door.stores.runs.erase(connectionId(String(told?.data['connection_id'])));
    await clock.tick();
    expect(await next()).toBeNull();
  });

  it('end when the process does', async () => {
    const { next } = await listen();
    await next();
    door.closing.abort();
    expect(await next()).toBeNull();
  });

  it('end for whoever has lost their key meanwhile', async () => {
    const made = await door.call('POST', '/v1/api-keys', { body: { name: 'desk', scopes: ['read'] } });
    const { key } = z.looseObject({ key: z.string() }).parse(made.body);
    const { next } = await listen({}, key);
    await next();
    await door.call('DELETE', `/v1/api-keys/${idOf(made)}`);
    for (let nth = 0; nth < 2; nth += 1) await clock.tick();
    expect(await next()).toBeNull();
  });

  it('are no use of a session: it is over when idle, also for a browser that comes back to them by itself', async () => {
    const { headers } = await signedInAs(door, ['read']);
    const pass = (minutes: number): void => {
      door.clock.now = new Date(door.clock.now.getTime() + minutes * 60_000);
    };
    const { next } = await listen(headers, null);
    const told = await next();
    pass(20);
    for (let nth = 0; nth < 2; nth += 1) await clock.tick();
    const again = await listen({ ...headers, 'last-event-id': told?.id ?? '' }, null);
    expect(again.response.status).toBe(200);
    pass(11);
    expect((await listen(headers, null)).response.status).toBe(401);
    for (const stream of [next, again.next]) expect(await clock.ticking(stream())).toBeNull();
  });

  it('are told to so many listeners of one key, and to others all the same', async () => {
    const made = await door.call('POST', '/v1/api-keys', { body: { name: 'desk', scopes: ['read'] } });
    const { key } = z.looseObject({ key: z.string() }).parse(made.body);
    const all = await Promise.all(Array.from({ length: 20 }, () => listen()));
    const { response } = await listen();
    expect(response.status).toBe(429);
    expect((await listen({}, key)).response.status).toBe(200);
    all[0]?.leave();
    while ((await listen()).response.status !== 200) await new Promise(setImmediate);
  });

  it('answer a question for their headers alone', async () => {
    const response = await fetch(`${door.base}/v1/runs/${run}/events`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${productKey}` },
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  });
});
