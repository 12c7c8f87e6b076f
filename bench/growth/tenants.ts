/** More and more tenants on one worker and on two, and schedules that tick. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Figures, spreadOf } from '../figures.ts';
import type { Graph, Lab } from '../lab.ts';
import type { Place } from '../subjects/access.ts';
import { openTown, type Town } from '../town.ts';
import { readOnce } from '../warm.ts';
import { shareOf } from './graph-share.ts';
import { mongoMegabytes, redisKilobytes } from './sizes.ts';
import type { Cell, Growth } from './table.ts';

const latencyMs = 20;
const groups = 10;

export const tenants: Growth = async (lab, { quick }) => {
  const counts = quick ? [1, 5, 20] : [1, 10, 100, 500];
  const users = quick ? 200 : 1_000;
  const graph = await lab.graph(Array.from({ length: Math.max(...counts) }, () => ({ users, groups })));
  await readOnce(lab, graph, graph.places, false);
  await graph.knobs({ latencyMs });
  const rows: Cell[][] = [];
  for (const count of counts) {
    for (const workers of [1, 2]) {
      lab.say(`  ${count} tenants on ${workers} worker${workers === 1 ? '' : 's'}`);
      rows.push([count, workers, ...(await firstSyncs(lab, graph, count, workers, users))]);
    }
  }
  return {
    id: 'tenants',
    title: 'Tenants',
    about: `First full syncs of tenants of ${users.toLocaleString('en')} users and ${groups} groups, all asked for at once, ${latencyMs} ms an answer; every page was read once before. Each worker is one process; simulator, MongoDB and Redis are on the same machine. Requests and units are those of one tenant, a batch counted as one request, the units inside it one by one; the share is that of Graph's limit for one app in a tenant of that size, if all of it falls into the same ten seconds.`,
    columns: [
      'tenants',
      'workers',
      'all done, s',
      'median from request to end, s',
      'longest, s',
      'tenants a second',
      'MongoDB MB',
      'Redis KB',
      'Graph requests a tenant',
      'units a tenant',
      'share of limit',
    ],
    rows,
  };
};

const firstSyncs = async (
  lab: Lab,
  graph: Graph,
  count: number,
  workers: number,
  users: number,
): Promise<readonly Cell[]> => {
  const town = await openTown(lab, graph, workers);
  try {
    const connections = await connected(town, graph.places.slice(0, count), count);
    await graph.counted();
    const took = await together(town, connections);
    const { requests = 0, units = 0 } = await graph.counted();
    return [
      took.seconds,
      took.median / 1_000,
      took.most / 1_000,
      count / took.seconds,
      await mongoMegabytes(lab, town.name),
      await redisKilobytes(lab, town.name),
      requests / count,
      units / count,
      shareOf(units / count, 10, users),
    ];
  } finally {
    await town.stop();
    await lab.drop(town.name);
  }
};

const tickMs = 60_000;

export const schedules: Growth = async (lab, { quick }) => {
  const count = quick ? 50 : 1_000;
  const places = quick ? 10 : 100;
  const users = 50;
  const graph = await lab.graph(Array.from({ length: places }, () => ({ users, groups })));
  const town = await openTown(lab, graph);
  try {
    const connections = await connected(town, graph.places, count);
    await graph.knobs({ latencyMs });
    await together(town, connections);
    for (const connection of connections) await town.every(connection, tickMs / 1_000);
    lab.say('  a minute until all have ticked once, and a minute of ticks');
    await sleep(tickMs);
    await graph.counted();
    const from = new Date();
    await sleep(tickMs);
    const asked = await graph.counted();
    const ticked = await town.scheduled(from, new Date(from.getTime() + tickMs));
    if (ticked.ended.length === 0) throw new Error('No schedule ticked.');
    return {
      id: 'schedules',
      title: 'Schedules',
      about: `${count.toLocaleString('en')} connections with a delta sync every minute, on one worker with all roles, ${latencyMs} ms an answer. They share ${places} tenants of ${users} users, in which nothing changes. A connection whose sync still waits when it ticks again asks for none. Requests and units are those of one sync; the share is that of Graph's limit for one app in such a tenant, ${count / places} connections to each.`,
      columns: [
        'connections',
        'delta syncs asked for in a minute',
        'delta syncs ended in a minute',
        'median wait for a worker, ms',
        '99 of 100 waited at most, ms',
        'longest wait, ms',
        'median sync, ms',
        'longest sync, ms',
        'MongoDB MB',
        'Redis KB',
        'Graph requests a sync',
        'units a sync',
        'share of limit',
      ],
      rows: [
        [
          count,
          ...ticks(ticked),
          await mongoMegabytes(lab, town.name),
          await redisKilobytes(lab, town.name),
          ...costOfOne(asked, ticked.ended.length),
          shareOf((asked['units'] ?? 0) / places, tickMs / 1_000, users),
        ],
      ],
    };
  } finally {
    await town.stop();
  }
};

const ticks = ({ asked, ended }: Awaited<ReturnType<Town['scheduled']>>): readonly Cell[] => {
  const waited = ended.map(({ waitedMs }) => waitedMs).toSorted((a, b) => a - b);
  const waits = spreadOf(waited);
  const times = spreadOf(ended.map(({ tookMs }) => tookMs));
  const most = waited[Math.ceil(waited.length * 0.99) - 1] ?? null;
  return [asked, ended.length, waits.median, most, waits.max, times.median, times.max];
};

const costOfOne = ({ requests = 0, units = 0 }: Figures, syncs: number): readonly Cell[] => [
  requests / syncs,
  units / syncs,
];

/** `count` connections that look at these tenants in turn. */
const connected = async (town: Town, places: readonly Place[], count: number): Promise<readonly string[]> => {
  const made: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const place = places[at % places.length];
    if (place !== undefined) made.push(await town.connect(place, false));
  }
  return made;
};

const together = async (town: Town, connections: readonly string[]) => {
  const start = performance.now();
  const times = await Promise.all(connections.map(async (one) => await town.ended(await town.request(one))));
  const { median, max } = spreadOf(times);
  return { seconds: (performance.now() - start) / 1_000, median, most: max };
};
