/** What a simulation came to, in words. */

import { type FaultName, faultKinds } from '../../test/simulation/faults.ts';
import { missing } from '../../test/simulation/required.ts';
import type { Told } from '../../test/simulation/simulate.ts';
import type { Summary } from '../../test/simulation/summary.ts';

/** What a run was beside its seed. */
export type Asked = {
  readonly bias: string | null;
  readonly aimed: string | null;
  readonly isCalm: boolean;
  readonly planted: readonly string[];
};

export const sayFailure = (
  told: Told,
  commit: string,
  asked: Asked,
  only: readonly FaultName[],
  isSmall: boolean,
  tail: readonly string[],
): string => {
  const faults = only.length === 0 ? 'none are needed' : only.join(', ');
  const again = `  again: npm run simulate -- ${optionsOf(told.seed, asked).join(' ')}`;
  return [
    `seed ${told.seed}, commit ${commit}`,
    ...told.violations.slice(0, 5).map(({ invariant, what }) => `  ${invariant}: ${what}`),
    isSmall
      ? `  the fewest faults and edits that do it: ${faults}`
      : `  ${only.length} faults and edits happened; without --no-shrink the fewest are found that do it`,
    isSmall && only.length > 0 ? `${again} --only '${only.join(',')}'` : again,
    '  what led to it:',
    ...tail.map((line) => `    ${line.slice(0, 240)}`),
  ].join('\n');
};

/**
 * What led to the last line: the end of it in full, but for calls of which there is nothing to tell, and of what came before, whatever was edited, went
 * wrong, or took effect at a target. `most`: lines of each.
 */
export const storyOf = (lines: readonly string[], most: number): readonly string[] => {
  const told = lines.filter((line) => !/ done *$/.test(line));
  const before = told.slice(0, -most).filter((line) => isDeed.test(line));
  return [...before.slice(-most), ...(before.length === 0 ? [] : ['…']), ...told.slice(-most)];
};

const isDeed = new RegExp(
  `^\\S+ (?:(?:effect|redis|database|operator|administrator) |\\S+ +(?:tenant|target|dies|stands still) |.*\\((?:${faultKinds.join('|')})\\)$)`,
);

/** Whoever gives these gets the same run once more. */
const optionsOf = (seed: number, { bias, aimed, isCalm, planted }: Asked): readonly string[] => [
  `--seed ${seed} --trace`,
  ...(isCalm ? ['--calm'] : []),
  ...(bias === null ? [] : [`--bias '${bias}'`]),
  ...(aimed === null ? [] : [`--aimed '${aimed}'`]),
  ...(planted.length === 0 ? [] : [`--mutant '${planted.join(',')}'`]),
];

export const saySummary = (summary: Summary, seconds: number, failures: number): string => {
  const { seeds, steps, judged, excused, struck } = summary;
  const faults = Object.values(struck).reduce((sum, count) => sum + count, 0);
  const byKind = Object.entries(struck)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${count}`);
  return [
    `${seeds} seeds in ${seconds.toFixed(1)} s (${(seeds / seconds).toFixed(1)} a second), ${steps} steps`,
    `${judged} changes at targets judged, ${excused} differences excused, ${faults} faults injected`,
    ...(byKind.length === 0 ? ['faults: none'] : ['faults:', ...inLines(byKind)]),
    'in so many seeds:',
    ...inLines(happenedIn(summary)),
    failures === 0 ? 'no promise was broken' : `promises were broken in ${failures} seeds`,
  ].join('\n');
};

const happenedIn = ({ happened }: Summary): readonly string[] =>
  Object.entries(happened)
    .sort(([, a], [, b]) => b - a)
    .map(([what, seeds]) => `${what} ${seeds}`);

/** As many in a line as a terminal shows. */
const inLines = (parts: readonly string[]): readonly string[] => {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last === undefined || last.length + part.length > 118) lines.push(`  ${part}`);
    else lines[lines.length - 1] = `${last}, ${part}`;
  }
  return lines;
};

/** Null when everything that must have happened did. */
export const sayMissing = (summary: Summary, least: number): string | null => {
  const lacking = missing(summary, least);
  if (lacking.length === 0) return null;
  return [
    least === 1 ? 'in no seed:' : `in fewer than ${least} seeds:`,
    ...lacking.map(({ what, seeds }) => `  ${what} (${seeds})`),
  ].join('\n');
};

/** Each site, and in how many seeds what struck there. */
export const sayCoverage = ({ pairs }: Summary): string => {
  const bySite = Map.groupBy(Object.entries(pairs), ([pair]) => pair.slice(pair.indexOf('@') + 1));
  const lines = [...bySite]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([site, all]) =>
        `  ${site}: ${all.map(([pair, seeds]) => `${pair.slice(0, pair.indexOf('@'))} ${seeds}`).join(', ')}`,
    );
  const hit = Object.values(pairs).filter((seeds) => seeds > 0).length;
  return [`${hit} of ${Object.keys(pairs).length} pairs of site and fault, in so many seeds:`, ...lines].join('\n');
};
