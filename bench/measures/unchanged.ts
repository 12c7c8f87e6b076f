/** R4 and R8: a full sync that finds nothing new. */

import { z } from 'zod';
import type { Actor } from '../actor.ts';
import { type Figures, figures, interleaved, mustAll, over, type Quotient, quotient, ratio } from '../figures.ts';
import type { Entrain, Graph, Lab } from '../lab.ts';
import { atMost, type Detail, type Result } from '../result.ts';
import type { Place } from '../subjects/access.ts';
import { type Measure, pageLatencies } from './measure.ts';

export const unchanged: Measure = {
  ids: ['R4', 'R8'],
  what: 'a full sync that finds nothing new: without latency and at 80 ms a page',
  run: async (lab, { users, groups, runs, quick }) => {
    // As many pages as the others have: they hold a fifth of the people.
    const fewUsers = quick ? 5_000 : 20_000;
    const graph = await lab.graph([
      { users, groups: 0 },
      { users, groups },
      { users: fewUsers, groups: 0 },
    ]);
    const [people, everything, fewer] = graph.places;
    if (people === undefined || everything === undefined || fewer === undefined) return [];
    const entrain = await lab.entrain(graph);
    const subjects = { entrain, bare: lab.subject(graph), sdk: lab.subject(graph) };
    const plain = await compare(lab, graph, subjects, people, { managers: false, groups: false, runs, users });
    const whole = await compare(lab, graph, subjects, everything, { managers: false, groups: true, runs, users });
    const managed = await compare(lab, graph, subjects, fewer, {
      managers: true,
      groups: false,
      runs,
      users: fewUsers,
    });
    const few = `${fewUsers} users `;
    return [
      atMost('R4', 'unchanged full sync at 0 ms / bare read + parse', plain.atOnce, 2.2, plain.detail),
      atMost('R4', 'unchanged full sync at 80 ms a page / the bare chain of pages', plain.slow, 1.05, plain.detail),
      atMost('R4', 'the same / a PageIterator that only counts', plain.slowSdk ?? Number.NaN, 0.93, plain.detail),
      atMost('R4g', 'with groups and members, at 0 ms / bare read + parse', whole.atOnce, 2.2, whole.detail),
      atMost('R4g', 'with groups and members, at 80 ms / the longest bare chain', whole.slow, 1.05, whole.detail),
      atMost('R4m', `${few}with managers, at 0 ms / bare read + parse`, managed.atOnce, 2.2, managed.detail),
      atMost('R4m', `${few}with managers, at 80 ms / the longest bare chain`, managed.slow, 1.05, managed.detail),
      await written(lab, graph, people, Number(plain.detail['pages'])),
    ];
  },
};

type Subjects = { readonly entrain: Entrain; readonly bare: Actor; readonly sdk: Actor };
type Sizes = { readonly managers: boolean; readonly groups: boolean; readonly runs: number; readonly users: number };
type Compared = {
  readonly atOnce: Quotient;
  readonly slow: Quotient;
  readonly slowSdk: Quotient | null;
  readonly detail: Detail;
};

/** What one page takes: nothing, a region away, a continent away. */
const [nearMs, farMs] = pageLatencies;
const latencies = { none: 0, near: nearMs, far: farMs } as const;

