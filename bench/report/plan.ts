/**
 * On paper: what 50,000 tenants with 100 million people would take, from what was measured of one. The assumptions stand beside the arithmetic, so
 * that a reader can put in their own.
 */

import { keptDays } from '../../src/engine/maintenance.ts';
import type { Table } from '../growth/table.ts';
import type { Result } from '../result.ts';
import {
  changedADay,
  deltaRequests,
  deltasADay,
  fullsAWeek,
  graphLimits,
  groupsAPerson,
  jobsPerDelta,
  type Load,
  peak,
  people,
  peopleAGroup,
  secondsADay,
  secondsAWeek,
  shardGigabytes,
  tenants,
  unitsAMemberPage,
  userPage,
} from './plan-assumed.ts';
import { figuresOf, type PlanFigures } from './plan-figures.ts';
import { firstDay } from './plan-first-day.ts';
import { reconciling } from './plan-reconciler.ts';
import { sharding } from './plan-sharding.ts';
import { gigabytes, head, num, percent, row, shown } from './plan-text.ts';
import { columnOf } from './rows.ts';

/** Null when the tables it reads from were not measured. */
export const planOf = (tables: readonly Table[], measured: readonly Result[]): readonly string[] | null => {
  const figures = figuresOf(tables, measured);
  if (figures === null) return null;
  const load = loadOf(figures);
  return [
    '## On paper: 50,000 tenants, 100 million people',
    '',
    assumed(figures),
    '',
    ...head('what', 'arithmetic', 'result'),
    ...workRows(figures, load),
    ...graphRows(load),
    ...redisRows(figures, load),
    '',
    '### What is stored',
    '',
    ...stored(figures, load),
    '',
    '### The first day',
    '',
    ...firstDay(figures, load),
    '',
    '### The reconciler',
    '',
    ...reconciling({ tenants, workers: load.workers }),
    '',
    '### Growing beyond one of each',
    '',
    `- **Workers** share nothing but MongoDB and Redis: more of them take more turns${sideBySideOf(tables)}, and the lease of a connection or target keeps two from the same one. What a worker waits for is Graph and targets, so \`ENTRAIN_SYNC_CONCURRENCY\` rises before the number of processes does.`,
    '- **Redis.** All keys of one queue must lie in one slot of a cluster, which is why the prefix carries braces: a queue is never larger than one node. The jobs of the table are few, and what one node carries of them was not measured. Beyond it, an installation cannot be given a second prefix for some of its connections: every scheduler schedules all connections of the database, and two prefixes over one database would ask for every sync twice. What is possible today is an Entrain of its own, with its own database, prefix and workers, for each so many tenants; nothing refers from one to another. Several prefixes over one database would take a field of the connection that names its prefix, which the reconciler, the daily prune and whoever adds a job would have to go by.',
    ...sharding,
    '- **Not measured:** more than two workers, a Redis cluster or one node at its limit, a sharded MongoDB, real Graph. What the processor and disks of MongoDB carry is known only from this machine, where it shared two cores with the rest: the row about machines counts it in, and the shards are counted by bytes.',
  ];
};

/** What two workers did of the most tenants, beside one on the same machine. */
const sideBySideOf = (tables: readonly Table[]): string => {
  const [rate, workers] = ['tenants a second', 'workers'].map((name) => columnOf(tables, 'tenants', name));
  const [one, two] = [rate?.at(-2), rate?.at(-1)];
  if (one === undefined || two === undefined || workers?.at(-1) !== 2) return '';
  return ` (on the two cores here, which simulator and MongoDB share, two did ${shown(two)} tenants a second and one ${shown(one)}: there it is the machine that is full)`;
};

