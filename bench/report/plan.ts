/**
 * On paper: what 50,000 tenants with 100 million people would take, from what was measured of one. The assumptions stand beside the arithmetic, so
 * that a reader can put in their own.
 */

import type { Cell, Table, TableId } from '../growth/table.ts';

const tenants = 50_000;
const people = 100_000_000;
const deltasADay = 6;
const fullsAWeek = 1;
/** People whose record changes on an ordinary day. */
const changedADay = 0.02;
/** The busiest hour against the average one. */
const peak = 4;
/** What a page of Graph takes from another region. */
const pageMs = 80;
/** A delta that finds little asks for one page of users and one of groups, side by side, and a token now and then. */
const deltaRequests = 2;
const secondsADay = 86_400;
const graphLimits = { requestsPerTenSeconds: 130_000, unitsPerTwentySeconds: 150_000 } as const;
/** BullMQ's own benchmarks and ours stay far above this on one Redis node. */
const jobsPerDelta = 3;

/** Null when the tables it reads from were not measured. */
export const planOf = (tables: readonly Table[]): readonly string[] | null => {
  const figures = figuresOf(tables);
  if (figures === null) return null;
  const { unchangedMicros, deltaMs, bytesAPerson, redisBytesATenant, deltasAMinute, unitsAPage } = figures;
  const deltasASecond = (tenants * deltasADay) / secondsADay;
  const fullPeopleASecond = (people * fullsAWeek) / (7 * secondsADay);
  const cores = {
    deltas: (deltasASecond * deltaMs) / 1_000,
    fulls: (fullPeopleASecond * unchangedMicros) / 1_000_000,
  };
  const writesASecond = (people * changedADay) / secondsADay;
  const workers = Math.ceil((deltasASecond * peak) / (deltasAMinute / 60)) + Math.ceil(cores.fulls * peak) + 1;
  const requests = deltasASecond * deltaRequests + fullPeopleASecond / 999;
  const units = deltasASecond * deltaRequests + (fullPeopleASecond / 999) * unitsAPage;
  const gigabytes = (people * bytesAPerson) / 2 ** 30;
  const shards = Math.max(1, Math.ceil(gigabytes / 500));
  return [
    '## On paper: 50,000 tenants, 100 million people',
    '',
    `Assumed: ${deltasADay} delta syncs a day and ${fullsAWeek} full sync a week for each tenant, spread over the day; ${percent(changedADay)} of the people change on a day; the busiest hour is ${peak} times the average; ${pageMs} ms a page. Taken from the tables above: an unchanged person costs ${shown(unchangedMicros)} µs of processor in a full sync, a delta with a thousand changes ${shown(deltaMs)} ms, a stored person ${shown(bytesAPerson)} bytes, a schedule ${shown(redisBytesATenant)} bytes in Redis, and one worker ended at least ${shown(deltasAMinute)} small deltas in a minute (no more were asked of it).`,
    '',
    '| what | arithmetic | result |',
    '|---|---|---|',
    row('delta syncs', `${num(tenants)} × ${deltasADay} / ${num(secondsADay)} s`, `${shown(deltasASecond)} a second`),
    row(
      'processor for them, if each finds a thousand changes',
      `${shown(deltasASecond)} × ${shown(deltaMs)} ms`,
      `${shown(cores.deltas)} cores`,
    ),
    row(
      'people read again by full syncs',
      `${num(people)} / 7 days`,
      `${shown(fullPeopleASecond)} a second, ${shown(cores.fulls)} cores`,
    ),
    row(
      'workers in the busiest hour',
      `${shown(deltasASecond * peak)} deltas a second at ${shown(deltasAMinute / 60)} a worker, and the full syncs`,
      `${workers}`,
    ),
    row(
      'Graph requests of one app',
      `${shown(deltasASecond)} × ${deltaRequests} + ${shown(fullPeopleASecond)} / 999`,
      `${shown(requests)} a second: ${percent((requests * 10 * peak) / graphLimits.requestsPerTenSeconds)} of its ${num(graphLimits.requestsPerTenSeconds)} in 10 s at the peak`,
    ),
    row(
      'resource units of one app over all tenants',
      `${shown(units)} a second`,
      `${percent((units * 20 * peak) / graphLimits.unitsPerTwentySeconds)} of ${num(graphLimits.unitsPerTwentySeconds)} in 20 s at the peak`,
    ),
    row(
      'operations at targets',
      `${num(people)} × ${percent(changedADay)} / day`,
      `${shown(writesASecond)} a second over ${num(tenants)} targets`,
    ),
    row(
      'MongoDB, before compression',
      `${num(people)} × ${shown(bytesAPerson)} bytes`,
      `${num(Math.round(gigabytes))} GB, ${shards === 1 ? 'one shard' : `${shards} shards`} of 500 GB`,
    ),
    row(
      'Redis',
      `${num(tenants)} × ${shown(redisBytesATenant)} bytes`,
      `${num(Math.round((tenants * redisBytesATenant) / 2 ** 20))} MB, ${shown(deltasASecond * peak * jobsPerDelta)} jobs a second at the peak`,
    ),
    '',
    '- **Workers** share nothing but MongoDB and Redis: more of them take more turns, and the lease of a connection or target keeps two from the same one. What a worker waits for is Graph and targets, so `ENTRAIN_SYNC_CONCURRENCY` rises before the number of processes does.',
    '- **Redis.** All keys of one queue must lie in one slot of a cluster, which is why the prefix carries braces. One node carries the load above. Beyond it, give groups of connections prefixes of their own (`{entrain-1}`, `{entrain-2}` …), each with its workers, in one cluster or several: a job never refers to another prefix, and what a lost node held is written anew from MongoDB.',
    "- **MongoDB.** Everything of a connection or a target begins its `_id` with the connection's or target's id, and every query on the hot path is by `_id` or a range of it. So the shard key is `{ _id: 1 }`, ranged: one tenant stays together, a huge one may be split between any two objects, and no query asks all shards. Ids grow with time, so new tenants land in the last chunk: each is one burst, its first sync, after which the balancer moves it away. A zone for a region keeps a customer's people there. `runs`, `connections` and `targets` are small and stay unsharded.",
    '- **The first day** is another matter: 100 million creates at a target that answers 50 requests at once in 20 ms are 11 hours for one target, and minutes for 50,000 of 2,000 people each. The limit is the targets, not Entrain.',
    '- **Not measured:** more than two workers, a Redis cluster, a sharded MongoDB, real Graph. The figures above are of one machine.',
  ];
};

