/**
 * Counts calls in Redis, so that a limit holds over all processes. While Redis cannot be asked each process counts by itself: a limit that is too
 * generous for a while is better than an API that stands still.
 */

import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { errorFacts } from '../logger.ts';
import type { Log, Stopwatch } from '../model/world.ts';

/** So many calls in a window that begins with the first of them. */
export type Quota = { readonly name: string; readonly calls: number; readonly windowSecs: number };
export type Spent = {
  readonly quota: Quota;
  readonly left: number;
  /** Until the window is over. */
  readonly resetSecs: number;
  /** This call was one more than the quota allows. */
  readonly isOver: boolean;
};
export interface RateLimit {
  /** Counts a call of somebody. Never fails. */
  spend(who: string): Promise<Spent>;
}

type Around = {
  readonly redis: Redis;
  readonly prefix: string;
  /** Tells people apart and says nothing of them: an address is not kept in Redis. */
  readonly digest: (who: string) => string;
  readonly stopwatch: Stopwatch;
  readonly log: Log;
};

/** Makes limits that are counted in the same Redis. */
export const redisRateLimits = (around: Around): ((quota: Quota) => RateLimit) => {
  const asking = carefully(around);
  return (quota) => {
    const options = optionsOf(quota, `${around.prefix}:calls:${quota.name}`);
    // Who is over is refused without asking Redis again.
    const shared = new RateLimiterRedis({
      ...options,
      storeClient: around.redis,
      inMemoryBlockOnConsumed: quota.calls + 1,
    });
    const alone = new RateLimiterMemory(options);
    return {
      spend: async (who) => {
        const digest = around.digest(who);
        return (await asking(() => consume(shared, digest, quota))) ?? consume(alone, digest, quota);
      },
    };
  };
};

/** Counts in this process alone. */
export const memoryRateLimit = (quota: Quota): RateLimit => {
  const limiter = new RateLimiterMemory(optionsOf(quota, quota.name));
  return { spend: (who) => consume(limiter, who, quota) };
};

const optionsOf = ({ calls, windowSecs }: Quota, keyPrefix: string) => ({
  keyPrefix,
  points: calls,
  duration: windowSecs,
});

/** The limiter rejects with a count when it is too high, and with an error when it could not count. */
const consume = async (limiter: RateLimiterRedis | RateLimiterMemory, who: string, quota: Quota): Promise<Spent> => {
  try {
    return spentOf(await limiter.consume(who), quota, false);
  } catch (count) {
    if (count instanceof RateLimiterRes) return spentOf(count, quota, true);
    throw count;
  }
};

const spentOf = ({ remainingPoints, msBeforeNext }: RateLimiterRes, quota: Quota, isOver: boolean): Spent => ({
  quota,
  left: Math.max(0, remainingPoints),
  resetSecs: Math.max(1, Math.ceil(msBeforeNext / 1_000)),
  isOver,
});

/** How long a Redis that gave no answer is left alone, so that not every call waits for it. */
const restMs = 5_000;

/** Null: Redis gave no answer, or gave none a short while ago. Told once when it begins, and once when it is over. */
const carefully = ({ stopwatch, log }: Around) => {
  let sinceFailure: (() => number) | null = null;
  return async (ask: () => Promise<Spent>): Promise<Spent | null> => {
    if (sinceFailure !== null && sinceFailure() < restMs) return null;
    try {
      const spent = await ask();
      if (sinceFailure !== null) log.info('rate_limits.shared');
      sinceFailure = null;
      return spent;
    } catch (error) {
      if (sinceFailure === null) log.warn('rate_limits.unshared', errorFacts(error));
      sinceFailure = stopwatch();
      return null;
    }
  };
};
