import { describe, expect, it } from 'vitest';
import { sourceId } from '../../src/model/ids.ts';
import type { Limit } from '../../src/model/limit.ts';
import { defaultLimits, type Limits, nobodyProtected } from '../../src/model/target-record.ts';
import { limitsInForce, protectionsInForce } from './in-force.ts';

const hourMs = 3_600_000;
const most = (count: number): Limit => ({ count, percent: 100, floor: count });
const withMost = (count: number): Limits => ({ ...defaultLimits, deprovisions: most(count) });

/** `limits`: how many may be deprovisioned from which hour on; `approvals`: how many approve. */
const told = (
  limits: readonly (readonly [hour: number, count: number])[],
  approvals: readonly (readonly [hour: number, needed: 1 | 2])[],
) => ({
  limits: limits.map(([hour, count]) => ({ at: hour * hourMs, limits: withMost(count) })),
  approvals: approvals.map(([hour, needed]) => ({ at: hour * hourMs, needed })),
  restores: [],
});
const at = (of: Parameters<typeof limitsInForce>[0], hour: number, minutes = 0) =>
  limitsInForce(of, 'deprovisions', hour * hourMs - minutes * 60_000, hour * hourMs).map((limit) => limit?.floor);

describe('what guards a target', () => {
  it('is what was set, at once, where one person approves', () => {
    const lifted = told(
      [
        [0, 5],
        [2, 100],
      ],
      [[0, 1]],
    );
    expect([at(lifted, 1), at(lifted, 2), at(lifted, 3)]).toEqual([[5], [100], [100]]);
  });

  it('is for another day what it was before it was loosened, where two approve, and what is tighter at once', () => {
    const lifted = told(
      [
        [0, 5],
        [2, 100],
        [3, 1],
        [4, 50],
      ],
      [[0, 2]],
    );
    expect([at(lifted, 1), at(lifted, 2.5), at(lifted, 3), at(lifted, 5)]).toEqual([[5], [5], [1], [1]]);
    expect([at(lifted, 27.9), at(lifted, 28)]).toEqual([[1], [50]]);
  });

  it('may be either where it changed a moment ago', () => {
    const tightened = told(
      [
        [0, 5],
        [2, 1],
      ],
      [[0, 2]],
    );
    expect(at(tightened, 2, 3)).toEqual([5, 1]);
  });

  it('is loosened by nobody alone within the day after one became enough', () => {
    const lowered = told(
      [
        [0, 5],
        [20, 100],
        [60, 200],
      ],
      [
        [0, 2],
        [1, 1],
      ],
    );
    expect([at(lowered, 21), at(lowered, 45), at(lowered, 60)]).toEqual([[5], [100], [200]]);
  });

  it('is everybody who was protected, for another day', () => {
    const [ann, board] = [
      { ...nobodyProtected, ids: ['ann'] },
      { ...nobodyProtected, groups: [sourceId('board')] },
    ];
    const edited = {
      ...told([], [[0, 2]]),
      protections: [ann, board, nobodyProtected].map((protection, nth) => ({ at: nth * hourMs, protection })),
    };
    const who = (hour: number) =>
      protectionsInForce(edited, hour * hourMs, hour * hourMs).map((parts) =>
        parts.flatMap(({ protection }) => [...protection.ids, ...protection.groups]),
      );
    expect(who(0.5)).toEqual([['ann']]);
    expect(new Set(who(3)[0])).toEqual(new Set(['ann', 'board']));
    expect([
      who(25.5)
        .flatMap((each) => [...new Set(each)])
        .toSorted(),
      who(26),
    ]).toEqual([['ann', 'board'], [[]]]);
  });

  it('is what the record says once the database was put back, and nothing that was set since the backup', () => {
    const from = { limits: withMost(3), protected: nobodyProtected, approvals: 2 as const };
    const set = told(
      [
        [0, 5],
        [2, 1],
        [10, 100],
      ],
      [[0, 2]],
    );
    const putBack = (loosened: { readonly from: typeof from; readonly at: Date } | null) => ({
      ...set,
      restores: [{ at: 10 * hourMs, loosened }],
    });
    expect([at(set, 11), at(putBack(null), 11)]).toEqual([[1], [100]]);
    expect(at(putBack({ from, at: new Date(hourMs) }), 11)).toEqual([3]);
    expect(at(putBack({ from, at: new Date(hourMs) }), 26)).toEqual([100]);
  });
});
