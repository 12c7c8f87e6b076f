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
  /** What is told somebody of whom this process knows that they made too many, without asking anybody; null: it does not know. */
  known(who: string): Spent | null;
}
/** Limits that are counted in the same place. `isShared`: over all processes; otherwise in this one alone, for a while. */
export type RateLimitMaker = { readonly limit: (quota: Quota) => RateLimit; readonly isShared: () => boolean };

type Around = {
  readonly redis: Redis;
  readonly prefix: string;
  /** Tells people apart and says nothing of them: an address is not kept in Redis. */
  readonly digest: (who: string) => string;
  readonly stopwatch: Stopwatch;
  readonly log: Log;
};

/** Limits that are counted in the same Redis. What is asked of several at once goes there together. */
export const redisRateLimits = (around: Around): RateLimitMaker => {
  const { asking, isShared } = carefully(around);
  const limit = (quota: Quota): RateLimit => {
    const options = optionsOf(quota, `${around.prefix}:calls:${quota.name}`);
    // Who is over is refused without asking Redis again.
    const shared = new RateLimiterRedis({
      ...options,
      storeClient: around.redis,
      inMemoryBlockOnConsumed: quota.calls + 1,
    });
    const alone = new RateLimiterMemory(options);
    const over = rememberedOver(around.stopwatch());
    return {
      spend: async (who) => {
        const digest = around.digest(who);
        const spent = (await asking(() => consume(shared, digest, quota))) ?? (await consume(alone, digest, quota));
        if (spent.isOver) over.note(who, spent);
        return spent;
      },
      known: over.of,
    };
  };
  return { limit, isShared };
};

const mostRemembered = 10_000;

/** Who made too many, until their window is over. */
const rememberedOver = (passed: () => number) => {
  const over = new Map<string, { readonly spent: Spent; readonly untilMs: number }>();
  return {
    note: (who: string, spent: Spent): void => {
      over.delete(who);
      over.set(who, { spent, untilMs: passed() + spent.resetSecs * 1_000 });
      const [oldest] = over.keys();
      if (over.size > mostRemembered && oldest !== undefined) over.delete(oldest);
    },
    of: (who: string): Spent | null => {
      const found = over.get(who);
      if (found === undefined) return null;
      const leftMs = found.untilMs - passed();
      if (leftMs > 0) return { ...found.spent, resetSecs: Math.ceil(leftMs / 1_000) };
      over.delete(who);
      return null;
    },
  };
};

/** Counts in this process alone. */
export const memoryRateLimit = (quota: Quota): RateLimit => {
  const limiter = new RateLimiterMemory(optionsOf(quota, quota.name));
  return { spend: (who) => consume(limiter, who, quota), known: () => null };
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

/** A call waits for no limit longer than this. */
const patienceMs = 250;
/** How long a Redis that gave no answer is left alone. After that one call asks again, and the others go on. */
const restMs = 5_000;

type Rest = { readonly since: () => number; readonly isTried: boolean };

/** Null of `asking`: Redis gave no answer, or gave none a short while ago. Told once when it begins, and once when it is over. */
const carefully = ({ stopwatch, log }: Around) => {
  let rest: Rest | null = null;
  const asking = async (ask: () => Promise<Spent>): Promise<Spent | null> => {
    if (rest !== null && (rest.isTried || rest.since() < restMs)) return null;
    if (rest !== null) rest = { ...rest, isTried: true };
    try {
      const spent = await within(ask());
      if (rest !== null) log.info('rate_limits.shared');
      rest = null;
      return spent;
    } catch (error) {
      if (rest === null) log.warn('rate_limits.unshared', errorFacts(error));
      rest = { since: stopwatch(), isTried: false };
      return null;
    }
  };
  return { asking, isShared: () => rest === null };
};

const within = async <T>(asked: Promise<T>): Promise<T> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = setTimeout(() => reject(new Error(`Redis gave no answer within ${patienceMs} ms.`)), patienceMs);
  try {
    return await Promise.race([asked, promise]);
  } finally {
    clearTimeout(late);
  }
};
