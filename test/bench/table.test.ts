/** How far a measure is from its target, as the table says it. */

import { describe, expect, it } from 'vitest';
import { distanceInSpread, distanceOf, tableOf } from '../../bench/report/table.ts';
import { atLeast, atMost, following } from '../../bench/result.ts';

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

describe('a target within the spread', () => {
  const spread = (least: number, greatest: number) => atMost('R1', 'reading', { ratio: 1.8, least, greatest }, 1.9, {});

  it('is said where a round came out on the other side of it', () => {
    expect(distanceInSpread(spread(1.7, 2.1))).toBe('5 % to spare, within the spread');
    expect(distanceInSpread(spread(1.7, 1.85))).toBe('5 % to spare');
    expect(distanceInSpread(atMost('R1', 'reading', { ratio: 2, least: 1.9, greatest: 2.1 }, 1.9, {}))).toBe(
      '5 % over, within the spread',
    );
  });

  it('is said where the row came out on the other side before', () => {
    const then = { at: '2030-01-01', commit: 'abc1234' };
    expect(distanceInSpread(following(most(1.8, 1.9), most(2.07, 1.9), then))).toBe('5 % to spare, within the spread');
    expect(distanceInSpread(following(most(1.8, 1.9), most(1.7, 1.9), then))).toBe('5 % to spare');
  });

  it('is not said of what is counted and came out exactly there', () => {
    expect(distanceInSpread(most(2, 2))).toBe('0 % to spare');
  });
});

describe('what a row was before', () => {
  const then = (day: number) => ({ at: `2030-01-0${day}`, commit: 'abc1234' });

  it('is kept with day and commit, the last three times', () => {
    const measured = [1, 2, 3, 4, 5].reduce(
      (old, day) => following(most(day, 9), old, then(day - 1)),
      following(most(0, 9), undefined, undefined),
    );
    expect(measured.before).toEqual([2, 3, 4].map((day) => ({ ratio: day, ...then(day) })));
    expect(measured.ratio).toBe(5);
  });

  it('is nothing where it could not be measured, and what it was before that stays', () => {
    const broken = following(most(Number.NaN, 9), most(3, 9), then(1));
    expect(following(most(4, 9), broken, then(2)).before).toEqual([{ ratio: 3, ...then(1) }]);
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
