/** R1: what the source connector costs, against reading and parsing alone; and everybody else who reads. */

import type { Actor } from '../actor.ts';
import { type Figures, figures, interleaved, mustAll, over, quotient, ratio } from '../figures.ts';
import { installPeers } from '../peers/install.ts';
import { atMost, type Result } from '../result.ts';
import type { Place } from '../subjects/access.ts';
import type { Measure } from './measure.ts';

export const reading: Measure = {
  ids: ['R1'],
  what: 'reading all users: our connector, the bare limit, the usual clients',
  run: async (lab, { users, runs }) => {
    const graph = await lab.graph([
      { users, groups: 0 },
      { users: 5_000, groups: 0 },
    ]);
    const [place, small] = graph.places;
    if (place === undefined || small === undefined) return [];
    const bare = lab.subject(graph);
    const ours = lab.subject(graph);
    const sdk = lab.subject(graph);
    const missing = await installPeers(lab.say);
    const backstage = missing === null ? lab.subject(graph) : null;
    const ask = (actor: Actor, what: string, where: Place, more = {}) =>
      actor.call(what, { ...where, managers: false, groups: false, ...more }, figures);
    for (const warmUp of [small, place]) {
      await ask(bare, 'bareRead', warmUp);
      await ask(ours, 'sourceRead', warmUp);
      await ask(sdk, 'sdkRead', warmUp);
      if (backstage !== null) await ask(backstage, 'backstageRead', warmUp);
    }
    const done = await interleaved(runs, {
      drain: () => ask(bare, 'bareRead', place, { parse: false }),
      bare: () => ask(bare, 'bareRead', place),
      ours: () => ask(ours, 'sourceRead', place),
      sdk: () => ask(sdk, 'sdkRead', place),
      ...(backstage === null ? {} : { backstage: () => ask(backstage, 'backstageRead', place) }),
    });
    await graph.counted();
    await ask(bare, 'bareRead', place);
    const { bytes = Number.NaN } = await graph.counted();
    lab.say('  without compression, and with managers');
    await graph.knobs({ gzip: false });
    await ask(bare, 'bareRead', place);
    const plain = await interleaved(runs, {
      bare: () => ask(bare, 'bareRead', place),
      ours: () => ask(ours, 'sourceRead', place),
    });
    await graph.knobs({ gzip: true });
    await ask(bare, 'bareRead', place, { managers: true });
    const managed = await interleaved(runs, {
      bare: () => ask(bare, 'bareRead', place, { managers: true }),
      ours: () => ask(ours, 'sourceRead', place, { managers: true }),
    });
    // Backstage says how many entities it made, and makes none of a disabled account: the same number each time, and not much less.
    const readers = ['bare', 'ours', 'sdk'];
    for (const runsOf of [done, plain, managed]) mustAll(readers.flatMap(runsOf), 'objects', users);
    const entities = done('backstage')[0]?.['objects'] ?? users;
    mustAll(done('backstage'), 'objects', entities);
    if (entities < users * 0.8) throw new Error(`Backstage made ${entities} entities of ${users} users.`);
    const perUser = (all: readonly Figures[]) => spreadPerUser(all, users);
    const result: Result = atMost(
      'R1',
      'source connector, CPU a user / bare read + JSON.parse',
      quotient(done('ours'), done('bare'), 'cpuMs'),
      1.9,
      {
        users,
        bytesPerUser: bytes / users,
        attributes: 'default mapping without manager; HTTPS, gzip',
        cpuMicrosPerUser: {
          bareReadAndParse: perUser(done('bare')),
          ours: perUser(done('ours')),
          pageIterator: perUser(done('sdk')),
          backstage: missing ?? perUser(done('backstage')),
          socketAndUnzipAlone: perUser(done('drain')),
        },
        wallMs: {
          bareReadAndParse: { ...over(done('bare'), 'wallMs') },
          ours: { ...over(done('ours'), 'wallMs') },
          pageIterator: { ...over(done('sdk'), 'wallMs') },
          backstage: missing ?? { ...over(done('backstage'), 'wallMs') },
          socketAndUnzipAlone: { ...over(done('drain'), 'wallMs') },
        },
        withoutCompression: {
          ratio: ratio(plain('ours'), plain('bare'), 'cpuMs'),
          bareReadAndParse: perUser(plain('bare')),
          ours: perUser(plain('ours')),
        },
        withManagers: {
          ratio: ratio(managed('ours'), managed('bare'), 'cpuMs'),
          bareReadAndParse: perUser(managed('bare')),
          ours: perUser(managed('ours')),
        },
        simulatorPagesPerSecond: pagesPerSecond(done('drain')),
      },
    );
    return [result];
  },
};

const spreadPerUser = (runs: readonly Figures[], users: number) => ({
  ...over(
    runs.map(({ cpuMs = Number.NaN }) => ({ micros: (cpuMs * 1_000) / users })),
    'micros',
  ),
});

const pagesPerSecond = (runs: readonly Figures[]): number =>
  over(
    runs.map(({ pages = 0, wallMs = 1 }) => ({ rate: pages / (wallMs / 1_000) })),
    'rate',
  ).median;
