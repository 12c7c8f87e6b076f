/** The accounts at MongoDB and Redis, as docs/operating.md has them made: its own commands, told to what only listens. */

import { runInNewContext } from 'node:vm';
import { z } from 'zod';
import { openMongo } from '../../src/store/mongo/connect.ts';
import { fencedBlocks, readDoc } from '../docs/pages.ts';
import type { Privilege } from './rights-gate.ts';

export const actions = [
  'find',
  'insert',
  'update',
  'remove',
  'createCollection',
  'createIndex',
  'listIndexes',
] as const;

export type AccountName = 'entrain_api' | 'entrain_worker';

/** Of each account at MongoDB, what it may do in this database. */
export const accountsIn = (database: string): Readonly<Record<AccountName, readonly Privilege[]>> =>
  madeIn(database).accounts;

/** What the script makes in this database, by keys. */
export const indexesMade = (): ReadonlyMap<string, readonly Index[]> => madeIn('entrain').indexes;

/** In a database without accounts, where gates stand for them. */
export const makeIndexes = async (uri: string, database: string): Promise<void> => {
  const mongo = await openMongo(uri);
  try {
    for (const [collection, keys] of indexesMade())
      await mongo.connection
        .useDb(database)
        .collection(collection)
        .createIndexes(keys.map((key) => ({ key })));
  } finally {
    await mongo.close();
  }
};

type Index = Readonly<Record<string, 1 | -1>>;
type Made = {
  readonly accounts: Readonly<Record<AccountName, readonly Privilege[]>>;
  readonly indexes: ReadonlyMap<string, readonly Index[]>;
};

const madeIn = (database: string): Made => {
  const roles = new Map<string, readonly Privilege[]>();
  const users = new Map<string, readonly string[]>();
  const indexes = new Map<string, readonly Index[]>();
  const db = {
    getCollection: (collection: string) => ({
      createIndexes: (keys: unknown) => indexes.set(collection, indexKeys.parse(keys)),
      getIndexes: () => (indexes.get(collection) ?? []).map((key) => ({ key })),
    }),
    getName: () => database,
    getRole: (role: string) => (roles.has(role) ? { role } : null),
    createRole: (given: unknown) => {
      const { role, privileges } = roleOf(database).parse(given);
      roles.set(role, privileges);
    },
    updateRole: (role: string, given: object) => db.createRole({ role, ...given }),
    getUser: (user: string) => (users.has(user) ? { user } : null),
    createUser: (given: unknown) => {
      const { user, roles } = account.parse(given);
      users.set(user, roles);
    },
    updateUser: (user: string, given: object) => db.createUser({ user, pwd: 'as before', ...given }),
  };
  const process = { env: {} };
  // As at an upgrade: what is there is brought up to date, and an account that is there keeps its password.
  const prompts = [
    () => 'a password',
    () => {
      throw new Error('It asks for the password of an account that has one.');
    },
  ];
  for (const passwordPrompt of prompts) runInNewContext(mongoScript(), { db, process, passwordPrompt });
  const rightsOf = (name: AccountName): readonly Privilege[] =>
    (users.get(name) ?? []).flatMap((role) => roles.get(role) ?? []);
  return {
    accounts: { entrain_api: rightsOf('entrain_api'), entrain_worker: rightsOf('entrain_worker') },
    indexes,
  };
};

const indexKeys = z.array(z.record(z.string(), z.union([z.literal(1), z.literal(-1)])));

const account = z.strictObject({ user: z.string(), pwd: z.string(), roles: z.array(z.string()) });
const roleOf = (database: string) =>
  z.strictObject({
    role: z.string(),
    roles: z.array(z.never()),
    privileges: z.array(
      z.strictObject({
        resource: z.strictObject({ db: z.literal(database), collection: z.string() }),
        actions: z.array(z.enum(actions)),
      }),
    ),
  });

const blockWith = (word: string): string => {
  const [only, ...others] = fencedBlocks(readDoc('docs/operating.md'))
    .map(({ text }) => text)
    .filter((text) => text.includes(word));
  if (only === undefined || others.length > 0) throw new Error(`docs/operating.md has not one block with ${word}.`);
  return only;
};

const mongoScript = (): string => blockWith('createRole');

/** The words of `ACL SETUSER` for this user, whose keys begin with this prefix. */
export const redisAccount = (user: {
  readonly name: string;
  readonly password: string;
  readonly prefix: string;
}): readonly string[] => {
  const words = blockWith('ACL SETUSER').replaceAll(/\\\n/g, ' ').trim().split(/\s+/);
  return words.map((word) => {
    if (word === 'entrain') return user.name;
    if (word.startsWith('>')) return `>${user.password}`;
    return word.replace('{entrain}', user.prefix);
  });
};
