/** What is said of several runs. */

import { describe, expect, it } from 'vitest';
import { over, spreadOf } from '../../bench/figures.ts';

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
