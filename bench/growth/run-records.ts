/** What the record of a run takes in MongoDB, its nine indexes included. */

import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { figures } from '../figures.ts';
import type { Lab } from '../lab.ts';
import type { Growth } from './table.ts';

const times = 20;
/** Enough that the pages which an index begins with do not count. */
const records = 20_000;

/** The runs of a tenant in which one person changes each time, copied: their size does not depend on how many people there are. */
export const runRecords: Growth = async (lab) => {
  const graph = await lab.graph([{ users: 200, groups: 10 }]);
  const [place] = graph.places;
  if (place === undefined) throw new Error('The simulator has no tenant.');
  const database = lab.database();
  const entrain = await lab.entrain(graph, { database });
  const connection = await entrain.connect(place, true);
  await entrain.sync(connection, 'full');
  const { settings } = await lab.target(0);
  const target = await entrain.call('addTarget', { connection, ...settings, concurrency: 10 }, z.string());
  await entrain.call('provision', { target }, figures);
  for (let time = 0; time < times; time += 1) {
    await graph.call('change', { tenant: place.tenant.tenantId, users: 1, stamp: `${time}` }, z.unknown());
    await entrain.sync(connection, 'delta');
    await entrain.call('provision', { target }, figures);
  }
  const made = await multiply(lab, database);
  const { count, size, totalIndexSize } = stats.parse(await lab.mongo.db(database).command({ collStats: 'runs' }));
  return {
    id: 'runs',
    title: 'What a run leaves',
    about: `The records of ${made} runs, syncs that found one change and the provision runs they asked for, copied to ${records.toLocaleString('en')} under ids of their own.`,
    columns: ['records', 'bytes of one', 'bytes of its indexes', 'bytes of a run'],
    rows: [[count, size / count, totalIndexSize / count, (size + totalIndexSize) / count]],
  };
};

const stats = z.object({ count: z.number(), size: z.number(), totalIndexSize: z.number() });

const multiply = async ({ mongo }: Lab, database: string): Promise<number> => {
  const runs = mongo.db(database).collection<{ _id: string; slot: string }>('runs');
  const made = await runs.find().toArray();
  for (let copied = made.length; copied < records; copied += made.length) {
    const copies = made.slice(0, records - copied).map((run) => {
      const id = `${run._id.slice(0, -16)}${randomBytes(8).toString('hex')}`;
      return { ...run, _id: id, slot: id };
    });
    await runs.insertMany(copies, { ordered: false });
  }
  return made.length;
};
