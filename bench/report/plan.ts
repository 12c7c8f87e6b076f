/**
 * On paper: what 50,000 tenants with 100 million people would take, from what was measured of one. The assumptions stand beside the arithmetic, so
 * that a reader can put in their own.
 */

import type { Table } from '../growth/table.ts';
import { figuresOf, type PlanFigures } from './plan-figures.ts';
import { reconciling } from './plan-reconciler.ts';
import { sharding } from './plan-sharding.ts';
import { gigabytes, head, num, percent, row, shown, time } from './plan-text.ts';

const tenants = 50_000;
const people = 100_000_000;
const deltasADay = 6;
const fullsAWeek = 1;
/** People whose record changes on an ordinary day; each is one operation at a target. */
const changedADay = 0.02;
/** The busiest hour against the average one. */
const peak = 4;
const peopleAGroup = 50;
const groupsAPerson = 5;
/** src/engine/maintenance.ts. */
const keptDays = { runs: 90, operations: 90, changes: 30 } as const;
/** The default attributes name the manager, whom a delta query shows and no list: 200 people to a page, a resource unit each. */
const userPage = 200;
/** A page of members costs three units, and one less for `$select` (Graph, "Throttling limits", identity and access). */
const unitsAMemberPage = 2;
/** A delta that finds little asks for one page of users and one of groups, a unit each, and for a token now and then. */
const deltaRequests = 2;
const graphLimits = { requestsPerTenSeconds: 130_000, unitsPerTwentySeconds: 150_000 } as const;
/** A tick, a sync, a provision run. */
const jobsPerDelta = 3;
/** A run has eight indexes besides `_id`, which together are about as large as itself. */
const indexedRun = 2;
const shardGigabytes = 500;
/** R7: looked up by both names, created, and some get a manager afterwards. */
const requestsACreate = 3.1;
/** Of R7: what one target is let answer at once, and how long it takes. */
const target = { atOnce: 50, ms: 20 } as const;
/** Decision 6, 9,603 people. */
const largeCreateMs = 0.49;
const secondsADay = 86_400;
const secondsAWeek = 7 * secondsADay;

/** Null when the tables it reads from were not measured. */
export const planOf = (tables: readonly Table[]): readonly string[] | null => {
  const figures = figuresOf(tables);
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
    '- **Workers** share nothing but MongoDB and Redis: more of them take more turns, and the lease of a connection or target keeps two from the same one. What a worker waits for is Graph and targets, so `ENTRAIN_SYNC_CONCURRENCY` rises before the number of processes does.',
    '- **Redis.** All keys of one queue must lie in one slot of a cluster, which is why the prefix carries braces: a queue is never larger than one node. One node carries the load above. Beyond it, an installation cannot be given a second prefix for some of its connections: every scheduler schedules all connections of the database, and two prefixes over one database would ask for every sync twice. What is possible today is an Entrain of its own, with its own database, prefix and workers, for each so many tenants; nothing refers from one to another. Several prefixes over one database would take a field of the connection that names its prefix, which the reconciler, the daily prune and whoever adds a job would have to go by.',
    ...sharding,
    '- **Not measured:** more than two workers, a Redis cluster, a sharded MongoDB, real Graph. The figures above are of one machine.',
  ];
};

type Load = {
  /** On average. */
  readonly aSecond: {
    readonly deltas: number;
    readonly fullPeople: number;
    readonly memberPages: number;
    readonly operations: number;
  };
  readonly cores: { readonly deltas: number; readonly fulls: number; readonly operations: number };
  readonly workers: number;
  readonly groups: number;
  readonly memberships: number;
};

const loadOf = ({ micros, deltaMs, deltasAMinute }: PlanFigures): Load => {
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
  const forDeltas = Math.ceil((aSecond.deltas * peak) / (deltasAMinute / 60));
  const workers = forDeltas + Math.ceil((cores.fulls + cores.operations) * peak);
  return { aSecond, cores, workers, groups, memberships };
};

