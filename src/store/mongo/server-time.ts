/**
 * What time it is at the database. Most servers say so when they are greeted; one that does not (MongoDB's engine as a library) writes it down, which
 * every server of the protocol can.
 */

import { z } from 'zod';
import type { Db } from './connect.ts';

const greeting = z.object({ localTime: z.date().optional() });

export const serverTime = async (db: Db): Promise<Date> =>
  greeting.parse(await db.command({ hello: 1 })).localTime ?? (await writtenTime(db));

type ClockDocument = { readonly _id: string; readonly at: Date };

const writtenTime = async (db: Db): Promise<Date> => {
  const written = await db
    .collection<ClockDocument>('clock')
    .findOneAndUpdate(
      { _id: 'now' },
      { $currentDate: { at: true } },
      { upsert: true, returnDocument: 'after', writeConcern: { w: 1 } },
    );
  if (written === null) throw new Error('The database does not say what time it is.');
  return written.at;
};
