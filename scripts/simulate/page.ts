/** The parts of docs/reliability.md that are made from kept results. */

import { layers, mutants, mutantsBy } from '../../test/simulation/mutants/index.ts';
import type { Caught, LongRun, MutantResults } from './results.ts';

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

export const mutantSummary = (results: MutantResults): string => {
  const all = results.mutants;
  const alone = all.filter((each) => each.alone !== null);
  const crossed = all.filter((each) => each.alone === null && Object.values(each.without).some((one) => one !== null));
  const never = all.filter((each) => !alone.includes(each) && !crossed.includes(each)).map(({ name }) => name);
  const seeds = alone.map((each) => each.alone?.seed ?? 0).toSorted((a, b) => a - b);
  const median = seeds[Math.floor(seeds.length / 2)] ?? 0;
  return [
    `${all.length} bugs of ${Object.keys(mutantsBy).length} sorts, of commit ${results.commit}. Alone, ${alone.length} of them are seen within ${results.seeds} seeds; half of these within ${median}, the last in seed ${seeds.at(-1) ?? 0}.`,
    `${crossed.length} are covered by another layer as long as it is there: they are seen within ${results.crossed} seeds once that layer is off, in a seed that does not fail for want of the layer alone.`,
    never.length === 0 ? 'None is never seen.' : `Never seen: ${never.join('; ')}.`,
  ].join(' ');
};

export const longRunTable = (run: LongRun): string => {
  const { parts, seeds, steps, judged, excused, faults, pairs, broken } = run;
  const seconds = parts.reduce((sum, part) => sum + part.seconds, 0);
  return table(
    ['', ''],
    [
      ['seeds', String(seeds)],
      ['commits', [...new Set(parts.map(({ commit }) => commit))].join(', ')],
      ['hours of two processes', (seconds / 3_600).toFixed(1)],
      ['events', String(steps)],
      ['changes at targets, each judged', String(judged)],
      ['faults', String(faults)],
      [
        'pairs of site and fault that were hit',
        `${Object.values(pairs).filter((hit) => hit > 0).length} of ${Object.keys(pairs).length}`,
      ],
      ['differences at the end that are excused', String(excused)],
      ['seeds in which a promise was broken', String(broken.length)],
    ],
  );
};
