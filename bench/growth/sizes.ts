/** What is stored of one Entrain. */

import { z } from 'zod';
import type { Lab } from '../lab.ts';

const stats = z.object({ dataSize: z.number(), indexSize: z.number() });

/** Documents and indexes, before compression. */
export const mongoMegabytes = async ({ mongo }: Lab, database: string): Promise<number> => {
  const { dataSize, indexSize } = stats.parse(await mongo.db(database).stats());
  return (dataSize + indexSize) / 2 ** 20;
};

export const redisKilobytes = async ({ redis }: Lab, database: string): Promise<number> => {
  const keys = await redis.keys(`{${database}}*`);
  const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key)));
  return sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0) / 1_024;
};
