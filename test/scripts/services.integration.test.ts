import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { type Services, startServices } from '../../scripts/services.ts';
import { freshDatabase, freshPrefix } from '../support/fresh.ts';

const silent = () => undefined;

describe('the servers behind the integration tests', () => {
  it('keep what one test writes in a database of its own', async () => {
    const mine = freshDatabase();
    await withMongo(mine.uri, async (db) => {
      expect(db.databaseName).toBe(mine.name);
      await db.collection('people').insertOne({ name: 'Ada' });
    });
    await withMongo(freshDatabase().uri, async (db) => {
      expect(await db.collection('people').countDocuments()).toBe(0);
    });
  });

  it('refuse a second document under a unique index, as MongoDB does', async () => {
    await withMongo(freshDatabase().uri, async (db) => {
      await db.collection('people').createIndex({ mail: 1 }, { unique: true });
      await db.collection('people').insertOne({ mail: 'grace@contoso.example' });
      const again = db.collection('people').insertOne({ mail: 'grace@contoso.example' });
      await expect(again).rejects.toMatchObject({ code: 11000 });
    });
  });

  it('never evict a key and write an append-only file, as BullMQ needs', async () => {
    await withRedis(inject('redisUrl'), async (redis) => {
      expect(await redis.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
      expect(await redis.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
    });
  });

  it('give every test a key prefix of its own', () => {
    expect(freshPrefix().prefix).not.toBe(freshPrefix().prefix);
  });
});

describe('starting servers', () => {
  const running: Services[] = [];
  const start = async (folder?: string) => {
    const services = await startServices({ log: silent, ...(folder === undefined ? {} : { folder }) });
    running.push(services);
    return services;
  };

  afterEach(async () => {
    vi.unstubAllEnvs();
    await Promise.all(running.splice(0).map((services) => services.stop()));
  });

  it('uses the servers that the environment names, and starts none', async () => {
    vi.stubEnv('REDIS_URL', 'redis://redis.example:6379');
    vi.stubEnv('MONGODB_URI', 'mongodb://mongo.example/entrain');
    const services = await start();
    expect(services).toMatchObject({
      redisUrl: 'redis://redis.example:6379',
      mongoUri: 'mongodb://mongo.example/entrain',
    });
  });

  it('finds what was written before a stop, in a folder that is kept', async () => {
    withoutGivenServers();
    const folder = await mkdtemp(join(tmpdir(), 'entrain-kept-'));
    const before = await start(folder);
    await withMongo(before.mongoUri, (db) => db.collection('people').insertOne({ name: 'Ada' }));
    await withRedis(before.redisUrl, (redis) => redis.set('wake', 'sync'));
    await before.stop();

    const after = await start(folder);
    expect(await withMongo(after.mongoUri, (db) => db.collection('people').countDocuments())).toBe(1);
    expect(await withRedis(after.redisUrl, (redis) => redis.get('wake'))).toBe('sync');
    await after.stop();
    await rm(folder, { recursive: true });
  });

  it('refuses a folder that another run is using, and leaves that run alone', async () => {
    withoutGivenServers();
    const folder = await mkdtemp(join(tmpdir(), 'entrain-kept-'));
    const first = await start(folder);
    await expect(startServices({ log: silent, folder })).rejects.toThrow('stopped before it was ready');
    expect(await withRedis(first.redisUrl, (redis) => redis.ping())).toBe('PONG');
    await first.stop();
    await rm(folder, { recursive: true });
  });

  it('leaves nothing behind, not even when its process is killed', async () => {
    withoutGivenServers();
    const owner = spawn(process.execPath, ['--input-type=module', '-e', startsServices], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = await once(owner.stdout, 'data');
    const redisUrl = String(said).trim();
    const folder = await withRedis(redisUrl, async (redis) => (await redis.config('GET', 'dir'))[1] ?? '');
    expect(existsSync(folder)).toBe(true);

    owner.kill('SIGKILL');
    await vi.waitUntil(() => !existsSync(dirname(folder)), { timeout: 15_000 });
    const probe = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
    probe.on('error', () => undefined);
    await expect(probe.connect()).rejects.toThrow();
  });
});

const startsServices = `
  import { startServices } from ${JSON.stringify(join(import.meta.dirname, '../../scripts/services.ts'))};
  const services = await startServices({ log: () => {} });
  console.log(services.redisUrl);
`;

/** These tests start servers of their own, also where the environment names some for the other tests. */
function withoutGivenServers(): void {
  vi.stubEnv('REDIS_URL', '');
  vi.stubEnv('MONGODB_URI', '');
}

async function withMongo<T>(uri: string, use: (db: mongoose.mongo.Db) => Promise<T>): Promise<T> {
  const client = new mongoose.mongo.MongoClient(uri);
  try {
    return await use(client.db());
  } finally {
    await client.close();
  }
}

async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}
