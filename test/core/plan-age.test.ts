import { describe, expect, it } from 'vitest';
import { defaultPlanAges, isTooOld } from '../../src/core/plan-age.ts';
import { start } from '../support/operations.ts';
import { standingNames, standings } from '../support/plan-standings.ts';
import { aPlan } from '../support/plan-world.ts';

const plan = aPlan('tgt_1' as never);
const after = (ms: number): Date => new Date(start.getTime() + ms);
const tooOld = (ms: number): readonly string[] =>
  standingNames.filter((name) => isTooOld({ ...plan, standing: standings[name] }, defaultPlanAges, after(ms)));

describe('how old a plan may get', () => {
  it('is a day for one that was approved and not begun, a week for one that waits, and no matter for any other', () => {
    const day = 86_400_000;
    expect(tooOld(day - 1)).toEqual([]);
    expect(tooOld(day)).toEqual(['approved']);
    expect(tooOld(7 * day)).toEqual(['waiting', 'approved by one of two', 'approved']);
    expect(tooOld(1_000 * day)).toEqual(['waiting', 'approved by one of two', 'approved']);
  });
});
