/** The table of the bugs that were put in, as docs/reliability.md shows it. */

import { mutants } from '../../test/simulation/mutants/index.ts';
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
    ['bug', 'breaks', 'in seed', 'while this layer is off'],
    mutants.flatMap(({ name, what }) => {
      const of = found.get(name);
      if (of === undefined) return [];
      const seen = sighting(of);
      return [[`**${name}.** ${what}`, ...(seen === null ? ['–', `none of ${of.tried}`, ''] : told(seen))]];
    }),
  );
};

const told = ({ caught, layer }: Sighting): readonly string[] => [
  caught.promises.map((promise) => (/^I\d+$/.test(promise) ? promise : `\`${promise}\``)).join(', '),
  String(caught.seed),
  layer ?? '',
];

/** How many there are, how many were tried, and how many of those nothing else covers. */
export const mutantSummary = (results: readonly MutantResult[]): string => {
  const tried = mutants.flatMap(({ name }) => results.find((each) => each.name === name) ?? []);
  const seen = tried.flatMap((each) => sighting(each) ?? []);
  const alone = seen.filter(({ layer }) => layer === null).length;
  const parts = [
    `${alone} are seen with everything else in its place`,
    `${seen.length - alone} once the layer is off that covers them`,
    `${tried.length - seen.length} not yet`,
  ];
  return `Of ${mutants.length} bugs ${tried.length} were tried so far; of these ${parts.join(', ')}.`;
};
