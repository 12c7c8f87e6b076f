/** The table of the bugs that were put in, as it is printed. */

import { layers, mutants } from '../../test/simulation/mutants/index.ts';
import type { Caught, MutantResults } from './results.ts';

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** Seed and promise of the first run in which a bug was seen; `–`: in none of them. */
const seen = (caught: Caught | null | undefined): string => {
  if (caught === undefined) return '';
  return caught === null ? '–' : `${caught.promises[0] ?? ''} in ${caught.seed}`;
};

export const mutantTable = ({ mutants: results }: MutantResults): string => {
  const found = new Map(results.map((each) => [each.name, each]));
  return table(
    ['bug', 'alone', ...layers.map(({ name }) => `no ${name}`)],
    mutants.flatMap(({ name, what }) => {
      const of = found.get(name);
      if (of === undefined) return [];
      return [[`**${name}.** ${what}`, seen(of.alone), ...layers.map((layer) => seen(of.without[layer.name]))]];
    }),
  );
};
