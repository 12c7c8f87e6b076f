import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Amounts, allowance, type Counted, guard, isHeld, nothing, sum } from '../../src/core/guard.ts';
import { type SourceId, sourceId } from '../../src/model/ids.ts';
import type { Limit } from '../../src/model/limit.ts';
import type { Action, Why } from '../../src/model/operation.ts';
import { defaultLimits, type Limits } from '../../src/model/target-record.ts';

const limit = (count: number, percent: number, floor: number): Limit => ({ count, percent, floor });

describe('how much may be taken away', () => {
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

  it('is, by default, 10 % of the groups and at most five: what hangs on a group is not made again', () => {
    expect([3, 20, 30, 1_000].map((groups) => allowance(defaultLimits.groupDeletes, groups))).toEqual([2, 2, 3, 5]);
  });

  it('is, by default, 5 % and at most 500 accounts, 20 % and at most 5000 memberships', () => {
    const { deprovisions, memberRemovals } = defaultLimits;
    expect([20, 1_000, 100_000].map((linked) => allowance(deprovisions, linked))).toEqual([5, 50, 500]);
    expect([20, 1_000, 100_000].map((linked) => allowance(memberRemovals, linked))).toEqual([50, 200, 5_000]);
  });
});

describe('a run', () => {
  const limits: Limits = {
    deprovisions: limit(10, 10, 0),
    groupDeletes: limit(5, 10, 0),
    memberRemovals: limit(20, 10, 0),
    memberRemovalsPerGroup: limit(100, 50, 2),
    updates: null,
    creates: null,
    adoptions: null,
  };
  const base = (user: number, group = 0) => ({ active: { user, group }, membersOf: () => 0 });
  const judged = (wanted: Partial<Amounts>, taken: Partial<Amounts> = {}, linked = 300, other: Partial<Limits> = {}) =>
    guard({ ...nothing, ...wanted }, { ...nothing, ...taken }, { ...limits, ...other }, base(linked));
  const passed = (...of: Parameters<typeof judged>) => judged(...of).map((one) => one.limit);

  it('is held when it wants one more than is allowed', () => {
    expect(judged({ deprovisions: 10 }, {}, 100)).toEqual([]);
    expect(judged({ deprovisions: 11 }, {}, 100)).toEqual([
      { limit: 'deprovisions', group: null, wanted: 11, taken: 0, allowed: 10 },
    ]);
  });

  it('is held for what it wants on top of what the day took', () => {
    expect(passed({ deprovisions: 1 }, { deprovisions: 9 }, 100)).toEqual([]);
    expect(passed({ deprovisions: 2 }, { deprovisions: 9 }, 100)).toEqual(['deprovisions']);
    expect(passed({ deprovisions: 0 }, { deprovisions: 500 }, 100)).toEqual([]);
  });

  it('is held for each kind apart', () => {
    expect(passed({ deprovisions: 11, memberRemovals: 20 })).toEqual(['deprovisions']);
    expect(passed({ deprovisions: 10, memberRemovals: 21 })).toEqual(['memberRemovals']);
  });

  it('is held for groups apart from accounts, and measured by groups alone', () => {
    const judgedBy = (wanted: Partial<Amounts>, taken: Partial<Amounts> = {}) =>
      guard({ ...nothing, ...wanted }, { ...nothing, ...taken }, limits, base(100, 20));
    expect(judgedBy({ deprovisions: 10, groupDeletes: 2 })).toEqual([]);
    expect(judgedBy({ deprovisions: 10, groupDeletes: 3 })).toEqual([
      { limit: 'groupDeletes', group: null, wanted: 3, taken: 0, allowed: 2 },
    ]);
    // Groups make no room for more people, nor people for more groups.
    expect(judgedBy({ deprovisions: 11 }, { groupDeletes: 0 })).toMatchObject([{ limit: 'deprovisions', allowed: 10 }]);
    expect(judgedBy({ groupDeletes: 1 }, { groupDeletes: 2, deprovisions: 9 })).toMatchObject([
      { limit: 'groupDeletes', wanted: 1, taken: 2 },
    ]);
  });

  it('may create and update as much as it likes, unless that is limited', () => {
    expect(passed({ creates: 1_000_000, updates: 1_000_000 })).toEqual([]);
    const small = { creates: limit(5, 100, 0), updates: limit(7, 100, 0) };
    expect(passed({ creates: 6, updates: 7 }, {}, 300, small)).toEqual(['creates']);
    expect(passed({ creates: 5, updates: 6 }, { updates: 2 }, 300, small)).toEqual(['updates']);
  });

  it('that would empty one group is held for that group alone', () => {
    const [all, team] = [sourceId('all'), sourceId('team')];
    const sizes = new Map([
      [all, 100],
      [team, 6],
    ]);
    const byGroup = new Map([
      [all, 30],
      [team, 4],
    ]);
    const wanted = { ...nothing, memberRemovals: 18, byGroup };
    const exceeded = guard(wanted, nothing, limits, {
      active: { user: 300, group: 0 },
      membersOf: (id) => sizes.get(id) ?? 0,
    });
    expect(exceeded).toEqual([{ limit: 'memberRemovalsPerGroup', group: team, wanted: 4, taken: 0, allowed: 3 }]);
    const removal = { action: 'remove_members', type: 'group', why: 'members' } as const;
    expect([all, team].map((id) => isHeld({ ...removal, group: id }, exceeded))).toEqual([false, true]);
    // Who leaves altogether goes, or stays, with the account.
    expect(isHeld({ ...removal, why: 'leavers', group: team }, exceeded)).toBe(false);
  });

  it('that may deprovision nobody leaves their memberships alone too', () => {
    const exceeded = judged({ deprovisions: 11 }, {}, 100);
    const group = sourceId('team');
    expect(isHeld({ action: 'disable', type: 'user', why: 'missing', group }, exceeded)).toBe(true);
    expect(isHeld({ action: 'remove_members', type: 'group', why: 'leavers', group }, exceeded)).toBe(true);
    expect(isHeld({ action: 'remove_members', type: 'group', why: 'members', group }, exceeded)).toBe(false);
    expect(isHeld({ action: 'delete', type: 'group', why: 'missing', group }, exceeded)).toBe(false);
    expect(isHeld({ action: 'create', type: 'user', why: 'created', group }, exceeded)).toBe(false);
  });

  it('counts who leaves altogether once, not once a group', () => {
    const [team, other] = [sourceId('team'), sourceId('other')];
    const counted = (action: Action, why: Why, group: SourceId, members = 0): Counted => ({
      action,
      type: group === team || group === other ? 'group' : 'user',
      why,
      group,
      members,
    });
    const amounts = sum([
      counted('disable', 'missing', sourceId('anna')),
      counted('delete', 'deleted', other),
      counted('remove_members', 'leavers', team, 1),
      counted('remove_members', 'members', team, 3),
      counted('remove_members', 'members', team, 2),
      counted('remove_members', 'members', other, 4),
      counted('add_members', 'members', team, 9),
      counted('create', 'created', sourceId('bert')),
      counted('update', 'updated', sourceId('carl')),
    ]);
    expect(amounts).toMatchObject({ deprovisions: 1, groupDeletes: 1, memberRemovals: 9, creates: 1, updates: 1 });
    expect([...amounts.byGroup]).toEqual([
      [team, 5],
      [other, 4],
    ]);
  });

  it('that takes nothing away is never held, also where nothing may be taken', () => {
    const none = { deprovisions: limit(0, 0, 0), memberRemovals: limit(0, 0, 0) };
    expect(passed({}, { deprovisions: 3, memberRemovals: 3 }, 0, none)).toEqual([]);
    expect(passed({ deprovisions: 1 }, {}, 1_000, none)).toEqual(['deprovisions']);
  });

  it('cannot get around a limit by cutting what it wants into many runs', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 40 }), fc.integer({ min: 1, max: 500 }), (runs, linked) => {
        let taken = 0;
        for (const wanted of runs)
          if (passed({ deprovisions: wanted }, { deprovisions: taken }, linked).length === 0) taken += wanted;
        expect(taken).toBeLessThanOrEqual(allowance(limits.deprovisions, linked));
      }),
    );
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
