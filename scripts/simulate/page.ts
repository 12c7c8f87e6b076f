/** The bugs that were put in, and the seeds that were played beyond those of the test, as docs/reliability.md and docs/seeds.md show them. */

import { type Excuse, excuses } from '../../test/simulation/excuses.ts';
import { layers, layersBeside, type Mutant, mutants } from '../../test/simulation/mutants/index.ts';
import { storeMutants } from '../../test/store/mongo/mutants.ts';
import { number, table } from '../markdown.ts';
import { type Caught, isSeen, type LongRun, type MutantResult, type StoreResult, unseenWithout } from './results.ts';

type Sighting = { readonly caught: Caught; readonly layer: string | null; readonly commit: string };

/** That of the sighting first. */
const versionsIn = (first: string, { alone, without }: MutantResult): string =>
  [...new Set([first, ...[alone, ...Object.values(without)].map(({ commit }) => commit)])].join(', ');

/** The first run that showed it: with everything in its place, or with one layer off. */
const sighting = ({ alone, without }: MutantResult): Sighting | null => {
  for (const [layer, { caught, commit }] of [[null, alone] as const, ...Object.entries(without)])
    if (caught !== null) return { caught, layer, commit };
  return null;
};

export const mutantTable = (results: readonly MutantResult[], of: readonly Mutant[] = mutants): string => {
  const found = new Map(results.map((each) => [each.name, each]));
  return table(
    ['bug', 'breaks', 'in seed', 'of those that lean to', 'while this layer is off', 'of', 'seen with each layer off'],
    of.map((mutant) => {
      const bug = `**${mutant.name}.** ${mutant.what}`;
      const result = found.get(mutant.name);
      if (result === undefined) return [bug, '–', 'not tried', '', '', '', ''];
      const seen = sighting(result);
      const told = seen === null ? ['–', `none of ${result.alone.tried}`, '', ''] : cellsOf(seen);
      return [bug, ...told, versionsIn(seen?.commit ?? result.alone.commit, result), crossed(mutant, result)];
    }),
  );
};

const cellsOf = ({ caught, layer }: Sighting): readonly string[] => [
  promisesIn(caught),
  String(caught.seed),
  caught.bias ?? '',
  layer ?? '',
];

export const storeTable = (results: readonly StoreResult[]): string =>
  table(
    ['bug in MongoDB', 'tests', 'red', 'the first of them', 'of'],
    storeMutants.map(({ name, what }) => {
      const of = results.find((each) => each.name === name);
      const bug = `**${name.replace(' (MongoDB)', '')}.** ${what}`;
      if (of === undefined) return [bug, '–', 'not tried', '', ''];
      return [bug, `\`${of.tests}\``, `${of.red.length} of ${of.ran}`, of.red[0] ?? '–', of.commit];
    }),
  );

/** In how many of the runs with one layer off; empty where that was not tried with every one of them. Which layer there is no use in taking away. */
const crossed = (mutant: Mutant, { without }: MutantResult): string => {
  const beside = layersBeside(mutant);
  const tried = beside.flatMap(({ name }) => without[name] ?? []);
  if (tried.length < beside.length) return '';
  const seen = tried.filter(({ caught }) => caught !== null).length;
  return `${seen} of ${tried.length}${mutant.within === undefined ? '' : `, all but ${mutant.within.join(' and ')}`}`;
};

/** How many there are, how many were tried, how many of those nothing else covers, and how many seeds showed nothing of the others. */
export const mutantSummary = (results: readonly MutantResult[]): string => {
  const tried = mutants.flatMap(({ name }) => results.find((each) => each.name === name) ?? []);
  const seen = tried.flatMap((each) => sighting(each) ?? []);
  const alone = seen.filter(({ layer }) => layer === null).length;
  const missed = tried.length - seen.length;
  const parts = [
    `${alone} are seen with everything else in its place`,
    `${seen.length - alone} once the layer is off that covers them`,
    ...(missed === 0 ? [] : [`${missed} not yet`]),
  ];
  const of =
    tried.length === mutants.length
      ? `Of ${mutants.length} bugs`
      : `${tried.length} of ${mutants.length} bugs were tried; of these`;
  return [`${of} ${parts.join(', ')}.`, ...besides(tried), ...aloneInVain(tried), ...versionsOf(tried)].join(' ');
};

