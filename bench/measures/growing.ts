/** R5 and R6: ten times the people, the same delta and the same memory. */

import { z } from 'zod';
import { type Figures, interleaved, over, quotient, ratio } from '../figures.ts';
import type { Entrain, Graph, Lab } from '../lab.ts';
import { atMost, type Detail, type Result } from '../result.ts';
import type { Place } from '../subjects/access.ts';
import { type Measure, pageLatencies } from './measure.ts';

export const growing: Measure = {
  ids: ['R5', 'R6'],
  what: 'a delta of 1,000 changes, and memory, in tenants of three sizes',
  run: async (lab, { users, largestUsers, runs, longRuns }) => {
    const sizes = [users / 10, users, largestUsers];
    const graph = await lab.graph(sizes.map((size) => ({ users: size, groups: 0 })));
    const [small, middle, large] = graph.places;
    if (small === undefined || middle === undefined || large === undefined) return [];
    const first = await firstSyncs(lab, graph, { middle, large }, longRuns);
    const unchanged = await unchangedSyncs(lab, graph, first.stored, longRuns);
    const least = await storedBy(lab, graph, small, sizes);
    const changes = Math.min(1_000, users / 10);
    const tenants = [
      { place: small, ...least },
      { place: middle, ...unchanged.open.middle },
      { place: large, ...unchanged.open.large },
    ];
    const deltas = await deltasOf(lab, graph, tenants, { runs, changes });
    const detail = { changes, ...deltaDetail(sizes, deltas) };
    const at = deltas.get(0) ?? (() => []);
    return [
      atMost(
        'R5',
        `delta of ${changes} changes in ${users} / in ${users / 10}`,
        quotient(at('1'), at('0'), 'wallMs'),
        1.2,
        detail,
      ),
      atMost(
        'R5',
        `delta of ${changes} changes in ${largestUsers} / in ${users / 10}`,
        quotient(at('2'), at('0'), 'wallMs'),
        1.3,
        detail,
      ),
      ...memoryOf(first.runsOf, unchanged.runsOf, { users, largestUsers, flags: lab.workerFlags.join(' ') }),
    ];
  },
};

type RunsOf = (name: string) => readonly Figures[];
type Both<T> = { readonly middle: T; readonly large: T };
/** A connection in a database that holds what its last full sync stored. */
type Stored = { readonly database: string; readonly connection: string; readonly place: Place };
type Open = { readonly entrain: Entrain; readonly connection: string };

/** Each in a process of its own that does nothing else, for the peak is the whole process's. What the last round stored is kept. */
const firstSyncs = async (
  lab: Lab,
  graph: Graph,
  places: Both<Place>,
  rounds: number,
): Promise<{ readonly runsOf: RunsOf; readonly stored: Both<Stored> }> => {
  const stored = new Map<string, Stored>();
  const first = (name: keyof Both<Place>) => async (): Promise<Figures> => {
    const before = stored.get(name);
    if (before !== undefined) await lab.drop(before.database);
    lab.say(`  first full sync in a fresh process, ${name} tenant`);
    const database = lab.database();
    const entrain = await lab.entrain(graph, { database });
    const connection = await entrain.connect(places[name], false);
    const took = await entrain.sync(connection, 'full');
    await entrain.stop();
    stored.set(name, { database, connection, place: places[name] });
    return took;
  };
  const runsOf = await interleaved(rounds, { middle: first('middle'), large: first('large') });
  const [middle, large] = [stored.get('middle'), stored.get('large')];
  if (middle === undefined || large === undefined) throw new Error('Nothing was stored.');
  return { runsOf, stored: { middle, large } };
};

/** Of what is stored: a fresh process each time, which no first sync has filled before. The last ones stay open. */
const unchangedSyncs = async (
  lab: Lab,
  graph: Graph,
  stored: Both<Stored>,
  rounds: number,
): Promise<{ readonly runsOf: RunsOf; readonly open: Both<Open> }> => {
  const open = new Map<string, Open>();
  const unchanged = (name: keyof Both<Stored>) => async (): Promise<Figures> => {
    await open.get(name)?.entrain.stop();
    lab.say(`  unchanged full sync in a fresh process, ${name} tenant`);
    const { database, connection } = stored[name];
    const entrain = await lab.entrain(graph, { database });
    open.set(name, { entrain, connection });
    return await entrain.sync(connection, 'full');
  };
  const runsOf = await interleaved(rounds, { middle: unchanged('middle'), large: unchanged('large') });
  const [middle, large] = [open.get('middle'), open.get('large')];
  if (middle === undefined || large === undefined) throw new Error('Nothing was synced.');
  return { runsOf, open: { middle, large } };
};

