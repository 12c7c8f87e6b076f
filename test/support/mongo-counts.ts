/** What a piece of work asks of MongoDB, in counts that no busy machine distorts. */

import { z } from 'zod';
import type { Mongo } from '../../src/store/mongo/connect.ts';

export type Counts = Readonly<Record<string, number>>;

const answer = z.object({
  n: z.number().default(0),
  nModified: z.number().default(0),
  upserted: z.array(z.unknown()).default([]),
  lastErrorObject: z.object({ n: z.number().default(0) }).optional(),
  cursor: z
    .object({ firstBatch: z.array(z.unknown()).default([]), nextBatch: z.array(z.unknown()).default([]) })
    .optional(),
});

/** Documents by collection, as the server says; commands as they are sent (`find objects`). */
export type MongoCounts = Readonly<Record<'written' | 'deleted' | 'read' | 'commands', Counts>>;

/** Call it on a connection opened with `monitorCommands: true`; what it returns gives the counts of one piece of work. */
export const countMongo = (mongo: Mongo): ((work: () => Promise<void>) => Promise<MongoCounts>) => {
  const [written, deleted, read, commands] = [counter(), counter(), counter(), counter()];
  const collections = new Map<number, string>();
  const client = mongo.connection.getClient();
  client.on('commandStarted', ({ requestId, commandName, command }) => {
    const collection = String(command[commandName === 'getMore' ? 'collection' : commandName]);
    collections.set(requestId, collection);
    commands.add(`${commandName} ${collection}`);
  });
  client.on('commandSucceeded', ({ requestId, commandName, reply }) => {
    const collection = collections.get(requestId) ?? '';
    const { n, nModified, upserted, lastErrorObject, cursor } = answer.parse(reply);
    if (commandName === 'insert') written.add(collection, n);
    if (commandName === 'update') written.add(collection, nModified + upserted.length);
    if (commandName === 'findAndModify') written.add(collection, lastErrorObject?.n ?? 0);
    if (commandName === 'delete' && n > 0) deleted.add(collection, n);
    if (cursor) read.add(collection, cursor.firstBatch.length + cursor.nextBatch.length);
  });
  return async (work) => {
    for (const each of [written, deleted, read, commands]) each.clear();
    await work();
    return { written: written.counts(), deleted: deleted.counts(), read: read.counts(), commands: commands.counts() };
  };
};

export const counter = () => {
  const counts = new Map<string, number>();
  return {
    add: (name: string, by = 1): void => void counts.set(name, (counts.get(name) ?? 0) + by),
    clear: (): void => counts.clear(),
    counts: (): Counts => Object.fromEntries(counts),
  };
};
