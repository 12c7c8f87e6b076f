/** R7: creating accounts at a target that takes 20 ms for each answer. */

import { z } from 'zod';
import { type Figures, figures, interleaved, mustAll, over, quotient } from '../figures.ts';
import type { Entrain, Target } from '../lab.ts';
import { atMost } from '../result.ts';
import type { Asked } from '../subjects/raw-provision.ts';
import type { Measure } from './measure.ts';

const latencyMs = 20;
const connections = 50;

export const provisioning: Measure = {
  ids: ['R7'],
  what: 'creating accounts at a target with 20 ms latency, 50 connections',
  run: async (lab, { quick, runs }) => {
    const users = quick ? 1_000 : 10_000;
    const graph = await lab.graph([{ users, groups: 0 }]);
    const [place] = graph.places;
    if (place === undefined) return [];
    const sink = await lab.target(latencyMs);
    const entrain = await lab.entrain(graph);
    const connection = await entrain.connect(place, false);
    await entrain.sync(connection, 'full');
    const raw = lab.subject(graph);
    await provisionOnce(entrain, sink, connection);
    const requests = await sink.asked();
    const creates = requests.filter(({ method }) => method === 'POST');
    const replay = (name: string, some: readonly Asked[]) => async (): Promise<Figures> => {
      await sink.empty();
      return await raw.call(name, { ...sink.settings, requests: some, connections }, figures);
    };
    const usual = creates.slice(0, quick ? 50 : 500);
    const done = await interleaved(runs, {
      ours: () => provisionOnce(entrain, sink, connection),
      raw: replay('rawProvision', requests),
      creates: replay('rawProvision', creates),
      usual: replay('usualProvision', usual),
    });
    mustAll(done('ours'), 'created', creates.length);
    mustAll(done('raw'), 'requests', requests.length);
    const usualMsPerPerson = over(done('usual'), 'wallMs').median / usual.length;
    return [
      atMost(
        'R7',
        'provisioning creates / the same requests raw',
        quotient(done('ours'), done('raw'), 'wallMs'),
        1.25,
        {
          people: creates.length,
          users,
          latencyMs,
          connections,
          requestsPerPerson: requests.length / creates.length,
          wallMs: {
            ours: { ...over(done('ours'), 'wallMs') },
            sameRequestsRaw: { ...over(done('raw'), 'wallMs') },
            createsAloneRaw: { ...over(done('creates'), 'wallMs') },
          },
          cpuMs: { ours: { ...over(done('ours'), 'cpuMs') }, sameRequestsRaw: { ...over(done('raw'), 'cpuMs') } },
          usualWay: {
            what: `one request a person with fetch, ${usual.length} people`,
            msPerPerson: usualMsPerPerson,
            timesOurs: usualMsPerPerson / (over(done('ours'), 'wallMs').median / creates.length),
          },
        },
      ),
    ];
  },
};

/** A target of its own each time, so that it knows nobody. */
const provisionOnce = async (entrain: Entrain, sink: Target, connection: string): Promise<Figures> => {
  await sink.empty();
  const ask = { connection, ...sink.settings, concurrency: connections };
  const target = await entrain.call('addTarget', ask, z.string());
  const took = await entrain.call('provision', { target }, figures);
  await entrain.call('removeTarget', target, z.unknown());
  return took;
};
