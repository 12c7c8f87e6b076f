/** How large the bench is run: all sizes at once by `--quick`, or one by one. */

import { parseArgs } from 'node:util';
import { WrongOption, wholeNumber } from '../src/command-line.ts';
import { tableIds } from './growth/table.ts';
import { measureIds } from './measures/measure.ts';

export type Options = {
  readonly quick: boolean;
  /** Nothing is measured: the page is made again from what is kept. */
  readonly page: boolean;
  readonly growth: boolean;
  readonly profile: boolean;
  /** Measures, or tables of growth, by id; null: all. */
  readonly only: ReadonlySet<string> | null;
  /** Rounds of each comparison. */
  readonly runs: number;
  /** The ordinary tenant, ten times smaller and ten times larger ones beside it. */
  readonly users: number;
  readonly groups: number;
  readonly largestUsers: number;
  /** Rounds of what takes minutes. */
  readonly longRuns: number;
};

export const usage = `Usage: npm run bench -- [options]        (make bench QUICK=1, make bench ARGS="--only R1,R4")

  --quick          small sizes, under five minutes; written to bench/results/quick (with --page: the page says how long it took)
  --only R1,R4     only these measures; a row with a letter (R4g, R4m) is measured with its number, unless it is listed by itself
  --runs <n>       rounds of each comparison (5; quick: 3); fewer are written to bench/results/quick
  --users <n>      users of the ordinary tenant (100000; quick: 10000); other sizes are written to bench/results/quick
  --growth         tables of growth instead (with --only: ${tableIds.join(', ')})
  --page           makes docs/performance.md again from bench/results, without measuring
  --profile        where the time goes in first sync, unchanged sync and provisioning, instead
  --help           this text
`;

export const parseOptions = (
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: isSet(environment['QUICK']) },
      growth: { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      only: { type: 'string' },
      runs: { type: 'string' },
      users: { type: 'string' },
    },
  });
  const { quick } = values;
  const runs = wholeNumber('runs', values.runs ?? String(quick ? quickRuns : leastRuns), 1, 1_000);
  const users = wholeNumber('users', values.users ?? String(quick ? 10_000 : ordinaryUsers), 1, 10_000_000);
  return {
    quick,
    page: values.page,
    growth: values.growth,
    profile: values.profile,
    only: values.only === undefined ? null : chosen(values.only, values.growth ? tableIds : measureIds),
    runs,
    users,
    groups: Math.ceil(users / 50),
    largestUsers: users * 10,
    longRuns: quick ? 1 : runs,
  };
};

const ordinaryUsers = 100_000;
const leastRuns = 5;
const quickRuns = 3;

/** Whether the page may say it: the targets are about this size, and a median of less is none. */
export const isForThePage = ({ quick, users, runs }: Pick<Options, 'quick' | 'users' | 'runs'>): boolean =>
  !quick && users === ordinaryUsers && runs >= leastRuns;

const chosen = (text: string, known: readonly string[]): ReadonlySet<string> =>
  new Set(
    text.split(',').map((given) => {
      const named = (name: string) => known.find((id) => id.toUpperCase() === name.toUpperCase());
      // R4m is measured with R4.
      const found = named(given) ?? named(given.replace(/^(r\d+)[a-z]$/i, '$1'));
      if (found === undefined) throw new WrongOption(`--only knows ${known.join(', ')}, and not '${given}'.`);
      return found;
    }),
  );

const isSet = (text: string | undefined): boolean => text !== undefined && text !== '' && text !== '0';
