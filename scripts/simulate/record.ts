/** Adds one part of the long run to what is kept of it. */

import type { Summary } from '../../test/simulation/summary.ts';
import { keep } from '../kept-results.ts';
import type { Failure } from './many.ts';
import { type LongRun, longRunFile, readLongRun } from './results.ts';

const nothingYet: LongRun = {
  parts: [],
  seeds: 0,
  steps: 0,
  judged: 0,
  excused: 0,
  faults: 0,
  pairs: {},
  happened: {},
  broken: [],
};

type Part = LongRun['parts'][number];

export const recordLongRun = (part: Part, summary: Summary, failures: readonly Failure[]): void => {
  const before = readLongRun() ?? nothingYet;
  const after: LongRun = {
    parts: withPart(before.parts, part),
    seeds: before.seeds + summary.seeds,
    steps: before.steps + summary.steps,
    judged: before.judged + summary.judged,
    excused: before.excused + summary.excused,
    faults: before.faults + Object.values(summary.struck).reduce((sum, count) => sum + count, 0),
    pairs: added(before.pairs, summary.pairs),
    happened: added(before.happened, summary.happened),
    broken: [
      ...before.broken,
      ...failures.map(({ seed, bias, invariants }) => ({ seed, bias, promises: [...invariants] })),
    ],
  };
  keep(longRunFile, after, 1);
};

/** Seeds that follow on those of the last part, of the same sources and leaning to the same, are more of it: a long run may be played in pieces. */
export const withPart = (parts: readonly Part[], part: Part): Part[] => {
  const last = parts.at(-1);
  const isSame = last?.commit === part.commit && last.bias === part.bias;
  return last !== undefined && isSame && last.to + 1 === part.from
    ? [...parts.slice(0, -1), { ...last, to: part.to, seconds: last.seconds + part.seconds }]
    : [...parts, part];
};

const added = (
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Record<string, number> =>
  Object.fromEntries(
    [...new Set([...Object.keys(one), ...Object.keys(other)])]
      .sort()
      .map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]),
  );
