/** How large the bench is run, from its arguments and the environment. */

import { describe, expect, it } from 'vitest';
import { isForThePage, parseOptions } from '../../bench/options.ts';

describe('the options of the bench', () => {
  it('are all measures at their full size when nothing is said', () => {
    expect(parseOptions([], {})).toEqual({
      quick: false,
      page: false,
      growth: false,
      profile: false,
      only: null,
      runs: 5,
      users: 100_000,
      groups: 2_000,
      largestUsers: 1_000_000,
      longRuns: 5,
    });
  });

  it('are small when asked for quickly, by argument or by QUICK', () => {
    const quick = { quick: true, runs: 3, users: 10_000, groups: 200, largestUsers: 100_000, longRuns: 1 };
    expect(parseOptions(['--quick'], {})).toMatchObject(quick);
    expect(parseOptions([], { QUICK: '1' })).toMatchObject(quick);
  });

  it.each(['', '0', undefined])('are not small when QUICK is %j', (QUICK) => {
    expect(parseOptions([], { QUICK })).toMatchObject({ quick: false, users: 100_000 });
  });

  it('let a size be said beside QUICK', () => {
    expect(parseOptions(['--users', '1000', '--runs', '2'], { QUICK: '1' })).toMatchObject({
      quick: true,
      runs: 2,
      users: 1_000,
      groups: 20,
      largestUsers: 10_000,
    });
  });

  it('name measures and tables in whatever case', () => {
    expect(parseOptions(['--only', 'r1,R11,R4m,r2m'], {}).only).toEqual(new Set(['R1', 'R11', 'R4', 'R2m']));
    expect(parseOptions(['--growth', '--only', 'USERS'], {})).toMatchObject({ growth: true, only: new Set(['users']) });
  });

  it.each([['R99'], ['R1,'], ['users'], ['R4m', '--growth']])(
    'refuse to measure nothing: --only %s %s',
    (only, ...more) => {
      expect(() => parseOptions(['--only', only, ...more], {})).toThrow(/^--only knows /);
    },
  );

  it('are written into the page at the size of the targets alone, with enough rounds for a median', () => {
    expect(isForThePage(parseOptions([], {}))).toBe(true);
    expect(isForThePage(parseOptions(['--runs', '7'], {}))).toBe(true);
    for (const args of [['--quick'], ['--runs', '4'], ['--users', '1000'], ['--quick', '--users', '100000']])
      expect(isForThePage(parseOptions(args, {})), args.join(' ')).toBe(false);
  });

  it.each([
    ['--users', 'many'],
    ['--users', '0'],
    ['--users=-5', ''],
    ['--users', '1.5'],
    ['--users', ''],
    ['--runs', '0'],
    ['--runs', 'NaN'],
  ])('refuse %s %s, and say which', (name, value) => {
    const args = value === '' && name.includes('=') ? [name] : [name, value];
    expect(() => parseOptions(args, {})).toThrow(/^--(users|runs) takes a whole number/);
  });

  it('refuse what they do not know', () => {
    expect(() => parseOptions(['--fast'], {})).toThrow();
    expect(() => parseOptions(['R1'], {})).toThrow();
  });
});
