// The servers of a trial are reached as they are: whoever names some in REDIS_URL and MONGODB_URI knows what is on the way.

import { wayToRedis } from '../../src/queue/redis.ts';
import { wayToMongo } from '../../src/store/mongo/connect.ts';

/** What ENTRAIN_PLAIN_HOSTS has to be for them, beside what it is. */
export const plainHosts = async (servers: {
  readonly mongoUri: string;
  readonly redisUrl: string;
}): Promise<string> => {
  const ways = await Promise.all([wayToMongo(servers.mongoUri), wayToRedis(servers.redisUrl)]);
  const given = process.env['ENTRAIN_PLAIN_HOSTS'] ?? '';
  return [...(given === '' ? [] : [given]), ...ways.flatMap(({ hosts }) => hosts)].join(',');
};
