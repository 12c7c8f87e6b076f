/** More and more tenants on one worker and on two, small ones beside a huge one, and schedules that tick. */

import { setTimeout as sleep } from 'node:timers/promises';
import { spreadOf } from '../figures.ts';
import type { Lab } from '../lab.ts';
import { openTown, type Town } from '../town.ts';
import { mongoMegabytes, redisKilobytes } from './sizes.ts';
import type { Cell, Growth } from './table.ts';

const latencyMs = 20;

export const tenants: Growth = async (lab, { quick }) => {
  const counts = quick ? [1, 5, 20] : [1, 10, 100, 500];
  const users = quick ? 200 : 1_000;
  const rows: Cell[][] = [];
  for (const count of counts) {
    for (const workers of [1, 2]) {
      lab.say(`  ${count} tenants on ${workers} worker${workers === 1 ? '' : 's'}`);
      const { town, connections } = await townOf(
        lab,
        Array.from({ length: count }, () => users),
        workers,
      );
      const took = await together(town, connections);
      rows.push([
        count,
        workers,
        took.seconds,
        took.median / 1_000,
        took.most / 1_000,
        count / took.seconds,
        await mongoMegabytes(lab, town.name),
        await redisKilobytes(lab, town.name),
      ]);
      await town.stop();
      await lab.clear();
    }
  }
  return {
    id: 'tenants',
    title: 'Tenants',
    about: `First full syncs of tenants of ${users.toLocaleString('en')} users and 10 groups, all asked for at once, ${latencyMs} ms an answer. Each worker is one process; simulator, MongoDB and Redis are on the same machine.`,
    columns: [
      'tenants',
      'workers',
      'all done, s',
      'median from request to end, s',
      'longest, s',
      'tenants a second',
      'MongoDB MB',
      'Redis KB',
    ],
    rows,
  };
};

export const schedules: Growth = async (lab, { quick }) => {
  const count = quick ? 50 : 1_000;
  const places = quick ? 10 : 100;
  const { town, connections } = await townOf(
    lab,
    Array.from({ length: places }, () => 50),
    1,
    count,
  );
  await together(town, connections);
  for (const connection of connections) await town.every(connection, 60);
  lab.say('  a minute until all have ticked once, and a minute of ticks');
  await sleep(60_000);
  const from = new Date();
  await sleep(60_000);
  const ticked = await town.scheduled(from, new Date(from.getTime() + 60_000));
  const redis = await redisKilobytes(lab, town.name);
  await town.stop();
  const waits = spreadOf(ticked.map(({ waitedMs }) => waitedMs));
  const times = spreadOf(ticked.map(({ tookMs }) => tookMs));
  return {
    id: 'schedules',
    title: 'Schedules',
    about: `${count.toLocaleString('en')} connections with a delta sync every minute, on one worker with all roles, ${latencyMs} ms an answer.`,
    columns: [
      'connections',
      'delta syncs ended in a minute',
      'median wait for a worker, ms',
      'longest wait, ms',
      'median sync, ms',
      'longest sync, ms',
      'Redis KB',
    ],
    rows: [[count, ticked.length, waits.median, waits.max, times.median, times.max, redis]],
  };
};

type Populated = { readonly town: Town; readonly connections: readonly string[] };

/** `connections`: how many look at these tenants, in turn; one each if not given. */
const townOf = async (
  lab: Lab,
  sizes: readonly number[],
  workers: number,
  connections = sizes.length,
): Promise<Populated> => {
  const graph = await lab.graph(sizes.map((users) => ({ users, groups: users > 1_000 ? 0 : 10 })));
  const town = await openTown(lab, graph, workers);
  const made: string[] = [];
  for (let at = 0; at < connections; at += 1) {
    const place = graph.places[at % graph.places.length];
    if (place !== undefined) made.push(await town.connect(place, false));
  }
  await graph.knobs({ latencyMs });
  return { town, connections: made };
};

const together = async (town: Town, connections: readonly string[]) => {
  const start = performance.now();
  const times = await Promise.all(connections.map(async (one) => await town.ended(await town.request(one))));
  const { median, max } = spreadOf(times);
  return { seconds: (performance.now() - start) / 1_000, median, most: max };
};
