/** R2, R3 and R10: the first full sync, until its version is the head. */

import { z } from 'zod';
import type { Actor } from '../actor.ts';
import { type Figures, figures, interleaved, mustAll, over, ratio } from '../figures.ts';
import type { Entrain, Graph, Lab } from '../lab.ts';
import type { Options } from '../options.ts';
import { atLeast, atMost, type Result } from '../result.ts';
import type { Place } from '../subjects/access.ts';
import type { Measure } from './measure.ts';

export const firstSync: Measure = {
  ids: ['R2', 'R3', 'R10'],
  what: 'the first full sync to a committed head, the bare limit and the usual way',
  run: async (lab, options) => {
    const { users, groups } = options;
    const graph = await lab.graph([
      { users, groups },
      { users: 2_000, groups: 60 },
    ]);
    const [place, small] = graph.places;
    if (place === undefined || small === undefined) return [];
    const memberships = await graph.call('memberships', place.tenant.tenantId, z.number());
    const subjects = { entrain: await lab.entrain(graph), bare: lab.subject(graph), usual: lab.subject(graph) };
    for (const managers of [false, true]) {
      await subjects.entrain.sync(await subjects.entrain.connect(small, managers), 'full');
      await subjects.bare.call('bareRead', { ...place, managers, groups: true }, figures);
    }
    const plain = await compare(lab, options, graph, subjects, place, false);
    const managed = await compare(lab, options, graph, subjects, place, true);
    const sizes = { users, groups, memberships, runs: options.runs };
    return [
      ...results('', plain, sizes),
      ...results('m', managed, sizes),
      atLeast(
        'R3',
        'the usual way (PageIterator, one upsert per object) / first full sync',
        ratio(plain.runs('usual'), plain.runs('ours'), 'wallMs'),
        4,
        {
          ...sizes,
          wallMs: {
            ours: { ...over(plain.runs('ours'), 'wallMs') },
            usual: { ...over(plain.runs('usual'), 'wallMs') },
          },
          cpuMs: { ours: { ...over(plain.runs('ours'), 'cpuMs') }, usual: { ...over(plain.runs('usual'), 'cpuMs') } },
        },
      ),
    ];
  },
};

type Subjects = { readonly entrain: Entrain; readonly bare: Actor; readonly usual: Actor };
type Compared = {
  readonly runs: (name: string) => readonly Figures[];
  readonly requests: number;
  readonly units: number;
};

/** Not part of the snapshot. */
const otherCollections = ['runs', 'connections', 'targets'];

const compare = async (
  lab: Lab,
  options: Options,
  graph: Graph,
  { entrain, bare, usual }: Subjects,
  place: Place,
  managers: boolean,
): Promise<Compared> => {
  lab.say(`  managers: ${managers}`);
  const onFreshDatabase = async (work: (database: string) => Promise<Figures>): Promise<Figures> => {
    const database = lab.database();
    const took = await work(database);
    await lab.drop(database);
    return took;
  };
  const first = async (database: string): Promise<Figures> => {
    await entrain.openOn(database);
    const connection = await entrain.connect(place, managers);
    return await entrain.sync(connection, 'full');
  };
  // The first time also gives the documents to insert, fills what the simulator keeps, and counts the requests.
  const model = lab.database();
  await graph.counted();
  await first(model);
  const { requests = 0, units = 0 } = await graph.counted();
  await bare.call('loadDocuments', { mongoUri: lab.uriOf(model), except: otherCollections }, z.unknown());
  await lab.drop(model);
  const runs = await interleaved(options.runs, {
    ours: () => onFreshDatabase(first),
    bare: () =>
      onFreshDatabase((database) =>
        bare.call('readAndInsert', { ...place, mongoUri: lab.uriOf(database), managers, groups: true }, figures),
      ),
    ...(managers
      ? {}
      : {
          usual: () =>
            onFreshDatabase((database) =>
              usual.call('usualWay', { ...place, mongoUri: lab.uriOf(database), groups: true }, figures),
            ),
        }),
  });
  mustRead(runs, options.users);
  return { runs, requests, units };
};

/** Whoever reads or keeps less would win. The bare limit counts memberships as well. */
const mustRead = (runs: (name: string) => readonly Figures[], users: number): void => {
  mustAll(runs('usual'), 'users', users);
  for (const [who, figure] of [
    ['ours', 'created'],
    ['ours', 'membersAdded'],
    ['bare', 'objects'],
    ['bare', 'inserted'],
    ['usual', 'groups'],
  ] as const)
    mustAll(runs(who), figure, runs(who)[0]?.[figure] ?? Number.NaN);
  const [ours, bare] = [runs('ours')[0], runs('bare')[0]];
  const kept = (ours?.['created'] ?? Number.NaN) + (ours?.['membersAdded'] ?? Number.NaN);
  if (kept !== bare?.['objects']) throw new Error(`${bare?.['objects']} were read, and ${kept} of them kept.`);
};

type Sizes = { readonly users: number; readonly groups: number; readonly memberships: number; readonly runs: number };

const results = (suffix: 'm' | '', { runs, requests, units }: Compared, sizes: Sizes): readonly Result[] => {
  const withManagers = suffix === 'm' ? ', with managers' : '';
  const { runs: _rounds, ...content } = sizes;
  const most = Math.ceil(sizes.users / 999) + sizes.groups / 20 + 4;
  return [
    atMost(
      `R2${suffix}`,
      `first full sync${withManagers} / (bare read + parse, then insertMany of the same documents)`,
      ratio(runs('ours'), runs('bare'), 'wallMs'),
      1.5,
      {
        ...sizes,
        managers: suffix === 'm',
        wallMs: { ours: { ...over(runs('ours'), 'wallMs') }, bare: { ...over(runs('bare'), 'wallMs') } },
        ofWhichInserting: { ...over(runs('bare'), 'insertMs') },
        cpuMs: { ours: { ...over(runs('ours'), 'cpuMs') }, bare: { ...over(runs('bare'), 'cpuMs') } },
        documents: over(runs('bare'), 'inserted').median,
      },
    ),
    atMost(
      `R10${suffix}`,
      `Graph requests of a full sync${withManagers} / (ceil(users/999) + groups/20 + 4)`,
      requests / most,
      1,
      { ...content, requests, most, resourceUnits: units, 'a batch counts as': 'one request' },
    ),
  ];
};
