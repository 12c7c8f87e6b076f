import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { RateLimit } from '../../../src/queue/rate-limits.ts';
import { type Door, key, limitsOf, openDoor, type Reply } from './door.ts';

let door: Door;
afterEach(() => door.close());

const list = (ask: object = {}) => door.call('GET', '/v1/connections', ask);
const statuses = async (times: number, ask: object = {}): Promise<number[]> => {
  const answered: number[] = [];
  for (let nth = 0; nth < times; nth += 1) answered.push((await list(ask)).status);
  return answered;
};
/** As they are told, without the seconds. */
const leftIn = ({ headers }: Reply): string | undefined => headers.get('ratelimit')?.replaceAll(/t=\d+/g, 't=…');

describe('how many calls somebody may make', () => {
  it('is told in every answer', async () => {
    door = await openDoor({ rateLimits: limitsOf({ ofKey: 50, ofAddress: 80 }) });
    const first = await list();
    expect(first.headers.get('ratelimit-policy')).toBe('"address";q=80;w=60, "key";q=50;w=60');
    expect(leftIn(first)).toBe('"address";r=79;t=…, "key";r=49;t=…');
    expect(leftIn(await door.call('GET', '/v1/nothing-here'))).toBe('"address";r=78;t=…, "key";r=48;t=…');
    expect(leftIn(await list({ key: null }))).toBe('"address";r=77;t=…');
  });

  it('is asked of address and key at once, so that a call waits for one answer', async () => {
    const limits = limitsOf({ ofKey: 50, ofAddress: 80 });
    const asked: string[] = [];
    const arrived: (() => void)[] = [];
    /** Answers no question before the other one is asked, too. */
    const together = (name: string, limit: RateLimit): RateLimit => ({
      ...limit,
      spend: async (who) => {
        asked.push(name);
        await new Promise<void>((resolve) => {
          arrived.push(resolve);
          if (arrived.length === 2) for (const go of arrived.splice(0)) go();
        });
        return await limit.spend(who);
      },
    });
    door = await openDoor({
      rateLimits: { ...limits, key: together('key', limits.key), address: together('address', limits.address) },
    });
    expect((await list()).status).toBe(200);
    expect(asked.toSorted()).toEqual(['address', 'key']);
  });

  it('is not even looked up for an address of which it is known that it made too many', async () => {
    const limits = limitsOf({ ofKey: 50, ofAddress: 80 });
    const looked: string[] = [];
    const quota = { name: 'address', calls: 80, windowSecs: 60 };
    door = await openDoor({
      rateLimits: {
        ...limits,
        address: { ...limits.address, known: () => ({ quota, left: 0, resetSecs: 7, isOver: true }) },
      },
      break: (commands) => ({
        ...commands,
        callerWith: async (text: string) => {
          looked.push(text);
          return null;
        },
      }),
    });
    const refused = await list({ key: `entrain_${'0'.repeat(32)}_${'x'.repeat(43)}` });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '7']);
    expect(looked).toEqual([]);
  });

  it('is limited for each key', async () => {
    door = await openDoor({ rateLimits: limitsOf({ ofKey: 3, ofAddress: 100 }) });
    const made = await door.call('POST', '/v1/api-keys', { body: { name: 'product', scopes: ['read'] } });
    const other = z.looseObject({ key: z.string() }).parse(made.body).key;
    expect(await statuses(3)).toEqual([200, 200, 429]);
    const over = await list();
    expect(over.body).toMatchObject({
      code: 'rate_limited',
      detail: expect.stringContaining('more than 3 calls in 60 s'),
    });
    expect(over.headers.get('retry-after')).toMatch(/^([1-9]|[1-5]\d|60)$/);
    expect(leftIn(over)).toContain('"key";r=0');
    expect(await statuses(2, { key: other })).toEqual([200, 200]);
    const logged = door.said.filter((line) => line.includes('request.answered') && line.includes('"status":429'));
    expect(logged).toHaveLength(2);
    for (const line of logged) expect(line).toContain('"caller":"product"');
  });

  it('does nothing of a call that is one too many', async () => {
    door = await openDoor({ rateLimits: limitsOf({ ofKey: 1, ofAddress: 100 }) });
    await list();
    const body = { name: 'one too many', scopes: ['read'] };
    expect((await door.call('POST', '/v1/api-keys', { body })).status).toBe(429);
    expect((await door.stores.apiKeys.list(null, 10)).items).toEqual([]);
  });

  it('is limited for each address, whoever calls; the platform may ask as often as it likes', async () => {
    door = await openDoor({ rateLimits: limitsOf({ ofKey: 100, ofAddress: 2 }) });
    expect(await statuses(3)).toEqual([200, 200, 429]);
    expect(await statuses(1, { key: null })).toEqual([429]);
    expect((await door.call('GET', '/v1/openapi.json', { key: null })).status).toBe(429);
    expect((await door.call('GET', '/connect/callback', { key: null })).status).toBe(429);
    expect((await door.call('GET', '/livez', { key: null })).status).toBe(200);
    expect((await door.call('GET', '/readyz', { key: null })).status).toBe(200);
  });
});

describe('whoever comes with wrong keys', () => {
  it('is refused after ten of them, and a right key from there is not', async () => {
    door = await openDoor({ rateLimits: limitsOf({ ofKey: 100, ofAddress: 100 }) });
    const wrong = `entrain_${'0'.repeat(32)}_${'x'.repeat(43)}`;
    expect(await statuses(10, { key: wrong })).toEqual(Array.from({ length: 10 }, () => 401));
    const over = await list({ key: 'another-wrong-key' });
    expect(over.status).toBe(429);
    expect(over.body).toMatchObject({ detail: expect.stringContaining('10 calls with a wrong key in 900 s') });
    expect(await statuses(1, { key: null })).toEqual([401]);
    expect(await statuses(1, { key })).toEqual([200]);
  });
});

describe('the address of a caller', () => {
  const from = (forwarded: string) => list({ headers: { 'x-forwarded-for': forwarded } });
  const openBehind = async (trustedProxies: number) => {
    door = await openDoor({ config: { trustedProxies }, rateLimits: limitsOf({ ofKey: 100, ofAddress: 2 }) });
  };

  it('is that of the connection, whatever a header says', async () => {
    await openBehind(0);
    expect((await from('192.0.2.1')).status).toBe(200);
    expect((await from('192.0.2.2')).status).toBe(200);
    expect((await from('192.0.2.3')).status).toBe(429);
  });

  it('is what our own proxy adds, and nothing that a caller wrote before it', async () => {
    await openBehind(1);
    for (const forged of ['198.51.100.1', '198.51.100.2']) await from(`${forged}, 192.0.2.1`);
    expect((await from('198.51.100.3, 192.0.2.1')).status).toBe(429);
    expect((await from('198.51.100.3, 192.0.2.2')).status).toBe(200);
    expect((await from('2001:db8::1')).status).toBe(200);
  });
});