/** Of which versions these looks are, the one of most of them first: a figure of all of them is none of any single one. */
const versionsOf = (tried: readonly MutantResult[]): readonly string[] => {
  const looks = tried.flatMap(({ alone, without }) => [alone, ...Object.values(without)]);
  const counts = [...Map.groupBy(looks, ({ commit }) => commit)].map(([commit, of]) => ({ commit, count: of.length }));
  const [most, ...others] = counts.toSorted((a, b) => b.count - a.count);
  if (most === undefined) return [];
  if (others.length === 0) return [`All of that is of one version, ${most.commit}.`];
  const rest = others.map(({ commit, count }) => `${count} of ${commit}`);
  return [
    `That is of ${counts.length} versions, and of none of them alone: of the ${number(looks.length)} looks, each for one bug with everything in its place or with one layer off, ${most.count} are of ${most.commit}, ${rest.join(', ')}.`,
  ];
};

/** How many of those that are seen alone are seen with each layer off as well. */
const besides = (tried: readonly MutantResult[]): readonly string[] => {
  const alone = tried.filter((each) => each.alone.caught !== null);
  const all = alone.filter((each) => mutants.some((one) => one.name === each.name && isSeenWithoutAny(one, each)));
  return all.length === 0
    ? []
    : [`With each of the layers off in turn ${all.length} of the ${alone.length} are seen, too.`];
};

const isSeenWithoutAny = (mutant: Mutant, result: MutantResult): boolean =>
  unseenWithout(result, layersBeside(mutant)).length === 0;

/** How long those that a layer covers were looked for with every layer in its place. */
const aloneInVain = (tried: readonly MutantResult[]): readonly string[] => {
  const seeds = tried.flatMap((each) => (each.alone.caught === null && isSeen(each) ? [each.alone.tried] : []));
  if (seeds.length === 0) return [];
  const [least, most] = [Math.min(...seeds), Math.max(...seeds)];
  return [
    `With every layer in its place these ${seeds.length} showed nothing in ${least === most ? least : `${least} to ${most}`} seeds each.`,
  ];
};

/** Why nothing shows of those that a layer covers. */
export const coveredText = (): string =>
  [
    'Of what shows nothing with every layer in its place, this is the one that covers it, and why:\n',
    ...mutants.flatMap(({ name, coveredBy }) =>
      coveredBy === undefined ? [] : [`- **${name}**, by ${coveredBy.layer}: ${coveredBy.why}.`],
    ),
  ].join('\n');

/** What counts as a layer, and what becomes of it when it is off. */
export const layersText = (): string => {
  const each = layers.map(({ name, what }) => `${name} (${what.charAt(0).toLowerCase()}${what.slice(1, -1)})`);
  return `There are ${layers.length} layers; in brackets what holds while one is off: ${each.join('; ')}.`;
};

const promisesIn = ({ promises }: Caught): string =>
  promises.map((promise) => (/^I\d+$/.test(promise) ? promise : `\`${promise}\``)).join(', ');

/** Parts by the version of the sources, how many seeds and what they came to. `told`: the page that tells of the seeds which broke a promise. */
export const longRunText = (run: LongRun | null, told: string): string => {
  if (run === null) return 'None was played yet.';
  const { parts, seeds, steps, judged, faults, pairs, broken } = run;
  const ofOne = [...Map.groupBy(parts, ({ commit }) => commit).values()].map((some) => sum(some.map(seedsOf)));
  const met = Object.values(pairs).filter((count) => count > 0);
  const seconds = sum(parts.map(({ seconds: took }) => took));
  const open = openSeeds(told).size;
  const standing = standingBy(told);
  const untraced = broken.filter((each) => standing(each) === 'untraced').length;
  return [
    `${number(seeds)} seeds in ${(seconds / 3_600).toFixed(1)} hours: ${number(steps)} events, ${number(faults)} faults, ${number(judged)} changes at targets judged; ${number(met.length)} of ${number(Object.keys(pairs).length)} pairs of a site and a fault met without being aimed at. A promise was broken in ${number(broken.length)} of them, as they were played; of these ${open === 0 ? 'none breaks one now' : `${number(open)} break${open === 1 ? 's' : ''} one on the version of this page, and the others none`}: [which, and why](seeds.md), as far as it was traced (${number(untraced)} were not). They are of ${number(ofOne.length)} versions of the product, ${number(Math.max(...ofOne))} at most of one.`,
    table(
      ['seeds', 'of those that lean to', 'version', 'broke a promise', 'a second'],
      parts.map((part) => [
        `${number(part.from)} to ${number(part.to)}`,
        part.bias ?? '',
        part.commit,
        number(broken.filter(isIn(part)).length),
        rate(seedsOf(part), part.seconds),
      ]),
    ),
    excusesText(run),
  ].join('\n\n');
};

