/** The bare limit of a first sync: read and parse everything, then insert the very documents that Entrain stored, with the bare driver. */

import mongoose from 'mongoose';
import { z } from 'zod';
import type { Handlers } from '../actor.ts';
import { measured } from '../figures.ts';
import { place, tokenFor } from './access.ts';
import { readAll } from './bare-read.ts';

type Row = mongoose.mongo.Document;

/** By collection; loaded once, so that only the inserting is measured. */
let documents: ReadonlyMap<string, readonly Row[]> = new Map();

const load = z.object({ mongoUri: z.string(), except: z.array(z.string()) });
const insert = place.extend({ mongoUri: z.string(), managers: z.boolean(), groups: z.boolean() });

export const insertSame: Handlers = {
  loadDocuments: async (given) => {
    const { mongoUri, except } = load.parse(given);
    const client = await new mongoose.mongo.MongoClient(mongoUri).connect();
    const all = await client.db().listCollections({}, { nameOnly: true }).toArray();
    const found = new Map<string, readonly Row[]>();
    for (const { name } of all)
      if (!except.includes(name)) found.set(name, await client.db().collection(name).find().toArray());
    documents = found;
    await client.close();
    return Object.fromEntries([...found].map(([name, rows]) => [name, rows.length]));
  },
  readAndInsert: async (given) => {
    const what = insert.parse(given);
    const token = await tokenFor(what);
    const writeConcern = { w: 'majority', journal: true } as const;
    const client = await new mongoose.mongo.MongoClient(what.mongoUri, { writeConcern }).connect();
    try {
      return await measured(async () => {
        const read = await readAll({ ...what, parse: true }, token);
        const readMs = performance.now();
        let inserted = 0;
        for (const [name, rows] of documents) {
          for (let at = 0; at < rows.length; at += batchSize)
            await client
              .db()
              .collection(name)
              .insertMany(rows.slice(at, at + batchSize), { ordered: false });
          inserted += rows.length;
        }
        return { ...read, inserted, insertMs: performance.now() - readMs };
      });
    } finally {
      await client.close();
    }
  },
};

const batchSize = 1_000;
