/**
 * The accounts of docs/operating.md for one installation, and nothing beside them: of Redis a real user, of MongoDB a gate for each of the two, since the
 * engine that tests run on knows no accounts.
 */

import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import type { StackOptions } from '../../scripts/demo/stack.ts';
import { accountsIn, makeIndexes, redisAccount } from './accounts.ts';
import { openRightsGate } from './rights-gate.ts';

export type LeastRights = {
  readonly through: NonNullable<StackOptions['through']>;
  /** Once nobody is connected any more. Throws when something was refused meanwhile. */
  readonly close: () => Promise<void>;
};

/** `name`: of the database; the keys in Redis begin with it, in braces. */
export const leastRights = async (
  servers: { readonly mongoUri: string; readonly redisUrl: string },
  name: string,
): Promise<LeastRights> => {
  const accounts = accountsIn(name);
  await makeIndexes(servers.mongoUri, name);
  const api = await openRightsGate(servers.mongoUri, accounts.entrain_api);
  const worker = await openRightsGate(servers.mongoUri, accounts.entrain_worker);
  const redis = await openRedisUser(servers.redisUrl, name);
  return {
    through: { mongoUri: { api: api.uri, worker: worker.uri }, redisUrl: redis.url },
    close: async () => {
      for (const each of [redis, api, worker]) await each.close();
      const refused = [...api.refused(), ...worker.refused()];
      if (refused.length > 0) throw new Error(`The accounts of docs/operating.md may not: ${refused.join(', ')}.`);
    },
  };
};

export const openRedisUser = async (
  url: string,
  name: string,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> => {
  const password = randomBytes(16).toString('hex');
  const operator = new Redis(url);
  const [command = '', ...words] = redisAccount({ name, password, prefix: `{${name}}` });
  await operator.call(command, ...words);
  const theirs = new URL(url);
  theirs.username = name;
  theirs.password = password;
  return {
    url: theirs.toString(),
    close: async () => {
      await operator.call('ACL', 'DELUSER', name);
      operator.disconnect();
    },
  };
};
