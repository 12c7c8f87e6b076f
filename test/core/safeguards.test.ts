/** Who lowers what guards the accounts of a target waits for a day, where two people decide what is over a limit. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowance } from '../../src/core/guard.ts';
import { inForce, isTooMuch, loosenedBy, strictest } from '../../src/core/safeguards.ts';
import { sourceId } from '../../src/model/ids.ts';
import type { Limit } from '../../src/model/limit.ts';
import { defaultLimits, type Loosened, nobodyProtected, type Safeguards } from '../../src/model/target-record.ts';

const start = new Date('2026-03-02T08:00:00.000Z');
const hours = (count: number): Date => new Date(start.getTime() + count * 3_600_000);
const limit = (count: number): Limit => ({ count, percent: 100, floor: 0 });
const none: Limit = { count: 0, percent: 0, floor: 0 };

type Kept = Safeguards & { readonly loosened: Loosened | null };
const safeguards = (other: Partial<Safeguards> = {}): Safeguards => ({
  limits: { ...defaultLimits, deprovisions: limit(5) },
  protected: { ...nobodyProtected, ids: ['director'] },
  approvals: 2,
  ...other,
});
const kept = (other: Partial<Safeguards> = {}): Kept => ({ ...safeguards(other), loosened: null });
const wide = { ...defaultLimits, deprovisions: limit(5_000) };

/** An edit, where one person is enough unless the target says otherwise. */
const edited = (
  was: Kept,
  change: Partial<Safeguards>,
  now: Date,
  more: { least?: 1 | 2; moved?: true } = {},
): Kept => {
  const { limits, protected: protection, approvals } = { ...was, ...change };
  const is = { limits, protected: protection, approvals };
  const around = { least: more.least ?? 1, now, isElsewhere: more.moved ?? false };
  return { ...is, loosened: loosenedBy(was, is, around) };
};
const forced = (target: Kept, now: Date, least: 1 | 2 = 1) => inForce(target, { least, now });

describe('where two people approve what is over a limit', () => {
  it.each<[string, Partial<Safeguards>]>([
    ['the number of approvals', { approvals: 1 }],
    ['a limit', { limits: wide }],
    ['the floor of a limit', { limits: { ...safeguards().limits, deprovisions: { ...limit(5), floor: 50 } } }],
    ['the protection of somebody', { protected: nobodyProtected }],
    ['everything', { approvals: 1, limits: wide, protected: nobodyProtected }],
  ])('%s that is loosened is as it was for a day, and then as it is set', (_, change) => {
    const was = kept();
    const is = edited(was, change, start);
    for (const count of [0, 12, 23.9]) {
      const { loosened: _loosened, ...now } = forced(is, hours(count));
      expect(now).toEqual({ ...safeguards(), looserFrom: hours(24) });
    }
    expect(forced(is, hours(24))).toEqual({ ...is, looserFrom: null });
  });

  it('what is tightened holds at once, also what was loosened within the day', () => {
    const tighter = edited(kept(), { limits: { ...defaultLimits, deprovisions: limit(2) } }, start);
    expect(tighter.loosened).toBeNull();
    const loosened = edited(kept(), { limits: wide }, start);
    const again = edited(loosened, { limits: { ...wide, deprovisions: limit(3) } }, hours(1));
    expect(forced(again, hours(2)).limits.deprovisions).toEqual(limit(3));
    // That is no reason to wait any longer for the rest.
    expect(again.loosened?.at).toEqual(start);
  });

  it('an edit that loosens nothing does not begin the day anew', () => {
    const loosened = edited(kept(), { approvals: 1 }, start);
    expect(edited(loosened, { approvals: 1 }, hours(5)).loosened).toEqual(loosened.loosened);
    expect(edited(loosened, {}, hours(25)).loosened).toBeNull();
  });

  it('whoever loosens step by step waits a day from the last step, for all of it', () => {
    const first = edited(kept(), { approvals: 1 }, start);
    const second = edited(first, { limits: wide }, hours(20));
    expect(forced(second, hours(30))).toMatchObject({ approvals: 2, limits: { deprovisions: limit(5) } });
    expect(forced(second, hours(44))).toMatchObject({ approvals: 1, limits: wide, looserFrom: null });
  });

  it('no limit is looser than any, and a limit in its place holds at once', () => {
    const limited = kept({ limits: { ...defaultLimits, creates: limit(3) } });
    const unlimited = edited(limited, { limits: defaultLimits }, start);
    expect(forced(unlimited, hours(1)).limits.creates).toEqual(limit(3));
    expect(edited(kept(), { limits: { ...safeguards().limits, creates: limit(3) } }, start).loosened).toBeNull();
  });

  it('others who are protected in place of somebody leave them protected for a day', () => {
    const board = { ids: [], attributes: [{ attribute: 'department', value: 'Board' }], groups: [sourceId('vips')] };
    const other = { ids: ['clerk'], attributes: [{ attribute: 'department', value: 'IT' }], groups: [] };
    const swapped = edited(kept({ protected: board }), { protected: other }, start);
    expect(forced(swapped, hours(1)).protected).toEqual({
      ids: ['clerk'],
      attributes: [...board.attributes, ...other.attributes],
      groups: board.groups,
    });
    // Whoever is taken out alone leaves the protection word for word as it was, and so the plans that were made by it.
    const emptied = edited(kept({ protected: board }), { protected: { ...board, groups: [] } }, start);
    expect(forced(emptied, hours(1)).protected).toEqual(board);
  });

  it('so many as one record holds are protected, those included who are taken out', () => {
    const many = (prefix: string, count: number) => Array.from({ length: count }, (_, nth) => `${prefix}${nth}`);
    let target = kept({ protected: { ...nobodyProtected, ids: many('a', 21_000) } });
    expect(isTooMuch(forced(target, start).protected)).toBe(false);
    target = edited(target, { protected: { ...nobodyProtected, ids: many('b', 21_000) } }, start);
    expect(isTooMuch(forced(target, start).protected)).toBe(true);
    expect(isTooMuch(forced(target, hours(24)).protected)).toBe(false);
  });
});

