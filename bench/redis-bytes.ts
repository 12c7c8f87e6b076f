/** What Redis holds of one installation, schedules included. */

import type { Redis } from 'ioredis';

export const redisBytes = async (redis: Redis, prefix: string): Promise<number> => {
  const keys = await redis.keys(`${prefix}*`);
  const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key)));
  return sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0);
};
