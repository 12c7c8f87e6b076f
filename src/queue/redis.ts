/** Connections to Redis: one kind for whoever adds jobs, one for workers. */

import { Redis } from 'ioredis';
import type { Way } from '../core/plain-ways.ts';

/** For adding jobs: fails at once when Redis is down, because what is wanted stands in MongoDB and somebody waits for the answer. */
export const producerConnection = (url: string): Redis =>
  new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: 1_000,
    connectTimeout: 2_000,
  });

/** For workers: waits for Redis as long as it takes (BullMQ requires `maxRetriesPerRequest: null`). */
export const workerConnection = (url: string): Redis =>
  new Redis(url, { lazyConnect: true, maxRetriesPerRequest: null });

/** How the client itself understands an address. Rejects where it is none. */
export const wayToRedis = async (url: string): Promise<Way> => {
  const { host = 'localhost', path, tls } = new Redis(url, { lazyConnect: true }).options;
  return { server: 'Redis', hosts: path ? [] : [host], tls: tls ? 'proved' : 'none' };
};

/** Redis must never throw away a job to make room: an evicted key is a lost schedule that nobody notices. */
export class RedisUnfit extends Error {
  override readonly name = 'RedisUnfit';
}

export const assertNoEviction = async (redis: Redis): Promise<void> => {
  const policy = await evictionPolicy(redis);
  if (policy === 'noeviction') return;
  throw new RedisUnfit(
    `Redis has maxmemory-policy ${policy}: under memory pressure it would drop jobs and schedules without a word. ` +
      'Set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in redis.conf or the parameter group of a managed Redis) and start again.',
  );
};

/** From INFO, which managed services answer even where CONFIG is forbidden. */
const evictionPolicy = async (redis: Redis): Promise<string> => {
  const memory = await redis.info('memory');
  return /^maxmemory_policy:(?<policy>\S+)/m.exec(memory)?.groups?.['policy'] ?? 'unknown';
};
