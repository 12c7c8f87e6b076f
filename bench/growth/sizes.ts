/** What is stored of one Entrain. */

import { z } from 'zod';
import type { Lab } from '../lab.ts';
import { redisBytes } from '../redis-bytes.ts';

const stats = z.object({ dataSize: z.number(), indexSize: z.number() });

/** Documents and indexes, before compression. */
export const mongoMegabytes = async ({ mongo }: Lab, database: string): Promise<number> => {
  const { dataSize, indexSize } = stats.parse(await mongo.db(database).stats());
  return (dataSize + indexSize) / 2 ** 20;
};

export const redisKilobytes = async ({ redis }: Lab, database: string): Promise<number> =>
  (await redisBytes(redis, `{${database}}`)) / 1_024;
