/** R5 and R6: ten times the people, the same delta and the same memory. */

import { z } from 'zod';
import { type Figures, interleaved, over, ratio, spreadOf } from '../figures.ts';
import type { Entrain } from '../lab.ts';
import { atMost } from '../result.ts';
import type { Place } from '../subjects/access.ts';
import type { Measure } from './measure.ts';

export const growing: Measure = {
  ids: ['R5', 'R6'],
  what: 'a delta of 1,000 changes, and memory, in tenants of three sizes',
  run: async (lab, { users, largestUsers, runs, longRuns }) => {
    const sizes = [users / 10, users, largestUsers];
    const graph = await lab.graph(sizes.map((size) => ({ users: size, groups: 0 })));
    const [small, middle, large] = graph.places;
    if (small === undefined || middle === undefined || large === undefined) return [];
    /** First and unchanged sync in a process of its own; the peak is the whole process's. */
    const peakOf = async (place: Place): Promise<Synced> => {
      const database = lab.database();
      const entrain = await lab.entrain(graph, { database });
      const connection = await entrain.connect(place, false);
      const first = await entrain.sync(connection, 'full');
      const unchanged = await entrain.sync(connection, 'full');
      return { entrain, connection, database, first, unchanged };
    };
    const peaks: { middle: number[]; large: number[] } = { middle: [], large: [] };
    let synced: { middle: Synced; large: Synced } | null = null;
    for (let round = 0; round < longRuns; round += 1) {
      for (const one of synced === null ? [] : [synced.middle, synced.large]) {
        await one.entrain.stop();
        await lab.drop(one.database);
      }
      lab.say(`  ${users} users in a fresh process`);
      const one = await peakOf(middle);
      lab.say(`  ${largestUsers} users in a fresh process`);
      const other = await peakOf(large);
      peaks.middle.push(one.unchanged['peakMb'] ?? Number.NaN);
      peaks.large.push(other.unchanged['peakMb'] ?? Number.NaN);
      synced = { middle: one, large: other };
    }
    if (synced === null) return [];
    const least = await peakOf(small);
    const { deltas, changes } = await deltasOf(graph, [least, synced.middle, synced.large], [small, middle, large], {
      runs,
      users: Math.min(1_000, users / 10),
      say: lab.say,
    });
    const wallMs = Object.fromEntries(
      sizes.map((size, at) => [`${size} users`, { ...over(deltas(`${at}`), 'wallMs') }]),
    );
    const cpuMs = Object.fromEntries(sizes.map((size, at) => [`${size} users`, { ...over(deltas(`${at}`), 'cpuMs') }]));
    const detail = { changes, wallMs, cpuMs };
    const [middlePeak, largePeak] = [spreadOf(peaks.middle), spreadOf(peaks.large)];
    const memory = {
      peakMb: { [`${users} users`]: { ...middlePeak }, [`${largestUsers} users`]: { ...largePeak } },
      firstSync: timesOf(synced, 'first', users, largestUsers),
      unchangedSync: timesOf(synced, 'unchanged', users, largestUsers),
      workerFlags: lab.workerFlags.join(' '),
    };
    return [
      atMost(
        'R5',
        `delta of ${changes} changes in ${users} / in ${users / 10}`,
        ratio(deltas('1'), deltas('0'), 'wallMs'),
        1.2,
        detail,
      ),
      atMost(
        'R5',
        `delta of ${changes} changes in ${largestUsers} / in ${users / 10}`,
        ratio(deltas('2'), deltas('0'), 'wallMs'),
        1.3,
        detail,
      ),
      atMost('R6', `peak memory, ${largestUsers} users / ${users}`, largePeak.median / middlePeak.median, 1.3, memory),
      atMost('R6', `peak memory with ${largestUsers} users, MB`, largePeak.median, 400, memory),
    ];
  },
};

type Synced = {
  readonly entrain: Entrain;
  readonly connection: string;
  readonly database: string;
  readonly first: Figures;
  readonly unchanged: Figures;
};

const timesOf = (
  synced: { middle: Synced; large: Synced },
  which: 'first' | 'unchanged',
  users: number,
  largest: number,
) => ({
  [`${users} users, ms`]: synced.middle[which]['wallMs'] ?? null,
  [`${largest} users, ms`]: synced.large[which]['wallMs'] ?? null,
});

const deltasOf = async (
  graph: { call: Entrain['call'] },
  synced: readonly Synced[],
  places: readonly Place[],
  { runs, users, say }: { readonly runs: number; readonly users: number; readonly say: (line: string) => void },
) => {
  say(`  deltas of ${users} changes`);
  const subjectOf = (at: number) => async (round: number) => {
    const [one, place] = [synced[at], places[at]];
    if (one === undefined || place === undefined) return {};
    await graph.call('change', { tenant: place.tenant.tenantId, users, stamp: `${round}` }, z.unknown());
    const took = await one.entrain.sync(one.connection, 'delta');
    if (took['updated'] !== users) throw new Error(`The delta found ${took['updated']} of ${users} changes.`);
    return took;
  };
  const subjects = Object.fromEntries(synced.map((_, at) => [`${at}`, subjectOf(at)]));
  for (const [at, subject] of Object.values(subjects).entries()) await subject(-1 - at);
  return { deltas: await interleaved(runs, subjects), changes: users };
};