const compare = async (
  lab: Lab,
  graph: Graph,
  { entrain, bare, sdk }: Subjects,
  place: Place,
  { managers, groups, runs, users }: Sizes,
): Promise<Compared> => {
  const connection = await entrain.connect(place, managers);
  await entrain.sync(connection, 'full');
  const isPlain = !managers && !groups;
  const alone = {
    ours: () => entrain.sync(connection, 'full'),
    chain: () => bare.call('bareRead', { ...place, managers, groups: false, parse: false }, figures),
  };
  const parsed = { bare: () => bare.call('bareRead', { ...place, managers, groups }, figures) };
  const subjects = isPlain
    ? { ...alone, ...parsed, sdk: () => sdk.call('sdkRead', place, figures) }
    : { ...alone, ...parsed };
  for (const subject of Object.values(subjects)) await subject();
  const inGraph = await contentsOf(graph, place, users, groups);
  const at = async (latencyMs: number): Promise<RunsOf> => {
    lab.say(`  ${users} users, managers: ${managers}, groups: ${groups}, ${latencyMs} ms a page`);
    await graph.knobs({ latencyMs });
    // Where pages are waited for, the rows beside the plain one are held against the chain alone.
    const done = await interleaved(runs, isPlain || latencyMs === latencies.none ? subjects : alone);
    await graph.knobs({ latencyMs: 0 });
    mustAll([...done('bare'), ...done('sdk')], 'objects', inGraph.objects);
    mustAll(done('ours'), 'unchanged', inGraph.kept);
    return done;
  };
  const none = await at(latencies.none);
  const near = isPlain ? await at(latencies.near) : null;
  const far = await at(latencies.far);
  const hasSdk = far('sdk').length > 0;
  const chainPages = over(none('chain'), 'pages').median;
  return {
    atOnce: quotient(none('ours'), none('bare'), 'wallMs'),
    slow: quotient(far('ours'), far('chain'), 'wallMs'),
    slowSdk: hasSdk ? quotient(far('ours'), far('sdk'), 'wallMs') : null,
    detail: {
      users,
      managers,
      groups,
      pages: over(none('bare'), 'pages').median,
      pagesOfTheChain: chainPages,
      'the wire alone at 80 ms, ms': chainPages * latencies.far,
      ...(near === null ? {} : { 'the wire alone at 20 ms, ms': chainPages * latencies.near }),
      wallMs: timesOf(none),
      ...(near === null
        ? {}
        : {
            wallMsAt20: timesOf(near),
            'ours / the bare chain at 20 ms': ratio(near('ours'), near('chain'), 'wallMs'),
          }),
      wallMsAt80: timesOf(far),
      cpuMs: { ours: { ...over(none('ours'), 'cpuMs') }, bareReadAndParse: { ...over(none('bare'), 'cpuMs') } },
    },
  };
};

/** `objects`: how many are read, each membership one. `kept`: users and groups. */
const contentsOf = async (graph: Graph, { tenant }: Place, users: number, groups: boolean) => {
  if (!groups) return { objects: users, kept: users };
  const { found, memberships } = await graph.call('groups', tenant.tenantId, groupsFound);
  return { objects: users + found + memberships, kept: users + found };
};

const groupsFound = z.object({ found: z.number(), memberships: z.number() });

type RunsOf = (name: string) => readonly Figures[];

const timesOf = (runsOf: RunsOf): Detail => ({
  ours: { ...over(runsOf('ours'), 'wallMs') },
  ...(runsOf('bare').length > 0 ? { bareReadAndParse: { ...over(runsOf('bare'), 'wallMs') } } : {}),
  bareChain: { ...over(runsOf('chain'), 'wallMs') },
  ...(runsOf('sdk').length > 0 ? { pageIterator: { ...over(runsOf('sdk'), 'wallMs') } } : {}),
});

/** Counted in a process that does nothing else, because watching the driver costs time. `pages`: of users, as the bare chain counts them. */
const written = async (lab: Lab, graph: Graph, place: Place, pages: number): Promise<Result> => {
  const watched = await lab.entrain(graph, { watched: true });
  const connection = await watched.connect(place, false);
  await watched.sync(connection, 'full');
  await graph.counted();
  const { docsInserted = 0, docsUpdated = 0, docsDeleted = 0, commands = 0 } = await watched.sync(connection, 'full');
  const { requests = Number.NaN } = await graph.counted();
  const documents = docsInserted + docsUpdated;
  return atMost('R8', 'documents written by an unchanged full sync / pages of users read', documents / pages, 1.1, {
    documents,
    'pages of users': pages,
    requests,
    documentsInserted: docsInserted,
    documentsUpdated: docsUpdated,
    'documents deleted, those of the full sync before (not in the quotient)': docsDeleted,
    commands,
  });
};
