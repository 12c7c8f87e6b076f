import { describe, expect, it } from 'vitest';
import { connectionId } from '../../src/model/ids.ts';
import { schedulerId } from '../../src/queue/names.ts';
import { intervalsOf, offsetOf } from '../../src/queue/schedules.ts';

const hourMs = 3_600_000;

describe('when a connection is due', () => {
  it('is every so many seconds as it says, for each mode', () => {
    expect(intervalsOf({ refreshIntervalSecs: 300, fullSyncIntervalSecs: 86_400 })).toEqual({
      delta: 300_000,
      full: 86_400_000,
    });
  });

  it('is the same on every process and after every restart', () => {
    // Test vectors of FNV-1a (draft-eastlake-fnv, appendix C): whoever changes the hash moves every schedule there is.
    expect(['', 'a', 'foobar'].map((id) => offsetOf(id, 2 ** 32))).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
    expect(offsetOf('foobar', hourMs)).toBe(0xbf9cf968 % hourMs);
  });

  it('is spread over the interval, whatever the ids look like', () => {
    const nth = (number: number) => connectionId(`con_0199${String(number).padStart(8, '0')}`);
    for (const every of [300_000, hourMs, 604_800_000]) {
      const offsets = Array.from({ length: 6_000 }, (_, number) => offsetOf(schedulerId(nth(number), 'delta'), every));
      const perSlice = Map.groupBy(offsets, (offset) => Math.floor((offset / every) * 12));
      expect([...perSlice.keys()].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      for (const some of perSlice.values()) expect(Math.abs(some.length - 500)).toBeLessThan(150);
    }
  });

  it('is inside the interval, and not at once for both modes of a connection', () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      const of = (mode: 'delta' | 'full') => offsetOf(schedulerId(connectionId(name), mode), hourMs);
      expect(of('delta')).not.toBe(of('full'));
      for (const offset of [of('delta'), of('full')]) {
        expect(Number.isInteger(offset)).toBe(true);
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(offset).toBeLessThan(hourMs);
      }
    }
  });
});
