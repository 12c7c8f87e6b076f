/** The table of the bugs that were put in, as docs/reliability.md shows it. */

import { layers, mutants } from '../../test/simulation/mutants/index.ts';
import type { Caught, MutantResult } from './results.ts';

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
  caught.promises.map((promise) => (/^I\d+$/.test(promise) ? promise : `\`${promise}\``)).join(', '),
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
