import { describe, expect, it } from 'vitest';
import { planId, targetId } from '../../src/model/ids.ts';
import { approvalsSeen } from './judge-approvals.ts';

const hourMs = 3_600_000;
const exceeded = [{ limit: 'deprovisions', group: null, wanted: 9, taken: 0, allowed: 5 }] as const;
const plan = {
  id: planId('pln_1'),
  target: targetId('tgt_1'),
  kind: 'held',
  exceeded,
  createdAt: new Date(0),
} as const;
const of = (...approvals: readonly (readonly [at: number, needed: 1 | 2])[]) => ({
  approvals: approvals.map(([at, needed]) => ({ at, needed })),
});
const two = of([0, 2]);

const seenAt = (now: number) => {
  const counted: string[] = [];
  return {
    counted,
    ...approvalsSeen(
      () => now,
      (what) => counted.push(what),
    ),
  };
};

describe('what is done in the name of a plan that is over a limit', () => {
  it('takes two people where the target says so, however often one of them says yes', () => {
    const { note, judge, counted } = seenAt(hourMs);
    expect([note(two, plan, 'one'), note(two, plan, 'one')]).toEqual([false, false]);
    expect(judge(plan.id)).toHaveLength(1);
    expect(note(two, plan, 'other')).toBe(true);
    expect(judge(plan.id)).toEqual([]);
    expect(counted).toEqual(['approvals.by_two']);
  });

  it('takes two for each plan: what was said of one is not said of the next', () => {
    const { note, judge, counted } = seenAt(hourMs);
    const next = { ...plan, id: planId('pln_2') };
    note(two, plan, 'one');
    expect(note(two, next, 'other')).toBe(false);
    expect(judge(next.id)).toHaveLength(1);
    expect(counted).toEqual(['approvals.changed_in_between']);
  });

  it('takes one where the target says so, and where nothing is over a limit', () => {
    const { note, judge } = seenAt(hourMs);
    expect([note(of([0, 1]), plan, 'one'), note(two, { ...plan, exceeded: [] }, 'one')]).toEqual([true, true]);
    expect(judge(plan.id)).toEqual([]);
  });

  it('takes two for a day after the number was lowered, and for ever where the plan is from before', () => {
    const lowered = of([0, 2], [hourMs, 1]);
    const later = { ...plan, createdAt: new Date(26 * hourMs) };
    expect(seenAt(24 * hourMs).note(lowered, later, 'one')).toBe(false);
    expect(seenAt(26 * hourMs).note(lowered, later, 'one')).toBe(true);
    expect(seenAt(26 * hourMs).note(lowered, plan, 'one')).toBe(false);
    // Raised after it was made.
    expect(seenAt(2 * hourMs).note(of([0, 1], [hourMs, 2]), plan, 'one')).toBe(false);
  });
});