describe('a new target', () => {
  const added = (own: Safeguards, least: 1 | 2): Kept =>
    edited({ ...own, loosened: null }, {}, start, { least, moved: true });

  it('takes nothing away within its first day unless two approve it, so that nobody removes one and adds it again', () => {
    const target = added(safeguards({ approvals: 1, limits: wide, protected: nobodyProtected }), 2);
    expect(forced(target, hours(23), 2)).toMatchObject({
      approvals: 2,
      limits: { deprovisions: none, groupDeletes: none, memberRemovals: none, memberRemovalsPerGroup: none },
      looserFrom: hours(24),
    });
    // Nobody's account is kept from being made.
    expect(forced(target, hours(23), 2).limits).toMatchObject({ creates: null, updates: null });
    expect(forced(target, hours(24), 2)).toMatchObject({ approvals: 2, limits: wide, looserFrom: null });
  });

  it('is as it is set where one person decides', () => {
    const target = added(safeguards({ approvals: 1 }), 1);
    expect(forced(target, hours(1))).toEqual({ ...target, looserFrom: null });
  });

  it('is one that writes to another place from now on, and nobody is unprotected by that', () => {
    const moved = edited(kept(), { protected: nobodyProtected }, start, { moved: true });
    expect(forced(moved, hours(1))).toMatchObject({ limits: { deprovisions: none }, protected: { ids: ['director'] } });
  });
});

describe('where one person approves', () => {
  it('everything holds at once, for they could approve it as well', () => {
    const is = edited(kept({ approvals: 1 }), { limits: wide, protected: nobodyProtected }, start);
    expect(forced(is, start)).toEqual({ ...is, loosened: null, looserFrom: null });
  });

  it('two are needed all the same where the installation says so', () => {
    const alone = kept({ approvals: 1 });
    expect(forced(alone, start, 2).approvals).toBe(2);
    expect(forced(edited(alone, { limits: wide }, start, { least: 2 }), hours(1), 2).limits).toEqual(alone.limits);
  });
});

describe('the strictest of two', () => {
  const anyLimit: fc.Arbitrary<Limit> = fc.record({
    count: fc.nat(1_000),
    percent: fc.double({ min: 0, max: 100, noNaN: true }),
    floor: fc.nat(50),
  });
  const maybe = fc.option(anyLimit, { nil: null });
  const some = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
  const any: fc.Arbitrary<Safeguards> = fc.record({
    limits: fc.record({
      deprovisions: anyLimit,
      groupDeletes: anyLimit,
      memberRemovals: anyLimit,
      memberRemovalsPerGroup: anyLimit,
      updates: maybe,
      creates: maybe,
      adoptions: maybe,
    }),
    protected: fc.record({
      ids: some,
      attributes: some.map((values) => values.map((value) => ({ attribute: 'department', value }))),
      groups: some.map((groups) => groups.map(sourceId)),
    }),
    approvals: fc.constantFrom(1 as const, 2 as const),
  });

  it('allows no more than either, of whatever there are, and protects whoever either does', () => {
    fc.assert(
      fc.property(any, any, fc.nat(100_000), (one, other, linked) => {
        const both = strictest(one, other);
        for (const name of ['deprovisions', 'groupDeletes', 'memberRemovals', 'memberRemovalsPerGroup'] as const)
          for (const { limits } of [one, other])
            expect(allowance(both.limits[name], linked)).toBeLessThanOrEqual(allowance(limits[name], linked));
        for (const name of ['updates', 'creates', 'adoptions'] as const)
          for (const { limits } of [one, other]) {
            const [own, strict] = [limits[name], both.limits[name]];
            if (own === null) continue;
            if (strict === null) throw new Error('There was a limit.');
            expect(allowance(strict, linked)).toBeLessThanOrEqual(allowance(own, linked));
          }
        for (const { protected: protection } of [one, other]) {
          expect(both.protected.ids).toEqual(expect.arrayContaining([...protection.ids]));
          expect(both.protected.attributes).toEqual(expect.arrayContaining([...protection.attributes]));
          expect(both.protected.groups).toEqual(expect.arrayContaining([...protection.groups]));
        }
        expect(both.approvals).toBe(Math.max(one.approvals, other.approvals));
      }),
    );
  });

  it('is in force through whatever is edited within a day of it', () => {
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 6 }), fc.nat(100_000), (edits, linked) => {
        let target = kept();
        const before = forced(target, start);
        for (const [nth, change] of edits.entries()) target = edited(target, change, hours(nth * 3));
        const after = forced(target, hours(23.9));
        expect(after.approvals).toBe(2);
        expect(after.protected.ids).toContain('director');
        expect(allowance(after.limits.deprovisions, linked)).toBeLessThanOrEqual(
          allowance(before.limits.deprovisions, linked),
        );
      }),
    );
  });
});
