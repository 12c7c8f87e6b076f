/** The connection to MongoDB. What is kept there is one collection per file beside this one; nobody else knows mongoose. */

import mongoose from 'mongoose';

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

/** Indexes and collections are made by the migration alone, and nothing a client sends can become an operator. */
const strict = { autoIndex: false, autoCreate: false, sanitizeFilter: true } as const;
