import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../scripts/simulate/options.ts';

describe('what a simulation is asked', () => {
  it('is named by the option that was given', () => {
    expect(() => parseOptions(['--seed', 'x'])).toThrow('--seed takes a whole number');
    expect(() => parseOptions(['--seeds', 'x'])).toThrow('--seeds takes a whole number');
  });

  it('is refused where one option takes no notice of another', () => {
    expect(() => parseOptions(['--seed', '42', '--seeds', '1..3'])).toThrow('--seed and --seeds exclude each other');
    expect(() => parseOptions(['--seeds', '1..3', '--least', '2'])).toThrow('which --coverage looks at: give both');
    for (const option of ['--coverage', '--record'])
      expect(() => parseOptions(['--seed', '3', option])).toThrow('are for many seeds: give --seeds');
  });

  it('one-seed-was-played-for-a-thousand: is refused where it names one seed for a range', () => {
    expect(() => parseOptions(['--seeds', '2000'])).toThrow('give a range, such as 1..2000, or --seed 2000');
    expect(parseOptions(['--seeds', '1..2000'])).toMatchObject({ from: 1, to: 2000 });
  });

  it('is refused where it aims at what no run calls a fault', () => {
    const aimed = (name: string) => parseOptions(['--seed', '42', '--aimed', name]);
    expect(() => aimed('foo')).toThrow('such as crash_after@ledger.intend#0, not "foo".');
    expect(aimed('crash_after@ledger.intend#0')).toMatchObject({ from: 42, aimed: 'crash_after@ledger.intend#0' });
  });

  it('a-name-of-nothing-was-played: is refused where it names a fault or an edit that no run has', () => {
    const only = (name: string) => parseOptions(['--seed', '42', '--only', name]).only;
    for (const name of ['nonsense', 'edit of tenant', 'nonsense@ledger.intend#0', 'error@ledger.intend'])
      expect(() => only(`edit of tenant 0#3,${name}`)).toThrow(`--only knows no "${name}"; --only list names`);
    expect(() => parseOptions(['--seed', '42', '--aimed', 'nonsense@ledger.intend#0'])).toThrow('--aimed takes');
    expect(only('edit of tenant 0#3,error@ledger.intend#0')).toEqual(
      new Set(['edit of tenant 0#3', 'error@ledger.intend#0']),
    );
    expect(only('list')).toBe('list');
  });

  it('a-range-that-was-not-played-is-recorded: what is recorded is played to its end, however many seeds fail', () => {
    expect(parseOptions(['--seeds', '1..9']).enough).toBeLessThan(100);
    expect(parseOptions(['--seeds', '1..9', '--record']).enough).toBe(Number.POSITIVE_INFINITY);
  });
});
