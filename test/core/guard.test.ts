import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowance, guard } from '../../src/core/guard.ts';
import type { Limit } from '../../src/model/limit.ts';
import { defaultLimits } from '../../src/model/target-record.ts';

const limit = (count: number, percent: number, floor: number): Limit => ({ count, percent, floor });

describe('how much one run may take away', () => {
  it('is the smaller of the count and the percentage of what is linked', () => {
    expect(allowance(limit(500, 5, 0), 1_000)).toBe(50);
    expect(allowance(limit(500, 5, 0), 1_000_000)).toBe(500);
  });

  it('is never less than the floor, so that a small company can lose somebody', () => {
    expect(allowance(limit(500, 5, 5), 20)).toBe(5);
    expect(allowance(limit(500, 5, 5), 0)).toBe(5);
    expect(allowance(limit(2, 5, 5), 1_000)).toBe(5);
  });

  it('is rounded down: part of a person is nobody', () => {
    expect(allowance(limit(500, 5, 0), 199)).toBe(9);
    expect(allowance(limit(500, 5, 0), 19)).toBe(0);
  });

  it('is nothing where every number is zero', () => {
    expect(allowance(limit(0, 0, 0), 1_000)).toBe(0);
    expect(allowance(limit(0, 100, 0), 1_000)).toBe(0);
    expect(allowance(limit(100, 0, 0), 1_000)).toBe(0);
  });

  it('is, by default, 5 % and at most 500 accounts, 20 % and at most 5000 memberships', () => {
    const { deprovisions, memberRemovals } = defaultLimits;
    expect([20, 1_000, 100_000].map((linked) => allowance(deprovisions, linked))).toEqual([5, 50, 500]);
    expect([20, 1_000, 100_000].map((linked) => allowance(memberRemovals, linked))).toEqual([50, 200, 5_000]);
  });
});

describe('a run', () => {
  const limits = { deprovisions: limit(10, 10, 0), memberRemovals: limit(20, 10, 0) };

  it('is held when it wants one more than is allowed', () => {
    expect(guard({ deprovisions: 10, memberRemovals: 0 }, limits, 100).deprovisions).toEqual({
      held: false,
      wanted: 10,
      allowed: 10,
    });
    expect(guard({ deprovisions: 11, memberRemovals: 0 }, limits, 100).deprovisions).toEqual({
      held: true,
      wanted: 11,
      allowed: 10,
    });
  });

  it('is held for accounts and for memberships apart', () => {
    const held = (deprovisions: number, memberRemovals: number) => {
      const verdict = guard({ deprovisions, memberRemovals }, limits, 300);
      return [verdict.deprovisions.held, verdict.memberRemovals.held];
    };
    expect(held(11, 20)).toEqual([true, false]);
    expect(held(10, 21)).toEqual([false, true]);
  });

  it('that takes nothing away is never held, also where nothing may be taken', () => {
    const none = { deprovisions: limit(0, 0, 0), memberRemovals: limit(0, 0, 0) };
    const verdict = guard({ deprovisions: 0, memberRemovals: 0 }, none, 0);
    expect([verdict.deprovisions.held, verdict.memberRemovals.held]).toEqual([false, false]);
    expect(guard({ deprovisions: 1, memberRemovals: 0 }, none, 1_000).deprovisions.held).toBe(true);
  });

  it('never takes more than the larger of its floor and its count, and more linked people never make it stricter', () => {
    const anyLimit = fc.record({
      count: fc.nat(1_000),
      percent: fc.double({ min: 0, max: 100, noNaN: true }),
      floor: fc.nat(50),
    });
    fc.assert(
      fc.property(anyLimit, fc.nat(100_000), fc.nat(1_000), (one, linked, more) => {
        const allowed = allowance(one, linked);
        expect(allowed).toBeGreaterThanOrEqual(one.floor);
        expect(allowed).toBeLessThanOrEqual(Math.max(one.floor, Math.min(one.count, linked)));
        expect(allowance(one, linked + more)).toBeGreaterThanOrEqual(allowed);
      }),
    );
  });
});
