/** What is said of several runs. */

import { describe, expect, it } from 'vitest';
import { interleaved, mustAll, over, quotient, ratio, spreadOf } from '../../bench/figures.ts';
import { shareOf } from '../../bench/growth/graph-share.ts';

describe('the spread of some figures', () => {
  it('has the one in the middle as median, in whatever order they came', () => {
    expect(spreadOf([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30, runs: 3 });
  });

  it('has the mean of the two in the middle when their number is even', () => {
    expect(spreadOf([40, 10, 20, 31])).toEqual({ median: 25.5, min: 10, max: 40, runs: 4 });
  });

  it('sorts as numbers, not as texts', () => {
    expect(spreadOf([9, 10, 100])).toEqual({ median: 10, min: 9, max: 100, runs: 3 });
  });

  it('of one figure is that figure', () => {
    expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7, runs: 1 });
  });

  it('of none is no number, rather than zero', () => {
    expect(spreadOf([])).toEqual({ median: Number.NaN, min: Number.NaN, max: Number.NaN, runs: 0 });
  });
});

describe('a figure over the runs', () => {
  it('is taken from each run by its name', () => {
    const runs = [
      { wallMs: 3, cpuMs: 1 },
      { wallMs: 5, cpuMs: 2 },
      { wallMs: 4, cpuMs: 9 },
    ];
    expect(over(runs, 'wallMs')).toEqual({ median: 4, min: 3, max: 5, runs: 3 });
    expect(over(runs, 'cpuMs').median).toBe(2);
  });

  it('is no number when nobody measured it', () => {
    expect(over([{ wallMs: 3 }], 'peakMb').median).toBeNaN();
  });
});

describe('what is compared', () => {
  it('is the quotient of the medians', () => {
    expect(ratio([{ wallMs: 9 }, { wallMs: 6 }, { wallMs: 1 }], [{ wallMs: 3 }], 'wallMs')).toBe(2);
  });

  it('tells how far the quotient went from round to round', () => {
    const ours = [{ wallMs: 4 }, { wallMs: 6 }, { wallMs: 5 }];
    const theirs = [{ wallMs: 2 }, { wallMs: 2 }, { wallMs: 5 }];
    expect(quotient(ours, theirs, 'wallMs')).toEqual({ ratio: 2.5, least: 1, greatest: 3 });
  });

  it('takes turns, and another one begins each round', async () => {
    const order: string[] = [];
    const subject = (name: string) => async (round: number) => {
      order.push(name);
      return { round };
    };
    const done = await interleaved(4, { a: subject('a'), b: subject('b'), c: subject('c') });
    expect(order.join('')).toBe('abcbcacababc');
    expect(done('b')).toEqual([0, 1, 2, 3].map((round) => ({ round })));
  });

  it('fails when a subject read half, or did not say how much', () => {
    expect(() => mustAll([{ objects: 10 }, { objects: 10 }], 'objects', 10)).not.toThrow();
    expect(() => mustAll([{ objects: 10 }, { objects: 5 }], 'objects', 10)).toThrow('objects should be 10, and is 5.');
    expect(() => mustAll([{}], 'objects', 10)).toThrow('is undefined');
  });
});

describe('the share of what Graph lets one app have in a tenant', () => {
  it('is less where the tenant is smaller', () => {
    expect([49, 50, 500, 501].map((users) => shareOf(400, 10, users))).toEqual(['11.4 %', '8.0 %', '8.0 %', '5.0 %']);
  });

  it('spreads over the ten seconds of a longer run, and is not less for a shorter one', () => {
    expect(shareOf(800, 40, 1_000)).toBe('2.5 %');
    expect(shareOf(800, 1, 1_000)).toBe('10.0 %');
  });
});
