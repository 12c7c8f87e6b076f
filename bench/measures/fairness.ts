/** R9: small tenants beside a huge one, through real queues and one real worker. */

import { availableParallelism } from 'node:os';
import { busyDuring } from '../busy.ts';
import { type Figures, interleaved, over, quotient, ratio, spreadOf } from '../figures.ts';
import { shareOf } from '../growth/graph-share.ts';
import { mongoMegabytes, redisKilobytes } from '../growth/sizes.ts';
import { atMost, type Detail } from '../result.ts';
import { openTown } from '../town.ts';
import { readOnce } from '../warm.ts';
import type { Measure } from './measure.ts';

const smallTenants = 50;
const smallUsers = 200;
const pageLatencyMs = 80;

export const fairness: Measure = {
  ids: ['R9'],
  what: 'small tenants beside one huge tenant, on one worker with the queue',
  run: async (lab, { largestUsers, runs, quick }) => {
    const users = quick ? 50_000 : largestUsers;
    const graph = await lab.graph([
      { users, groups: 0 },
      ...Array.from({ length: smallTenants }, () => ({ users: smallUsers, groups: 10 })),
    ]);
    const [huge, ...small] = graph.places;
    if (huge === undefined) return [];
    await readOnce(lab, graph, [huge], false);
    const town = await openTown(lab, graph);
    try {
      const connections: string[] = [];
      for (const place of small) connections.push(await town.connect(place, true));
      await graph.knobs({ latencyMs: pageLatencyMs });
      await town.manySyncs(connections, forSeconds(5));
      const seconds = quick ? 4 : 40;
      const windowOf = async (lasts: () => boolean): Promise<Figures> => {
        await graph.counted();
        const { done: times, busy } = await busyDuring(town.worker, () => town.manySyncs(connections, lasts));
        return { ...toFigures(times), ...busy, ...(await graph.counted()) };
      };
      const done = await interleaved(runs, {
        alone: () => windowOf(forSeconds(seconds / 2)),
        beside: async () => {
          // One of its own each time: a run that is canceled leaves a draft, and the next would go on from there.
          const run = await town.request(await town.connect(huge, false));
          let over = false;
          const hugeEnded = town.ended(run).then(
            () => {
              over = true;
            },
            () => {
              over = true;
            },
          );
          const inTime = forSeconds(seconds);
          const took = await windowOf(() => !over && inTime());
          await town.cancel(run);
          await hugeEnded;
          return took;
        },
      });
      const ofBoth = (figure: string): Detail => ({
        alone: { ...over(done('alone'), figure) },
        beside: { ...over(done('beside'), figure) },
      });
      const unitsASync = over(done('alone'), 'units').median / over(done('alone'), 'syncs').median;
      return [
        atMost(
          'R9',
          `small tenants' sync time in the first ${seconds} s of a sync of ${users} users / alone`,
          quotient(done('beside'), done('alone'), 'medianMs'),
          1.5,
          {
            smallTenants,
            smallUsers,
            hugeUsers: users,
            pageLatencyMs,
            windowSeconds: seconds,
            'the huge tenant in it': 'is read, and canceled before its end',
            worker: 'one process, all roles',
            medianMs: ofBoth('medianMs'),
            p95Ms: ofBoth('p95Ms'),
            syncs: { alone: over(done('alone'), 'syncs').median, beside: over(done('beside'), 'syncs').median },
            'p95 beside / alone': ratio(done('beside'), done('alone'), 'p95Ms'),
            cores: availableParallelism(),
            'cores busy, of the machine': ofBoth('machineCores'),
            'cores busy, of the worker': ofBoth('groupCores'),
            'Graph requests in a window, a batch counted as one': ofBoth('requests'),
            'units of a small sync': unitsASync,
            'share of limit of a small sync': shareOf(unitsASync, 10, smallUsers),
            'MongoDB MB after all windows': await mongoMegabytes(lab, town.name),
            'Redis KB after all windows': await redisKilobytes(lab, town.name),
          },
        ),
      ];
    } finally {
      await town.stop();
    }
  },
};

const forSeconds = (seconds: number): (() => boolean) => {
  const until = Date.now() + seconds * 1_000;
  return () => Date.now() < until;
};

const toFigures = (times: readonly number[]): Figures => {
  const sorted = times.toSorted((a, b) => a - b);
  return {
    medianMs: spreadOf(times).median,
    p95Ms: sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? Number.NaN,
    syncs: times.length,
  };
};
