import { describe, expect, it } from 'vitest';
import { nextAfter } from '../../src/core/webhook-retry.ts';

const hour = 3_600_000;
const after = (status: number | null, before = 0, retryAfterMs: number | null = null, random = 0.5) =>
  nextAfter({ status }, before, retryAfterMs, random);

describe('a message that was sent', () => {
  it.each([200, 202, 204, 299])('has arrived with %s', (status) => {
    expect(after(status)).toEqual({ kind: 'delivered' });
  });

  it('is tried for more than three days, later and later, and then nobody is told there any more', () => {
    const waits: number[] = [];
    for (let before = 0; ; before += 1) {
      const next = after(before % 2 === 0 ? null : 503, before);
      if (next.kind !== 'again') {
        expect(next).toEqual({ kind: 'disable', code: 'webhook_unreachable' });
        break;
      }
      waits.push(next.afterMs);
    }
    expect(waits).toEqual([5_000, 300_000, 1_800_000, ...[2, 5, 10, 14, 20, 24].map((hours) => hours * hour)]);
  });

  it.each([301, 302, 401, 403, 404, 408, 425, 429, 500, 503])('is tried again after %s', (status) => {
    expect(after(status).kind).toBe('again');
  });

  it('is spread over a part of the wait', () => {
    expect([0, 0.999].map((random) => after(500, 1, null, random))).toEqual([
      { kind: 'again', afterMs: 240_000 },
      { kind: 'again', afterMs: 359_880 },
    ]);
  });

  it('waits as long as it is asked to, but never more than a day', () => {
    expect(after(429, 0, 60_000)).toEqual({ kind: 'again', afterMs: 60_000 });
    expect(after(503, 0, 30 * 24 * hour)).toEqual({ kind: 'again', afterMs: 24 * hour });
    expect(after(503, 1, 1_000)).toEqual({ kind: 'again', afterMs: 300_000 });
  });

  it('ends everything with 410', () => {
    expect(after(410)).toEqual({ kind: 'disable', code: 'webhook_gone' });
  });

  it.each([400, 413, 415, 422])('is given up after some minutes when it is refused as such, with %s', (status) => {
    expect([0, 1, 2].map((before) => after(status, before).kind)).toEqual(['again', 'again', 'again']);
    expect(after(status, 3)).toEqual({ kind: 'give_up' });
  });
});
