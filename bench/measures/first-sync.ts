/** R2, R3 and R10: the first full sync, until its version is the head. */

import { z } from 'zod';
import { type Figures, figures, interleaved, mustAll, over, quotient, ratio } from '../figures.ts';
import type { Graph, Lab } from '../lab.ts';
import { atLeast, atMost, type Detail, type Result } from '../result.ts';
import { type Measure, pageLatencies } from './measure.ts';

export const firstSync: Measure = {
  ids: ['R2', 'R10'],
  what: 'the first full sync to a committed head, and the bare limit',
  run: async (lab, { users, groups, runs }) => await beside(lab, { users, groups, runs, managers: false }),
};

/** As many pages as the others have: they hold a fifth of the people. */
export const managedFirstSync: Measure = {
  ids: ['R2m', 'R10m'],
  what: 'the same with managers, and the bare limit',
  run: async (lab, { users, groups, runs }) =>
    await beside(lab, { ...aFifth({ users, groups }), runs, managers: true }),
};

/** A fifth of the people, for it takes a millisecond for each of them, and as long for each of their memberships. */
export const usualFirstSync: Measure = {
  ids: ['R3'],
  what: 'the same without managers, and the usual way',
  run: async (lab, { users, groups, runs }) => {
    const sizes = { ...aFifth({ users, groups }), runs, managers: false };
    const { graph, place, ours } = await opened(lab, sizes);
    const usual = lab.subject(graph);
    // What the simulator keeps is filled.
    await ours();
    const runsOf = await interleaved(runs, {
      ours,
      usual: () =>
        onFreshDatabase(lab, (database) =>
          usual.call('usualWay', { ...place, mongoUri: lab.uriOf(database), groups: true }, figures),
        ),
    });
    mustAll(runsOf('usual'), 'users', sizes.users);
    const found = runsOf('usual')[0]?.['groups'] ?? Number.NaN;
    mustAll(runsOf('usual'), 'groups', found);
    mustAll(runsOf('ours'), 'created', sizes.users + found);
    const memberships = await graph.call('memberships', place.tenant.tenantId, z.number());
    return [
      atLeast(
        'R3',
        `the usual way (PageIterator, one upsert per object) / first full sync, ${sizes.users} users`,
        quotient(runsOf('usual'), runsOf('ours'), 'wallMs'),
        4,
        {
          ...sizes,
          memberships,
          wallMs: { ours: { ...over(runsOf('ours'), 'wallMs') }, usual: { ...over(runsOf('usual'), 'wallMs') } },
          cpuMs: { ours: { ...over(runsOf('ours'), 'cpuMs') }, usual: { ...over(runsOf('usual'), 'cpuMs') } },
        },
      ),
    ];
  },
};

const aFifth = ({ users, groups }: Pick<Sizes, 'users' | 'groups'>) => ({
  users: users / 5,
  groups: Math.ceil(groups / 5),
});

type Sizes = {
  readonly users: number;
  readonly groups: number;
  readonly runs: number;
  readonly managers: boolean;
};
/** Of what is compared with the bare limit. */
type Compared = {
  readonly runsOf: (name: string) => readonly Figures[];
  readonly asked: {
    readonly requests: number;
    readonly units: number;
    readonly ofFirst: { readonly requests: number; readonly turns: number };
  };
  /** Of R2 alone: a round of each at the latencies of a page. */
  readonly slow: Detail;
  readonly sizes: Sizes & { readonly memberships: number };
};

/** Not part of the snapshot. */
const otherCollections = ['runs', 'connections', 'targets'];

/** A process with Entrain that has worked once, and its first sync of the tenant on a database of its own. */
const opened = async (lab: Lab, { users, groups, managers }: Sizes) => {
  const graph = await lab.graph([
    { users, groups },
    { users: 2_000, groups: 60 },
  ]);
  const [place, small] = graph.places;
  if (place === undefined || small === undefined) throw new Error('A tenant is missing.');
  const entrain = await lab.entrain(graph);
  await entrain.sync(await entrain.connect(small, managers), 'full');
  const connectOn = async (database: string): Promise<string> => {
    await entrain.openOn(database);
    return await entrain.connect(place, managers);
  };
  const ours = (): Promise<Figures> =>
    onFreshDatabase(lab, async (database) => await entrain.sync(await connectOn(database), 'full'));
  return { graph, place, entrain, connectOn, ours };
};

const onFreshDatabase = async (lab: Lab, work: (database: string) => Promise<Figures>): Promise<Figures> => {
  const database = lab.database();
  const took = await work(database);
  await lab.drop(database);
  return took;
};

