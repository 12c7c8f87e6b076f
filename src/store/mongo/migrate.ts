/** Brings a database to what this version expects. Every collection lists its own indexes; nothing is created on the way. */

import type { Mongo } from './connect.ts';

type Collection = { readonly name: string; readonly indexes: readonly IndexDescription[] };
type IndexDescription = Parameters<ReturnType<Mongo['db']['collection']>['createIndexes']>[0][number];

/** Run before the first worker or server of a new version; harmless to repeat. */
export const migrate = async (mongo: Mongo): Promise<void> => {
  for (const { name, indexes } of collections)
    if (indexes.length > 0) await mongo.db.collection(name).createIndexes([...indexes]);
};

/** The collections that are read by more than `_id`: their files export `name` and `indexes`. */
const collections: readonly Collection[] = [];