/** The processes of the larger tenants have read all of them before their deltas: this one reads as many people as that of the middle one. */
const storedBy = async (
  lab: Lab,
  graph: Graph,
  place: Place,
  [size = 1, middle = 1]: readonly number[],
): Promise<Open> => {
  const entrain = await lab.entrain(graph);
  const connection = await entrain.connect(place, false);
  for (let read = 0; read < middle; read += size) await entrain.sync(connection, 'full');
  return { entrain, connection };
};

/** Other people change each time, so that what is looked up is not what was looked up before. By latency of a page. */
const deltasOf = async (
  lab: Lab,
  graph: Graph,
  tenants: readonly (Open & { readonly place: Place })[],
  { runs, changes }: { readonly runs: number; readonly changes: number },
): Promise<ReadonlyMap<number, RunsOf>> => {
  let from = 0;
  const delta =
    ({ entrain, connection, place }: Open & { readonly place: Place }) =>
    async (): Promise<Figures> => {
      from += changes;
      const ask = { tenant: place.tenant.tenantId, users: changes, from, stamp: `${from}` };
      await graph.call('change', ask, z.unknown());
      const took = await entrain.sync(connection, 'delta');
      if (took['updated'] !== changes) throw new Error(`The delta found ${took['updated']} of ${changes} changes.`);
      return took;
    };
  const subjects = Object.fromEntries(tenants.map((tenant, at) => [`${at}`, delta(tenant)]));
  for (const subject of Object.values(subjects)) await subject();
  const done = new Map<number, RunsOf>();
  for (const latencyMs of [0, ...pageLatencies]) {
    lab.say(`  deltas of ${changes} changes, ${latencyMs} ms a page`);
    await graph.knobs({ latencyMs });
    done.set(latencyMs, await interleaved(runs, subjects));
  }
  await graph.knobs({ latencyMs: 0 });
  return done;
};

const deltaDetail = (sizes: readonly number[], deltas: ReadonlyMap<number, RunsOf>): Detail => {
  const bySize = (runsOf: RunsOf, figure: string): Detail =>
    Object.fromEntries(sizes.map((size, at) => [`${size} users`, { ...over(runsOf(`${at}`), figure) }]));
  const none = deltas.get(0) ?? (() => []);
  const slow = pageLatencies.flatMap((latencyMs) => {
    const runsOf = deltas.get(latencyMs);
    return runsOf === undefined ? [] : [[`wall ms at ${latencyMs} ms a page`, bySize(runsOf, 'wallMs')] as const];
  });
  return { wallMs: bySize(none, 'wallMs'), ...Object.fromEntries(slow), cpuMs: bySize(none, 'cpuMs') };
};

const memoryOf = (
  first: RunsOf,
  unchanged: RunsOf,
  { users, largestUsers, flags }: { readonly users: number; readonly largestUsers: number; readonly flags: string },
): readonly Result[] => {
  const bySize = (runsOf: RunsOf, figure: string): Detail => ({
    [`${users} users`]: { ...over(runsOf('middle'), figure) },
    [`${largestUsers} users`]: { ...over(runsOf('large'), figure) },
  });
  const detail = {
    unchangedSync: {
      peakMb: bySize(unchanged, 'peakMb'),
      wallMs: bySize(unchanged, 'wallMs'),
      'times the time': ratio(unchanged('large'), unchanged('middle'), 'wallMs'),
    },
    firstSync: {
      peakMb: bySize(first, 'peakMb'),
      wallMs: bySize(first, 'wallMs'),
      'times the time': ratio(first('large'), first('middle'), 'wallMs'),
    },
    'each sync': 'in a process of its own',
    workerFlags: flags,
  };
  return (
    [
      ['an unchanged full sync', unchanged],
      ['a first full sync', first],
    ] as const
  ).flatMap(([what, runsOf]) => [
    atMost(
      'R6',
      `peak memory of ${what}, ${largestUsers} users / ${users}`,
      quotient(runsOf('large'), runsOf('middle'), 'peakMb'),
      1.3,
      detail,
    ),
    atMost(
      'R6',
      `peak memory of ${what} of ${largestUsers} users, MB`,
      over(runsOf('large'), 'peakMb').median,
      400,
      detail,
    ),
  ]);
};