const beside = async (lab: Lab, sizes: Sizes): Promise<readonly Result[]> => {
  const { runs, managers } = sizes;
  const { graph, place, entrain, connectOn, ours } = await opened(lab, sizes);
  const bare = lab.subject(graph);
  await bare.call('bareRead', { ...place, managers, groups: true }, figures);
  // The first time also gives the documents to insert, and fills what the simulator keeps.
  const model = lab.database();
  const connection = await connectOn(model);
  await graph.counted();
  const { turns = 1 } = await entrain.sync(connection, 'full');
  const ofFirst = await graph.counted();
  await bare.call('loadDocuments', { mongoUri: lab.uriOf(model), except: otherCollections }, z.unknown());
  // Requests are counted of a sync that is done within one turn: one that goes on in another asks once more for what was under way.
  await entrain.sync(connection, 'full');
  const { requests = 0, units = 0 } = await graph.counted();
  await lab.drop(model);
  const asked = { requests, units, ofFirst: { requests: ofFirst['requests'] ?? 0, turns } };
  const subjects = {
    ours,
    bare: () =>
      onFreshDatabase(lab, (database) =>
        bare.call('readAndInsert', { ...place, mongoUri: lab.uriOf(database), managers, groups: true }, figures),
      ),
  };
  const runsOf = await interleaved(runs, subjects);
  mustRead(runsOf);
  const slow = managers ? {} : await atLatencies(lab, graph, subjects);
  const memberships = await graph.call('memberships', place.tenant.tenantId, z.number());
  return results(managers ? 'm' : '', { runsOf, asked, slow, sizes: { ...sizes, memberships } });
};

/** A round at each latency: a first sync takes many seconds, and what its target is about is the machine. */
const atLatencies = async (
  lab: Lab,
  graph: Graph,
  subjects: Readonly<Record<'ours' | 'bare', () => Promise<Figures>>>,
): Promise<Detail> => {
  const detail: Record<string, Detail> = {};
  for (const latencyMs of pageLatencies) {
    lab.say(`  one of each at ${latencyMs} ms a page`);
    await graph.knobs({ latencyMs });
    const once = await interleaved(1, subjects);
    mustAll(once('bare'), 'objects', (once('ours')[0]?.['created'] ?? 0) + (once('ours')[0]?.['membersAdded'] ?? 0));
    detail[`wall ms at ${latencyMs} ms a page, one run`] = {
      ours: over(once('ours'), 'wallMs').median,
      bare: over(once('bare'), 'wallMs').median,
      'ours / bare': ratio(once('ours'), once('bare'), 'wallMs'),
    };
  }
  await graph.knobs({ latencyMs: 0 });
  return detail;
};

/** Whoever reads or keeps less would win. The bare limit counts memberships as well. */
const mustRead = (runs: (name: string) => readonly Figures[]): void => {
  for (const [who, figure] of [
    ['ours', 'created'],
    ['ours', 'membersAdded'],
    ['bare', 'objects'],
    ['bare', 'inserted'],
  ] as const)
    mustAll(runs(who), figure, runs(who)[0]?.[figure] ?? Number.NaN);
  const [ours, bare] = [runs('ours')[0], runs('bare')[0]];
  const kept = (ours?.['created'] ?? Number.NaN) + (ours?.['membersAdded'] ?? Number.NaN);
  if (kept !== bare?.['objects']) throw new Error(`${bare?.['objects']} were read, and ${kept} of them kept.`);
};

const results = (suffix: 'm' | '', { runsOf, asked, slow, sizes }: Compared): readonly Result[] => {
  const withManagers = suffix === 'm' ? `, ${sizes.users} users with managers` : '';
  const { runs: _rounds, ...content } = sizes;
  const most = Math.ceil(sizes.users / 999) + sizes.groups / 20 + 4;
  return [
    atMost(
      `R2${suffix}`,
      `first full sync${withManagers} / (bare read + parse, then insertMany of the same documents)`,
      quotient(runsOf('ours'), runsOf('bare'), 'wallMs'),
      1.5,
      {
        ...sizes,
        wallMs: { ours: { ...over(runsOf('ours'), 'wallMs') }, bare: { ...over(runsOf('bare'), 'wallMs') } },
        ofWhichInserting: { ...over(runsOf('bare'), 'insertMs') },
        cpuMs: { ours: { ...over(runsOf('ours'), 'cpuMs') }, bare: { ...over(runsOf('bare'), 'cpuMs') } },
        documents: over(runsOf('bare'), 'inserted').median,
        ...slow,
      },
    ),
    atMost(
      `R10${suffix}`,
      `Graph requests of a full sync${withManagers} / (ceil(users/999) + groups/20 + 4)`,
      asked.requests / most,
      1,
      {
        ...content,
        requests: asked.requests,
        most,
        resourceUnits: asked.units,
        'a batch counts as': 'one request',
        'requests of the first sync': asked.ofFirst.requests,
        'turns of the first sync': asked.ofFirst.turns,
      },
    ),
  ];
};
