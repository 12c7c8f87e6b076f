/** How far a measure is from its target, as the table says it. */

import { describe, expect, it } from 'vitest';
import { distanceOf, tableOf } from '../../bench/report/table.ts';
import { atLeast, atMost } from '../../bench/result.ts';

const most = (ratio: number, target: number) => atMost('R1', 'reading', ratio, target, {});
const least = (ratio: number, target: number) => atLeast('R3', 'the usual way', ratio, target, {});

describe('the distance to a target', () => {
  it('of at most so much is to spare below it, and over above it', () => {
    expect(distanceOf(most(1.5, 2))).toBe('25 % to spare');
    expect(distanceOf(most(3, 2))).toBe('50 % over');
  });

  it('of at least so much is to spare above it, and short below it', () => {
    expect(distanceOf(least(5, 4))).toBe('25 % to spare');
    expect(distanceOf(least(3, 4))).toBe('25 % short');
  });

  it('is nothing to spare exactly there', () => {
    expect(distanceOf(most(2, 2))).toBe('0 % to spare');
    expect(distanceOf(least(4, 4))).toBe('0 % to spare');
  });

  it('is not said of what could not be measured', () => {
    expect(distanceOf(most(Number.NaN, 2))).toBe('');
    expect(distanceOf(least(Number.POSITIVE_INFINITY, 4))).toBe('');
  });
});

describe('the table of results', () => {
  it('has a line for each, with its mark, and – for what could not be measured', () => {
    const [, met, missed, unknown] = tableOf([most(1.5, 2), least(3, 4), most(Number.NaN, 2)]).split('\n');
    expect(met).toMatch(/^✓ +R1 +reading +1\.50 +<= 2 +25 % to spare$/);
    expect(missed).toMatch(/^✗ +R3 +the usual way +3\.00 +>= 4 +25 % short$/);
    expect(unknown).toMatch(/^✗ +R1 +reading +– +<= 2$/);
  });
});
