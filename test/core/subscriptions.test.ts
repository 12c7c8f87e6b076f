import { describe, expect, it } from 'vitest';
import { careFor, longestLifeMs, nextCareAt, retryAt } from '../../src/core/subscriptions.ts';

const now = new Date('2026-03-01T08:00:00.000Z');
const dayMs = 86_400_000;
const inDays = (days: number): Date => new Date(now.getTime() + days * dayMs);
const held = (days: number) => ({ id: 'sub', digest: '', expiresAt: inDays(days) });

describe('a subscription', () => {
  it('is made when there is none, or it has ended', () => {
    expect(careFor({ wanted: true, held: null }, now)).toBe('create');
    expect(careFor({ wanted: true, held: held(0) }, now)).toBe('create');
  });

  it('is renewed a week before it ends, which is before the 29th day', () => {
    expect(careFor({ wanted: true, held: held(7.1) }, now)).toBe('nothing');
    expect(careFor({ wanted: true, held: held(7) }, now)).toBe('renew');
    expect(longestLifeMs).toBeLessThan(41_760 * 60_000);
  });

  it('is ended when nobody wants it any more, whatever Graph has of it', () => {
    expect(careFor({ wanted: false, held: null }, now)).toBe('end');
    expect(careFor({ wanted: false, held: held(20) }, now)).toBe('end');
  });

  it('is looked at every day, and when it is time to renew it', () => {
    expect(nextCareAt(inDays(28), now)).toEqual(inDays(1));
    expect(nextCareAt(inDays(7.5), now)).toEqual(inDays(0.5));
    expect(nextCareAt(inDays(3), now)).toEqual(now);
  });

  it('that cannot be made is tried again later and later, and at least every six hours', () => {
    const minutes = (failures: number) => (retryAt(failures, now).getTime() - now.getTime()) / 60_000;
    expect([0, 1, 2, 3, 6, 7, 100].map(minutes)).toEqual([5, 10, 20, 40, 320, 360, 360]);
  });
});