const loadOf = ({ micros, deltaMs }: PlanFigures): Load => {
  const [groups, memberships] = [people / peopleAGroup, people * groupsAPerson];
  const aSecond = {
    deltas: (tenants * deltasADay) / secondsADay,
    fullPeople: (people * fullsAWeek) / secondsAWeek,
    // Each group has a page, and a large one more.
    memberPages: ((groups + memberships / 999) * fullsAWeek) / secondsAWeek,
    operations: (people * changedADay) / secondsADay,
  };
  const cores = {
    deltas: (aSecond.deltas * deltaMs) / 1_000,
    fulls: (aSecond.fullPeople * micros.unchanged) / 1e6,
    operations: (aSecond.operations * micros.create) / 1e6,
  };
  const workers = Math.ceil((cores.deltas + cores.fulls + cores.operations) * peak);
  return { aSecond, cores, workers, groups, memberships };
};

const assumed = ({ micros, deltaMs, deltasAMinute, bytes }: PlanFigures): string =>
  `Assumed: ${deltasADay} delta syncs a day and ${fullsAWeek} full sync a week for each tenant, spread over the day; one target each; ${percent(changedADay)} of the people change on a day; one group for ${peopleAGroup} people, and each person in ${groupsAPerson}; the busiest hour is ${peak} times the average. Taken from the tables above: an unchanged person costs ${shown(micros.unchanged)} µs of processor in a full sync of the attributes named there, a created one ${shown(micros.create / 1_000)} ms, a delta with a thousand changes ${shown(deltaMs)} ms; a schedule takes ${shown(bytes.schedule)} bytes in Redis; the schedules above had one worker end ${shown(deltasAMinute)} small deltas in a minute.`;

const machinesOf = ({ deltasAMinute, aSecond: done }: PlanFigures, { aSecond }: Load): number =>
  peak *
  ((aSecond.deltas * 60) / deltasAMinute + aSecond.fullPeople / done.unchanged + aSecond.operations / done.creates);

const workRows = (figures: PlanFigures, load: Load) => {
  const { micros, deltaMs, deltasAMinute } = figures;
  const { aSecond, cores, workers } = load;
  return [
    row('delta syncs', `${num(tenants)} × ${deltasADay} / ${num(secondsADay)} s`, `${shown(aSecond.deltas)} a second`),
    row(
      'processor for them, if each finds a thousand changes',
      `${shown(aSecond.deltas)} × ${shown(deltaMs)} ms`,
      `${shown(cores.deltas)} cores`,
    ),
    row(
      'people read again by full syncs',
      `${num(people)} / 7 days, × ${shown(micros.unchanged)} µs`,
      `${shown(aSecond.fullPeople)} a second, ${shown(cores.fulls)} cores`,
    ),
    row(
      'operations at targets',
      `${num(people)} × ${percent(changedADay)} / day, × ${shown(micros.create / 1_000)} ms, as if each were a create`,
      `${shown(aSecond.operations)} a second over ${num(tenants)} targets, ${shown(cores.operations)} cores`,
    ),
    row(
      'workers in the busiest hour, a core each',
      `(${shown(cores.deltas)} + ${shown(cores.fulls)} + ${shown(cores.operations)}) × ${peak}`,
      `${workers}`,
    ),
    row(
      'machines like this one, with the MongoDB that was on it',
      `${peak} × (${shown(load.aSecond.deltas)} × 60 / ${num(figures.deltasAMinute)} + ${shown(load.aSecond.fullPeople)} / ${num(Math.round(figures.aSecond.unchanged))} + ${shown(load.aSecond.operations)} / ${num(Math.round(figures.aSecond.creates))})`,
      `${Math.ceil(machinesOf(figures, load))}, by what one did of small deltas in a minute, and of unchanged people and creates in a second`,
    ),
    row(
      'small deltas that each of them would have to end in a minute',
      `${shown(aSecond.deltas)} × ${peak} × 60 / ${workers}`,
      `${shown((aSecond.deltas * peak * 60) / workers)}; one was seen to end ${shown(deltasAMinute)}`,
    ),
  ];
};

