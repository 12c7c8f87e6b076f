/** How large the bench is run: all sizes at once by `--quick`, or one by one. */

import { parseArgs } from 'node:util';

export type Options = {
  readonly quick: boolean;
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
  /** How often what takes minutes is repeated. */
  readonly longRuns: number;
};

export const usage = `npm run bench -- [options]        (make bench QUICK=1, make bench ARGS="--only R1,R4")

  --quick          small sizes, under five minutes; written to bench/results/quick
  --only R1,R4     only these measures
  --runs <n>       rounds of each comparison (5)
  --users <n>      users of the ordinary tenant (100000; quick: 10000)
  --growth         tables of growth instead (with --only: users, tenants, members, schedules)
  --profile        where the time goes in first sync, unchanged sync and provisioning, instead
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
      profile: { type: 'boolean', default: false },
      only: { type: 'string' },
      runs: { type: 'string', default: '5' },
      users: { type: 'string' },
    },
  });
  const { quick } = values;
  const users = whole('users', values.users ?? (quick ? '10000' : '100000'));
  return {
    quick,
    growth: values.growth,
    profile: values.profile,
    only: values.only === undefined ? null : new Set(values.only.toUpperCase().split(',')),
    runs: whole('runs', values.runs),
    users,
    groups: Math.ceil(users / 50),
    largestUsers: users * 10,
    longRuns: quick ? 1 : 5,
  };
};

const isSet = (text: string | undefined): boolean => text !== undefined && text !== '' && text !== '0';

const whole = (name: string, text: string): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} must be a whole number, not '${text}'.`);
  return number;
};
