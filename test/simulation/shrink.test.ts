import { describe, expect, it } from 'vitest';
import { type Outcome, shrink } from './shrink.ts';

const faults = Array.from({ length: 40 }, (_, nth) => `reset@graph GET /v1.0/users#${nth}`);
const broken = (invariant: string) => ({ invariant, what: 'somebody was disabled' });

/** Breaks I2 whenever all of these struck. */
const breaksWith =
  (...needed: readonly string[]) =>
  async (only: ReadonlySet<string>): Promise<Outcome> => ({
    struck: faults.filter((name) => only.has(name)),
    violations: needed.every((name) => only.has(name)) ? [broken('I2')] : [broken('I9')],
  });

const failed: Outcome = { struck: faults, violations: [broken('I2')] };
const [third = '', last = ''] = [faults[2], faults[39]];

describe('a failing seed', () => {
  it('is made as small as the faults that it takes', async () => {
    expect((await shrink(failed, breaksWith(third))).only).toEqual([third]);
    expect((await shrink(failed, breaksWith(third, last))).only).toEqual([third, last]);
  });

  it('needs no fault at all when the promise is broken without one', async () => {
    expect((await shrink(failed, breaksWith())).only).toEqual([]);
  });

  it('is not taken for another promise that is broken on the way', async () => {
    const { only, told } = await shrink(failed, breaksWith(last));
    expect(only).toEqual([last]);
    expect(told.violations).toEqual([broken('I2')]);
  });

  it('is left as small as it is by then when it takes too many runs', async () => {
    const { only, runs } = await shrink(failed, breaksWith(third, last), 3);
    expect(runs).toBe(3);
    expect(only).toContain(third);
    expect(only).toContain(last);
  });
});
