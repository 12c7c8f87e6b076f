/** Counts what the driver is told to write, what the server says it wrote, and how long it takes over each kind of command. */

import type mongoose from 'mongoose';
import { z } from 'zod';
import type { Figures } from '../figures.ts';

type Client = mongoose.mongo.MongoClient;

export const countWrites = (client: Client): (() => Figures) => {
  const counts: Record<string, number> = { commands: 0, docsInserted: 0, docsUpdated: 0, docsDeleted: 0 };
  const add = (name: string, by: number): void => {
    counts[name] = (counts[name] ?? 0) + by;
  };
  const collections = new Map<number, string>();
  client.on('commandStarted', ({ requestId, commandName, command }) => {
    collections.set(requestId, String(commandName === 'getMore' ? command['collection'] : command[commandName]));
  });
  client.on('commandSucceeded', ({ requestId, commandName, duration, reply }) => {
    const { n, nModified, upserted, lastErrorObject } = answer.parse(reply);
    add('commands', 1);
    add(`mongo ${commandName} ${collections.get(requestId)}`, duration);
    collections.delete(requestId);
    if (commandName === 'insert') add('docsInserted', n);
    if (commandName === 'update') add('docsUpdated', nModified + upserted.length);
    if (commandName === 'delete') add('docsDeleted', n);
    if (commandName === 'findAndModify') add('docsUpdated', lastErrorObject.n);
  });
  return () => ({ ...counts });
};

const answer = z.object({
  n: z.number().default(0),
  nModified: z.number().default(0),
  upserted: z.array(z.unknown()).default([]),
  lastErrorObject: z.object({ n: z.number().default(0) }).default({ n: 0 }),
});
