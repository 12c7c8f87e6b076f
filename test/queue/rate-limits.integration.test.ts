import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/logger.ts';
import { type RateLimit, redisRateLimits } from '../../src/queue/rate-limits.ts';
import { type Corner, openCorner } from './corner.ts';

let corner: Corner;
beforeAll(async () => {
  corner = await openCorner();
});
afterAll(() => corner.close());

const quota = { name: 'key', calls: 3, windowSecs: 60 };

const aProcess = (redis: Redis, prefix: string) => {
  const said: string[] = [];
  const time = { ms: 0 };
  const limit: RateLimit = redisRateLimits({
    redis,
    prefix,
    digest: (who) => `digest of ${who}`,
    stopwatch: () => {
      const from = time.ms;
      return () => time.ms - from;
    },
    log: createLogger({ level: 'info', to: { write: (line) => said.push(line) } }),
  })(quota);
  const left = async (who: string) => {
    const { left, isOver } = await limit.spend(who);
    return isOver ? 'over' : left;
  };
  return { left, limit, time, said };
};
const aPrefix = () => `${corner.prefix}-${randomBytes(4).toString('hex')}`;

describe('calls that are counted in Redis', () => {
  it('are counted over all processes, for each caller', async () => {
    const prefix = aPrefix();
    const [one, other] = [aProcess(corner.redis, prefix), aProcess(corner.redis, prefix)];
    expect(await one.left('ann')).toBe(2);
    expect(await other.left('ann')).toBe(1);
    expect(await one.left('ann')).toBe(0);
    expect(await other.left('ann')).toBe('over');
    expect(await one.left('ann')).toBe('over');
    expect(await other.left('bob')).toBe(2);
    const { resetSecs } = await other.limit.spend('ann');
    expect(resetSecs).toBeGreaterThan(0);
    expect(resetSecs).toBeLessThanOrEqual(60);
  });

  it('leave nothing in Redis of who called, and nothing that stays', async () => {
    const prefix = aPrefix();
    await aProcess(corner.redis, prefix).left('192.0.2.7');
    const keys = await corner.redis.keys(`${prefix}*`);
    expect(keys).toEqual([`${prefix}:calls:key:digest of 192.0.2.7`]);
    expect(await corner.redis.pttl(keys[0] ?? '')).toBeGreaterThan(0);
  });

  it('are counted by the process alone while Redis is away, and over all again once it is back', async () => {
    const prefix = aPrefix();
    const redis = corner.redis.duplicate();
    redis.on('error', () => {});
    const { left, time, said } = aProcess(redis, prefix);
    redis.disconnect();
    expect(await left('ann')).toBe(2);
    expect(await left('ann')).toBe(1);
    expect(await left('ann')).toBe(0);
    expect(await left('ann')).toBe('over');
    expect(said.filter((line) => line.includes('rate_limits.unshared'))).toHaveLength(1);
    await redis.connect();
    expect(await left('bob')).toBe(2);
    expect(await corner.redis.keys(`${prefix}*`)).toEqual([]);
    time.ms = 5_000;
    expect(await left('bob')).toBe(2);
    expect(await corner.redis.keys(`${prefix}*`)).toHaveLength(1);
    expect(said.filter((line) => line.includes('rate_limits.shared'))).toHaveLength(1);
    redis.disconnect();
  });
});