const figuresOf = (tables: readonly Table[]) => {
  const of = (id: TableId): Table | null => tables.find((table) => table.id === id) ?? null;
  const [users, schedules] = [of('users'), of('schedules')];
  if (users === null || schedules === null) return null;
  const runs = (name: string): readonly (readonly Cell[])[] => users.rows.filter((row) => row[1] === name);
  const [unchanged, delta, first] = [runs('unchanged full').at(-1), runs('delta').at(-1), runs('first full').at(-1)];
  const scheduled = schedules.rows.at(-1);
  if (unchanged === undefined || delta === undefined || first === undefined || scheduled === undefined) return null;
  const cell = (table: Table, row: readonly Cell[], column: string): number => {
    const value = row[table.columns.indexOf(column)];
    return typeof value === 'number' ? value : Number.NaN;
  };
  const size = cell(users, unchanged, 'users');
  return {
    unchangedMicros: (cell(users, unchanged, 'CPU s') * 1e6) / size,
    deltaMs: cell(users, delta, 'CPU s') * 1_000,
    bytesAPerson: (cell(users, first, 'MongoDB MB') * 2 ** 20) / size,
    unitsAPage: cell(users, unchanged, 'units') / cell(users, unchanged, 'Graph requests'),
    redisBytesATenant: (cell(schedules, scheduled, 'Redis KB') * 1_024) / cell(schedules, scheduled, 'connections'),
    deltasAMinute: cell(schedules, scheduled, 'delta syncs ended in a minute'),
  };
};

const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const num = (value: number): string => value.toLocaleString('en');
const shown = (value: number): string => (value >= 100 ? num(Math.round(value)) : value.toPrecision(2));
const percent = (share: number): string => `${shown(share * 100)} %`;
