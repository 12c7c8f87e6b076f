/** What time it is at the database. Every server of the protocol says so when it is greeted. */

import { z } from 'zod';
import type { Db } from './connect.ts';

const greeting = z.object({ localTime: z.date() });

export const serverTime = async (db: Db): Promise<Date> => greeting.parse(await db.command({ hello: 1 })).localTime;
