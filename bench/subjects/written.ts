/** Counts what the driver is told to write, and what the server says it wrote. */

import type mongoose from 'mongoose';
import { z } from 'zod';
import type { Figures } from '../figures.ts';

type Client = mongoose.mongo.MongoClient;

export const countWrites = (client: Client): (() => Figures) => {
  const counts = { commands: 0, inserted: 0, updated: 0, deleted: 0 };
  client.on('commandSucceeded', ({ commandName, reply }) => {
    counts.commands += 1;
    const { n, nModified, upserted, lastErrorObject } = answer.parse(reply);
    if (commandName === 'insert') counts.inserted += n;
    if (commandName === 'update') counts.updated += nModified + upserted.length;
    if (commandName === 'delete') counts.deleted += n;
    if (commandName === 'findAndModify') counts.updated += lastErrorObject.n;
  });
  return () => ({ ...counts });
};

const answer = z.object({
  n: z.number().default(0),
  nModified: z.number().default(0),
  upserted: z.array(z.unknown()).default([]),
  lastErrorObject: z.object({ n: z.number().default(0) }).default({ n: 0 }),
});
