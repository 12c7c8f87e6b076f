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
  const limits = redisRateLimits({
    redis,
    prefix,
    digest: (who) => `digest of ${who}`,
    stopwatch: () => {
      const from = time.ms;
      return () => time.ms - from;
    },
    log: createLogger({ level: 'info', to: { write: (line) => said.push(line) } }),
  });
  const limit: RateLimit = limits.limit(quota);
  const left = async (who: string) => {
    const { left, isOver } = await limit.spend(who);
    return isOver ? 'over' : left;
  };
  return { left, limit, limits, time, said };
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

  it('hang in Redis for nobody but whoever asks first, and once again after a while', async () => {
    const prefix = aPrefix();
    const asked: number[] = [];
    const answers: ((answer: [number, number]) => void)[] = [];
    // Takes every question and answers none.
    const silent = new Proxy(corner.redis, {
      get: (redis, name) =>
        name === 'rlflxIncr'
          ? () => {
              asked.push(1);
              return new Promise((answer) => answers.push(answer));
            }
          : Reflect.get(redis, name),
    });
    const { left, limits, time, said } = aProcess(silent, prefix);
    expect(limits.isShared()).toBe(true);
    expect(await left('ann')).toBe(2);
    expect([asked.length, limits.isShared()]).toEqual([1, false]);
    expect(await Promise.all([left('ann'), left('ann'), left('ann')])).toEqual([1, 0, 'over']);
    expect(asked).toHaveLength(1);
    time.ms = 5_000;
    const tried = left('bob');
    expect(await Promise.all([left('bob'), left('bob')])).toEqual([2, 1]);
    expect(asked).toHaveLength(2);
    answers.at(-1)?.([1, 60_000]);
    expect(await tried).toBe(2);
    expect(limits.isShared()).toBe(true);
    expect(said.filter((line) => line.includes('rate_limits.unshared'))).toHaveLength(1);
    expect(said.filter((line) => line.includes('rate_limits.shared'))).toHaveLength(1);
  });

  it('that are too many are known here without another question', async () => {
    const { left, limit } = aProcess(corner.redis, aPrefix());
    for (let nth = 0; nth < 3; nth += 1) await left('ann');
    expect(limit.known('ann')).toBeNull();
    expect(await left('ann')).toBe('over');
    expect(limit.known('ann')).toMatchObject({ isOver: true, left: 0 });
    expect(limit.known('bob')).toBeNull();
  });
});
