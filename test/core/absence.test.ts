import { describe, expect, it } from 'vitest';
import { type Absence, isAbsent, isLookStale, isProven, secondLookMs } from '../../src/core/absence.ts';
import { now } from './builders.ts';

const ago = (ms: number): Date => new Date(now.getTime() - ms);
const minute = 60_000;
const hour = 60 * minute;
/** A full sync a minute ago did not show somebody, and the source does not know them now. */
const absence = (other: Partial<Absence> = {}): Absence => ({
  why: 'missing',
  said: 'gone',
  read: 'full',
  since: ago(minute),
  readAt: ago(minute),
  firstLook: null,
  ...other,
});

describe('somebody whom the source does not know', () => {
  it('is not taken for gone at the first look, when they were there a short while ago', () => {
    expect(isProven(absence(), now)).toBe(false);
    expect(isProven(absence({ why: 'out_of_scope' }), now)).toBe(false);
    expect(isProven(absence({ read: null }), now)).toBe(false);
    expect(isProven(absence({ read: 'group' }), now)).toBe(false);
  });

  it('is taken for gone at the second look, ten minutes after the first and not sooner', () => {
    expect(secondLookMs).toBe(10 * minute);
    const looked = (ms: number) => absence({ since: ago(hour), firstLook: ago(ms) });
    expect(isProven(looked(10 * minute - 1), now)).toBe(false);
    expect(isProven(looked(10 * minute), now)).toBe(true);
  });

  it('is not taken for gone by a look from before they were seen again', () => {
    const seenSince = absence({ since: ago(15 * minute), firstLook: ago(20 * minute) });
    expect([isProven(seenSince, now), isLookStale(seenSince)]).toEqual([false, true]);
    const lookedSince = absence({ since: ago(20 * minute), firstLook: ago(15 * minute) });
    expect([isProven(lookedSince, now), isLookStale(lookedSince)]).toEqual([true, false]);
    expect(isProven(absence({ why: 'members', since: null, firstLook: ago(15 * minute) }), now)).toBe(true);
  });

  it('is taken for gone at once where the source itself says that they were deleted', () => {
    for (const why of ['soft_deleted', 'deleted'] as const)
      expect(isProven(absence({ why, read: null }), now)).toBe(true);
  });

  it('is not taken for gone because they were switched off: they may be on again, and hidden by a replica', () => {
    const off = absence({ why: 'disabled_in_source', read: null, since: ago(10 * minute) });
    expect(isProven(off, now)).toBe(false);
    expect(isProven({ ...off, firstLook: ago(10 * minute) }, now)).toBe(true);
  });

  it('is not taken for gone by what the source said long ago, unless a read has been without them since', () => {
    for (const why of ['soft_deleted', 'deleted'] as const) {
      const long = absence({ why, since: ago(72 * hour), readAt: ago(72 * hour) });
      expect(isProven(long, now)).toBe(false);
      expect(isProven({ ...long, readAt: null, since: null }, now)).toBe(false);
      expect(isProven({ ...long, readAt: ago(10 * minute) }, now)).toBe(false);
      expect(isProven({ ...long, readAt: ago(10 * minute - 1) }, now)).toBe(true);
      expect(isProven({ ...long, firstLook: ago(10 * minute) }, now)).toBe(true);
    }
  });

  it('has left the scope at once where a delta told it and they are found outside it: that is no absence', () => {
    expect(isProven(absence({ why: 'out_of_scope', said: 'out_of_scope', read: 'delta' }), now)).toBe(true);
    expect(isProven(absence({ why: 'out_of_scope', said: 'out_of_scope', read: 'full' }), now)).toBe(false);
  });

  it('has not left a test group because a replica that a delta asked knew nothing of them', () => {
    expect(isProven(absence({ why: 'out_of_scope', said: 'gone', read: 'delta' }), now)).toBe(false);
  });

  it('is taken for gone at once where every read of a day did without them', () => {
    const readNow = (since: Date) => absence({ since, readAt: now });
    expect(isProven(readNow(ago(24 * hour)), now)).toBe(true);
    expect(isProven(readNow(ago(24 * hour - 1)), now)).toBe(false);
    // A day without any read is no day without them, and a person whom the snapshot still holds is missing in none.
    expect(isProven(absence({ since: ago(72 * hour), readAt: ago(72 * hour) }), now)).toBe(false);
    expect(isProven(absence({ since: ago(72 * hour), readAt: ago(hour) }), now)).toBe(false);
    expect(isProven({ ...readNow(ago(72 * hour)), why: 'members' }, now)).toBe(false);
  });

  it('is absent when they are gone or out of scope, and never when the source cannot tell', () => {
    expect((['gone', 'out_of_scope', 'present', 'disabled', 'unsure'] as const).map(isAbsent)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(isAbsent(undefined)).toBe(false);
  });
});