const graphRows = ({ aSecond, groups, memberships }: Load): readonly string[] => {
  const pages = aSecond.fullPeople / userPage;
  const requests = aSecond.deltas * deltaRequests + pages + aSecond.memberPages;
  const units = aSecond.deltas * deltaRequests + pages + aSecond.memberPages * unitsAMemberPage;
  const deltas = `${shown(aSecond.deltas)} × ${deltaRequests}`;
  const users = `${shown(aSecond.fullPeople)} / ${userPage}`;
  return [
    row(
      'pages of members in full syncs',
      `(${num(groups)} groups + ${num(memberships)} memberships / 999) / 7 days`,
      `${shown(aSecond.memberPages)} a second, 20 to a batch`,
    ),
    row(
      'Graph requests of one app, those in a batch one by one, as Graph counts them',
      `${deltas} + ${users} + ${shown(aSecond.memberPages)}`,
      `${shown(requests)} a second: ${percent((requests * 10 * peak) / graphLimits.requestsPerTenSeconds)} of ${num(graphLimits.requestsPerTenSeconds)} in 10 s at the peak`,
    ),
    row(
      'resource units of one app over all tenants',
      `${deltas} + ${users} + ${shown(aSecond.memberPages)} × ${unitsAMemberPage}`,
      `${shown(units)} a second, ${percent((aSecond.memberPages * unitsAMemberPage) / units)} of them for members: ${percent((units * 20 * peak) / graphLimits.unitsPerTwentySeconds)} of ${num(graphLimits.unitsPerTwentySeconds)} in 20 s at the peak`,
    ),
  ];
};

const redisRows = ({ bytes }: PlanFigures, { aSecond }: Load): readonly string[] => [
  row(
    'Redis',
    `${num(tenants)} × ${shown(bytes.schedule)} bytes`,
    `${num(Math.round((tenants * bytes.schedule) / 2 ** 20))} MB, ${shown(aSecond.deltas * peak * jobsPerDelta)} jobs a second at the peak`,
  ),
];

const stored = ({ bytes }: PlanFigures, load: Load): readonly string[] => {
  const { groups, memberships } = load;
  const parts = storedBytes(bytes, load);
  const all = Object.values(parts).reduce((sum, part) => sum + part, 0);
  const shards = Math.max(1, Math.ceil(all / 2 ** 30 / shardGigabytes));
  return [
    ...head('in MongoDB, indexes included, before compression', 'arithmetic', 'result'),
    row('people as they are read', `${num(people)} × ${shown(bytes.person)} bytes`, gigabytes(parts.people)),
    row(
      'groups and memberships',
      `${num(groups)} × ${shown(bytes.person)} + ${num(memberships)} × ${shown(bytes.membership)} bytes`,
      gigabytes(parts.groups),
    ),
    row(
      `changes of ${keptDays.changes} days`,
      `${num(people)} × ${percent(changedADay)} × ${keptDays.changes} × ${shown(bytes.change)} bytes`,
      gigabytes(parts.changes),
    ),
    row(
      `links, and intents and outcomes of ${keptDays.operations} days`,
      `${num(people)} × (1 + ${percent(changedADay)} × ${keptDays.operations}) × ${shown(bytes.operation)} bytes`,
      gigabytes(parts.operations),
    ),
    row(
      `runs of ${keptDays.runs} days, a provision run for each sync`,
      `${num(tenants)} × (${deltasADay} + ${fullsAWeek}/7) × 2 × ${keptDays.runs} × ${shown(bytes.run)} bytes`,
      gigabytes(parts.runs),
    ),
    row('all', '', `${gigabytes(all)}, ${shards === 1 ? 'one shard' : `${shards} shards`} of ${shardGigabytes} GB`),
    '',
    `A created person takes ${shown(bytes.operation)} bytes for the link, the intent and the outcome together, which the table does not tell apart: each later operation is counted with a link of its own, so that line is too large rather than too small. It shrinks with the days that operations are kept.`,
  ];
};

const storedBytes = (bytes: PlanFigures['bytes'], { groups, memberships }: Load) => {
  const runs = tenants * (deltasADay + fullsAWeek / 7) * 2 * keptDays.runs;
  return {
    people: people * bytes.person,
    groups: groups * bytes.person + memberships * bytes.membership,
    changes: people * changedADay * keptDays.changes * bytes.change,
    operations: people * (1 + changedADay * keptDays.operations) * bytes.operation,
    runs: runs * bytes.run,
  };
};
