/** How far the database has counted, noted in Redis: a database that counts less than Redis knows was put back from a backup. */

import type { Redis } from 'ioredis';
import type { Marks } from '../store/installation.ts';

/** One sorted set by the queues' prefix, so that two installations on one Redis do not know of each other; one member for each database. */
export const redisMarks = (redis: Redis, prefix: string): Marks => {
  const key = `${prefix}:installations`;
  return {
    highest: async (installation) => {
      const score = await redis.zscore(key, installation);
      return score === null ? null : Number(score);
    },
    // GT: whoever comes late never lowers it.
    note: async (installation, count) => {
      await redis.zadd(key, 'GT', count, installation);
    },
  };
};
