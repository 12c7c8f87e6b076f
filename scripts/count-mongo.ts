/** What a piece of work asks of MongoDB, as the driver tells it: counts that no busy machine distorts, and how long the server took. For tests and the bench. */

import type mongoose from 'mongoose';
import { z } from 'zod';

export type Counts = Readonly<Record<string, number>>;

/** Documents by collection, as the server says; commands as they are sent (`find objects`), and the milliseconds until they were answered. */
export type MongoCounts = Readonly<
  Record<'inserted' | 'updated' | 'deleted' | 'read' | 'commands' | 'milliseconds', Counts>
>;

const answer = z.object({
  n: z.number().default(0),
  nModified: z.number().default(0),
  upserted: z.array(z.unknown()).default([]),
  lastErrorObject: z.object({ n: z.number().default(0) }).optional(),
  cursor: z
    .object({ firstBatch: z.array(z.unknown()).default([]), nextBatch: z.array(z.unknown()).default([]) })
    .optional(),
});

/** Call it on a client that was opened with `monitorCommands: true`; others tell nothing. */
export const countMongo = (
  client: mongoose.mongo.MongoClient,
): { readonly counts: () => MongoCounts; readonly clear: () => void } => {
  const [inserted, updated, deleted] = [counter(), counter(), counter()];
  const [read, commands, milliseconds] = [counter(), counter(), counter()];
  const asked = new Map<number, { readonly command: string; readonly collection: string }>();
  client.on('commandStarted', ({ requestId, commandName, command }) => {
    const collection = String(command[commandName === 'getMore' ? 'collection' : commandName]);
    asked.set(requestId, { command: `${commandName} ${collection}`, collection });
    commands.add(`${commandName} ${collection}`);
  });
  client.on('commandSucceeded', ({ requestId, commandName, duration, reply }) => {
    const { command, collection } = asked.get(requestId) ?? { command: commandName, collection: '' };
    asked.delete(requestId);
    const { n, nModified, upserted, lastErrorObject, cursor } = answer.parse(reply);
    milliseconds.add(command, duration);
    if (commandName === 'insert') inserted.add(collection, n);
    if (commandName === 'update') updated.add(collection, nModified + upserted.length);
    if (commandName === 'findAndModify') updated.add(collection, lastErrorObject?.n ?? 0);
    if (commandName === 'delete' && n > 0) deleted.add(collection, n);
    if (cursor) read.add(collection, cursor.firstBatch.length + cursor.nextBatch.length);
  });
  client.on('commandFailed', ({ requestId }) => asked.delete(requestId));
  return {
    counts: () => ({
      inserted: inserted.counts(),
      updated: updated.counts(),
      deleted: deleted.counts(),
      read: read.counts(),
      commands: commands.counts(),
      milliseconds: milliseconds.counts(),
    }),
    clear: () => {
      for (const each of [inserted, updated, deleted, read, commands, milliseconds]) each.clear();
    },
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

export const sumOf = (counts: Counts): number => Object.values(counts).reduce((all, some) => all + some, 0);
