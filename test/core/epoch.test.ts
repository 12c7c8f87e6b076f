import { describe, expect, it } from 'vitest';
import { epochAfter, epochOf, firstCountOf, firstVersionOf, hasGoneBack } from '../../src/core/epoch.ts';

const now = new Date('2026-03-02T08:30:00Z');
const hour = 492_344;

describe('an epoch', () => {
  it('is greater than any that is known', () => {
    expect(epochAfter([firstCountOf(hour + 7) + 12, 40], now)).toBe(hour + 8);
  });

  it('is greater than one that nobody knows of any more, because it is named by the hour', () => {
    expect(epochAfter([12], now)).toBe(hour);
    expect(epochAfter([12], new Date(now.getTime() + 3_600_000))).toBe(hour + 1);
  });

  it('begins above everything that was counted in the one before, and counts exactly', () => {
    const first = firstCountOf(hour);
    expect(first).toBeGreaterThan(firstCountOf(hour - 1) + 2 ** 30);
    expect([epochOf(first - 1), epochOf(first), epochOf(first + 1)]).toEqual([hour - 1, hour, hour]);
    expect(Number.isSafeInteger(first + 1)).toBe(true);
  });

  it('gives versions that find a place in the store for two hundred years', () => {
    const late = epochAfter([], new Date('2226-01-01T00:00:00Z'));
    expect(Number.isSafeInteger(firstCountOf(late))).toBe(true);
    expect(Number.isSafeInteger(firstVersionOf(late) * 1_000_000 + 999_999)).toBe(true);
  });
});

describe('a database that counts', () => {
  it.each([
    [10, null, false],
    [10, 9, false],
    [10, 10, false],
    [10, 11, true],
  ])('%d, where %s was noted, has gone back: %s', (count, mark, expected) => {
    expect(hasGoneBack(count, mark)).toBe(expected);
  });
});
