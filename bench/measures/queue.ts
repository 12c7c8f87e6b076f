/** R11: what the queue costs beside the work it hands out. */

import { figures, interleaved, over } from '../figures.ts';
import { atMost } from '../result.ts';
import type { Measure } from './measure.ts';

const emptySyncs = 200;

export const queue: Measure = {
  ids: ['R11'],
  what: 'the queue alone: processor time and Redis memory a user',
  run: async (lab, { users, runs }) => {
    const graph = await lab.graph([{ users, groups: 0 }]);
    const [place] = graph.places;
    if (place === undefined) return [];
    const entrain = await lab.entrain(graph);
    const connection = await entrain.connect(place, false);
    const { turns = 1 } = await entrain.sync(connection, 'full');
    const throughQueue = (weighed: boolean) => () => entrain.call('syncThroughQueue', { connection, weighed }, figures);
    await throughQueue(false)();
    const done = await interleaved(runs, {
      empty: () => entrain.call('emptySyncs', { syncs: emptySyncs, turns }, figures),
      direct: () => entrain.sync(connection, 'full'),
      queued: throughQueue(false),
      weighed: throughQueue(true),
    });
    const cpuMicros = (over(done('empty'), 'cpuMs').median * 1_000) / emptySyncs / users;
    const bytes = over(done('weighed'), 'keyBytes').median / users;
    const detail = {
      users,
      turnsOfASync: turns,
      cpuMsOfOneSyncsJobs: over(done('empty'), 'cpuMs').median / emptySyncs,
      bytesSentToRedisForOneSyncsJobs: over(done('empty'), 'wireBytes').median / emptySyncs,
      redisBytes: { ...over(done('weighed'), 'keyBytes') },
      wholeSyncCpuMs: {
        turnAfterTurn: { ...over(done('direct'), 'cpuMs') },
        throughTheQueue: { ...over(done('queued'), 'cpuMs') },
      },
    };
    return [
      atMost('R11', `queue, CPU µs a user of a sync of ${users}`, cpuMicros, 5, detail),
      atMost('R11', `queue, bytes in Redis a user of a sync of ${users}`, bytes, 10, detail),
    ];
  },
};
