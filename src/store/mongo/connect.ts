/** The connection to MongoDB. What is kept there is one collection per file beside this one; nobody else knows mongoose. */

import mongoose from 'mongoose';
import { z } from 'zod';
import type { Way } from '../../core/plain-ways.ts';

export type Db = mongoose.mongo.Db;
export type Collection<Row extends mongoose.mongo.Document> = mongoose.mongo.Collection<Row>;

export type Mongo = {
  /** The driver itself, for hot collections: a mongoose model costs 3 to 19 times its CPU. */
  readonly db: Db;
  /** Mongoose, for configuration documents with a schema. */
  readonly connection: mongoose.Connection;
  close(): Promise<void>;
};

/** Without `dbName` the one in the address is used. `monitorCommands` lets a test see every command on `connection.getClient()`. */
export const openMongo = async (
  uri: string,
  options: { readonly dbName?: string; readonly monitorCommands?: boolean } = {},
): Promise<Mongo> => {
  // An instance of its own: mongoose's settings are global to an instance, and `strictQuery` can be set nowhere else.
  const instance = new mongoose.Mongoose({ ...strict, strictQuery: 'throw' });
  const connection = instance.createConnection(uri, {
    ...strict,
    ...options,
    appName: 'entrain',
    // What was acknowledged must survive a crash and a failover; on a standalone server `majority` means that server.
    writeConcern: { w: 'majority', journal: true },
    serverSelectionTimeoutMS: 10_000,
    connectTimeoutMS: 10_000,
    socketTimeoutMS: 60_000,
    // Whatever is stored was written by this driver, from text that is valid UTF-8. Looking at every character of it again costs a fifth of a read.
    enableUtf8Validation: false,
  });
  await connection.asPromise();
  const { db } = connection;
  if (db === undefined) throw new Error('MongoDB answered, but the connection names no database. Check MONGODB_URI.');
  return { db, connection, close: () => connection.close() };
};

/** How the driver itself understands an address. Rejects where it is none. */
export const wayToMongo = async (uri: string): Promise<Way> => {
  const { hosts, srvHost, proxyHost, tls, ...proof } = new mongoose.mongo.MongoClient(uri).options;
  const isProved = proof.rejectUnauthorized !== false && proof.checkServerIdentity === undefined;
  const encrypted = isProved ? 'proved' : 'unproved';
  return {
    server: 'MongoDB',
    hosts: [...hosts.map(({ host }) => host), srvHost, proxyHost].flatMap((host) => host ?? []),
    tls: tls ? encrypted : 'none',
  };
};

/** What is asked of a connection to know where it leads. */
type Asked = {
  readonly connection: { getClient(): { readonly options: { readonly directConnection: boolean } } };
  readonly db: { command(command: { readonly hello: 1 }): Promise<unknown> };
};

const greeting = z.object({ hosts: z.array(z.string()).default([]), passives: z.array(z.string()).default([]) });

/** Where else the driver goes: a replica set says itself where its members are. */
export const replicaHosts = async ({ connection, db }: Asked): Promise<readonly string[]> => {
  if (connection.getClient().options.directConnection) return [];
  const { hosts, passives } = greeting.parse(await db.command({ hello: 1 }));
  return [...hosts, ...passives].map((place) => place.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
};

/** Indexes and collections are made by the migration alone, and nothing a client sends can become an operator. */
const strict = { autoIndex: false, autoCreate: false, sanitizeFilter: true } as const;
