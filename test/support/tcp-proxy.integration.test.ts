/** The servers that we stand on, reached through a line that can be disturbed: their drivers get over it. */

import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { afterEach, describe, expect, it } from 'vitest';
import { freshDatabase, freshPrefix } from './fresh.ts';
import { startTcpProxy, throughProxy, upstreamOf } from './tcp-proxy.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const shortPatience = { socketTimeoutMS: 500, connectTimeoutMS: 500, serverSelectionTimeoutMS: 500 };

describe('MongoDB behind the proxy', () => {
  const open = async () => {
    const { uri } = freshDatabase();
    const proxy = await startTcpProxy(upstreamOf(uri));
    closers.push(proxy.close);
    const client = new mongoose.mongo.MongoClient(throughProxy(uri, proxy), shortPatience);
    closers.push(() => client.close());
    return { proxy, people: client.db().collection('people') };
  };

  it('is the same MongoDB, also when it listens on a Unix socket', async () => {
    const { proxy, people } = await open();
    await people.insertMany(Array.from({ length: 2_000 }, (_, number) => ({ number, text: 'x'.repeat(500) })));
    expect(await people.countDocuments()).toBe(2_000);
    expect((await people.find().toArray()).length).toBe(2_000);
    expect(proxy.carried().up).toBeGreaterThan(1_000_000);
  });

  it('answers again after each disturbance', async () => {
    const { proxy, people } = await open();
    await people.insertOne({ name: 'Ada' });
    const count = () => people.countDocuments();
    for (const by of ['rst', 'fin'] as const) {
      proxy.cut(by);
      await expect.poll(count).toBe(1);
    }
    for (const line of [
      { state: 'truncating', way: 'down', afterBytes: 40, by: 'rst' },
      { state: 'black_hole' },
    ] as const) {
      proxy.set(line);
      await expect(count()).rejects.toThrow();
      proxy.set({ state: 'clear' });
      await expect.poll(count, { timeout: 5_000 }).toBe(1);
    }
  });
});

describe('Redis behind the proxy', () => {
  it('answers again after each disturbance', async () => {
    const { prefix, url } = freshPrefix();
    const proxy = await startTcpProxy(upstreamOf(url));
    closers.push(proxy.close);
    const redis = new Redis(throughProxy(url, proxy), { retryStrategy: () => 10 });
    redis.on('error', () => {});
    closers.push(() => redis.disconnect());
    await redis.set(`${prefix}:name`, 'Ada');
    proxy.cut('rst');
    expect(await redis.get(`${prefix}:name`)).toBe('Ada');
    proxy.set({ state: 'truncating', way: 'up', afterBytes: 3, by: 'fin' });
    const asked = redis.get(`${prefix}:name`);
    await expect.poll(() => proxy.carried().up).toBeGreaterThan(0);
    proxy.set({ state: 'clear' });
    expect(await asked).toBe('Ada');
  });
});