/** Which broke a promise, by what became of them. `told`: the rest of the page, which says of those that were traced what was at fault. */
export const brokenSeedsText = (run: LongRun | null, told: string): string => {
  const broken = run?.broken ?? [];
  if (broken.length === 0) return 'No promise was broken.';
  const standings = Map.groupBy(broken, standingBy(told));
  return standingNames
    .flatMap((standing) => {
      const some = standings.get(standing);
      return some === undefined ? [] : [`- ${number(some.length)} ${endings[standing]}: ${seedsText(some)}.`];
    })
    .join('\n');
};

type Part = LongRun['parts'][number];
const seedsOf = ({ from, to }: Part): number => to - from + 1;
const isIn =
  ({ from, to, bias }: Part) =>
  (caught: Caught): boolean =>
    caught.bias === bias && from <= caught.seed && caught.seed <= to;
const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
const rate = (seeds: number, seconds: number): string => (seeds / seconds).toFixed(1);

/** What each excuse means, also of those that nothing had. */
const excusesText = ({ excused, happened }: LongRun): string => {
  const kinds = Object.entries(excuses) as readonly (readonly [Excuse, string])[];
  const rows = kinds
    .map(([excuse, what]) => ({ excuse, what, seeds: happened[`excused.${excuse}`] ?? 0 }))
    .sort((a, b) => b.seeds - a.seeds)
    .map(({ excuse, what, seeds }) => [`\`${excuse}\``, what, number(seeds)]);
  return [
    `In the end ${number(excused)} things were otherwise than the tenant has them, and excused. Of one seed that may be many, by one excuse or by several; this is what the excuses mean, and in how many of the seeds each was met:`,
    table(['excuse', 'what it is given for', 'seeds'], rows),
  ].join('\n\n');
};

const standingNames = ['mended', 'judged', 'open', 'untraced'] as const;
type Standing = (typeof standingNames)[number];
const endings: Readonly<Record<Standing, string>> = {
  mended: 'were traced to what was at fault, and it was mended, which is told [below](#mended)',
  judged: 'were traced to the judge, or to what plays the tenant, which is told [below](#the-judge-was-wrong)',
  open: 'open: each breaks a promise still, and what is known of it is told [below](#open)',
  untraced:
    'were not traced: they pass now because something was mended, or because what they draw became other, and which of the two is not known',
};

/** By where the page names a seed: in its list of what is open, elsewhere, where it tells of the judge alone, or nowhere. */
const standingBy = (told: string): ((each: Caught) => Standing) => {
  const open = openSeeds(told);
  const [product = '', judge = ''] = told.split('\n## The judge was wrong\n');
  const [mended, judged] = [seedsIn(product), seedsIn(judge)];
  return ({ seed }) =>
    open.has(seed) ? 'open' : mended.has(seed) ? 'mended' : judged.has(seed) ? 'judged' : 'untraced';
};

/** Those that the page says break a promise still, with the promises that it names at the head of their line: `- 1234, 2345 (I1, \`reason\`). …`. */
export const openSeeds = (told: string): ReadonlyMap<number, readonly string[]> =>
  new Map(
    (/these are open:\n\n((?:- .*\n)+)/.exec(told)?.[1] ?? '').split('\n').flatMap((line) => {
      const head = /^- [^(]*\(([^)]*)\)/.exec(line)?.[1] ?? '';
      const promises = head.match(/\w+/g) ?? [];
      return [...seedsIn(line)].map((seed) => [seed, promises] as const);
    }),
  );

const seedsIn = (text: string): ReadonlySet<number> => new Set((text.match(/\b\d{4,}\b/g) ?? []).map(Number));

const seedsText = (broken: readonly Caught[]): string =>
  broken
    .map((each) => `${each.seed}${each.bias === null ? '' : ` of "${each.bias}"`} (${promisesIn(each)})`)
    .join(', ');
