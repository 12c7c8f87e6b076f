/** The bugs that were put in, and the seeds that were played beyond those of the test, as docs/reliability.md shows them. */

import { layers, mutants } from '../../test/simulation/mutants/index.ts';
import type { Caught, LongRun, MutantResult } from './results.ts';

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

type Sighting = { readonly caught: Caught; readonly layer: string | null };

/** The first run that showed it: with everything in its place, or with one layer off. */
const sighting = ({ alone, without }: MutantResult): Sighting | null => {
  if (alone !== null) return { caught: alone, layer: null };
  for (const [layer, caught] of Object.entries(without)) if (caught !== null) return { caught, layer };
  return null;
};

export const mutantTable = (results: readonly MutantResult[]): string => {
  const found = new Map(results.map((each) => [each.name, each]));
  return table(
    ['bug', 'breaks', 'in seed', 'of those that lean to', 'while this layer is off', 'seen with each layer off'],
    mutants.flatMap(({ name, what }) => {
      const of = found.get(name);
      if (of === undefined) return [];
      const seen = sighting(of);
      const told = seen === null ? ['–', `none of ${of.tried}`, '', ''] : cellsOf(seen);
      return [[`**${name}.** ${what}`, ...told, crossed(of)]];
    }),
  );
};

const cellsOf = ({ caught, layer }: Sighting): readonly string[] => [
  promisesIn(caught),
  String(caught.seed),
  caught.bias ?? '',
  layer ?? '',
];

/** In how many of the runs with one layer off; empty where that was not tried with every one of them. */
const crossed = ({ without }: MutantResult): string => {
  const tried = Object.values(without);
  return tried.length < layers.length - 1 ? '' : `${tried.filter((one) => one !== null).length} of ${tried.length}`;
};

/** How many there are, how many were tried, and how many of those nothing else covers. */
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
  return `${of} ${parts.join(', ')}.`;
};

const promisesIn = ({ promises }: Caught): string =>
  promises.map((promise) => (/^I\d+$/.test(promise) ? promise : `\`${promise}\``)).join(', ');

/** Parts by the version of the sources, how many seeds and what they came to, and which broke a promise. */
export const longRunText = (run: LongRun | null): string => {
  if (run === null) return 'None was played yet.';
  const { parts, seeds, steps, judged, faults, pairs, broken } = run;
  const met = Object.values(pairs).filter((count) => count > 0);
  const ranges = parts.map(({ commit, from, to }) => `${number(from)} to ${number(to)} (${commit})`);
  return [
    `${number(seeds)} seeds, ${ranges.join(', ')}: ${number(steps)} events, ${number(faults)} faults, ${number(judged)} changes at targets judged; ${number(met.length)} of ${number(Object.keys(pairs).length)} pairs of a site and a fault met by chance alone.`,
    broken.length === 0
      ? 'No promise was broken.'
      : `A promise was broken in ${number(broken.length)} of them: ${broken.map((each) => `${each.seed} (${promisesIn(each)})`).join(', ')}.`,
  ].join(' ');
};

const number = (count: number): string => count.toLocaleString('en-US');