const assumed = ({ micros, deltaMs, deltasAMinute, bytes }: PlanFigures): string =>
  `Assumed: ${deltasADay} delta syncs a day and ${fullsAWeek} full sync a week for each tenant, spread over the day; one target each; ${percent(changedADay)} of the people change on a day; one group for ${peopleAGroup} people, and each person in ${groupsAPerson}; the busiest hour is ${peak} times the average. Taken from the tables above: an unchanged person costs ${shown(micros.unchanged)} µs of processor in a full sync of the attributes named there, a created one ${shown(micros.create / 1_000)} ms, a delta with a thousand changes ${shown(deltaMs)} ms; a schedule takes ${shown(bytes.schedule)} bytes in Redis; one worker ended at least ${shown(deltasAMinute)} small deltas in a minute (no more were asked of it).`;

const workRows = ({ micros, deltaMs, deltasAMinute }: PlanFigures, { aSecond, cores, workers }: Load) => [
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
    'workers in the busiest hour',
    `${shown(aSecond.deltas * peak)} deltas a second at ${shown(deltasAMinute / 60)} a worker, and ${peak} times the cores of full syncs and operations`,
    `${workers}`,
  ),
];

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
      `${num(tenants)} × (${deltasADay} + ${fullsAWeek}/7) × 2 × ${keptDays.runs} × ${shown(bytes.run)} bytes × ${indexedRun} for their indexes`,
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
    runs: runs * bytes.run * indexedRun,
  };
};

const firstDay = ({ micros }: PlanFigures, { workers, groups, memberships }: Load): readonly string[] => {
  const requestsASecond = (target.atOnce * 1_000) / target.ms;
  const atTarget = (accounts: number): number => (accounts * requestsACreate) / requestsASecond;
  const each = people / tenants;
  const units = people / userPage + (groups + memberships / 999) * unitsAMemberPage;
  const seconds = { read: (people * micros.firstRead) / 1e6, create: (people * micros.create) / 1e6 };
  const all = seconds.read + seconds.create;
  return [
    `Everybody is read and created once. A create costs ${requestsACreate} requests (R7), at a target that answers ${target.atOnce} at once in ${target.ms} ms: ${num(requestsASecond)} a second.`,
    '',
    ...head('what', 'arithmetic', 'result'),
    row(
      'one target with everybody',
      `${num(people)} × ${requestsACreate} / ${num(requestsASecond)}`,
      time(atTarget(people)),
    ),
    row(
      `${num(tenants)} targets of ${num(each)} people, side by side`,
      `${num(each)} × ${requestsACreate} / ${num(requestsASecond)}`,
      `${time(atTarget(each))} each`,
    ),
    row(
      'units of Graph',
      `${num(people)} / ${userPage} + ${num(groups)} groups × ${unitsAMemberPage}, and the further pages of large ones`,
      `${shown(units)}: ${time((units * 20) / graphLimits.unitsPerTwentySeconds)} at the limit of one app`,
    ),
    row(
      'processor of first syncs',
      `${num(people)} × ${shown(micros.firstRead)} µs`,
      `${time(seconds.read)} of one core`,
    ),
    row(
      'processor of creates',
      `${num(people)} × ${shown(micros.create / 1_000)} ms`,
      `${time(seconds.create)} of one core; ${time((people * largeCreateMs) / 1_000)} at the ${largeCreateMs} ms of a run of 9,603 people ([decision 6](decisions/0006-what-provisioning-costs.md))`,
    ),
    row(`both, on the ${workers} workers above, a core each`, `${time(all)} / ${workers}`, time(all / workers)),
    '',
    `So it depends on how the people are spread. One target with all of them is the limit itself: ${time(atTarget(people))}. Many small targets would be done in seconds, and what takes the time is Entrain, ${time(all / workers)} on ${workers} cores and less on more, and the MongoDB under it, whose own processor and disks are not in these figures.`,
  ];
};
