import { describe, expect, it } from 'vitest';
import { approvalsAfter, approvalsFor, isSomebodyElse, makersOf } from '../../src/core/approvals.ts';
import type { Approver } from '../../src/model/plan.ts';
import { oneApproval } from '../../src/model/target-record.ts';

const start = new Date('2026-03-02T08:00:00.000Z');
const hours = (count: number): Date => new Date(start.getTime() + count * 3_600_000);
const over = [{ limit: 'deprovisions', group: null, wanted: 9, taken: 0, allowed: 5 }] as const;
const two = { needed: 2, loweredAt: null } as const;

describe('how many have to approve a plan', () => {
  it('is what the target says, for what is over a limit', () => {
    expect(approvalsFor(oneApproval, over, start)).toBe(1);
    expect(approvalsFor(two, over, start)).toBe(2);
    expect(approvalsFor(two, [], start)).toBe(1);
  });

  it('stays two for a day once it was lowered, so that nobody lowers it to approve alone', () => {
    const lowered = approvalsAfter(two, 1, start);
    expect(lowered).toEqual({ needed: 1, loweredAt: start });
    expect([0, 23.9, 24].map((count) => approvalsFor(lowered, over, hours(count)))).toEqual([2, 2, 1]);
    // Saying it again does not begin the day anew; raising it ends it.
    expect(approvalsAfter(lowered, 1, hours(5))).toEqual(lowered);
    expect(approvalsAfter(lowered, 2, hours(5))).toEqual(two);
    expect(approvalsAfter(oneApproval, 1, start)).toEqual(oneApproval);
  });
});

describe('two who approve', () => {
  const anna: Approver = { kind: 'person', id: 'per_anna', makers: [] };
  const ben: Approver = { kind: 'person', id: 'per_ben', makers: [] };
  const ops: Approver = { kind: 'configured_key', id: 'ops', makers: [] };
  const desk: Approver = { kind: 'configured_key', id: 'desk', makers: [] };
  const keyOf = (maker: Approver, id: string): Approver => ({ kind: 'api_key', id, makers: makersOf(maker) });
  const first = keyOf(anna, 'key_1');

  it.each([
    ['two people', anna, ben, true],
    ['a person and a key of the operator', anna, ops, true],
    ['two keys that one key of the operator made', keyOf(ops, 'key_a'), keyOf(ops, 'key_b'), false],
    ['keys that two keys of the operator made', keyOf(ops, 'key_a'), keyOf(desk, 'key_b'), true],
    ['keys of two people', first, keyOf(ben, 'key_2'), true],
    ['a person and a key that another made', ben, first, true],
    ['somebody twice', anna, { ...anna }, false],
    ['a person and a key that they made', anna, first, false],
    ['a person and a key that their key made', anna, keyOf(first, 'key_3'), false],
    ['two keys that one person made', first, keyOf(anna, 'key_2'), false],
    ['two keys that keys of one person made', keyOf(first, 'key_4'), keyOf(keyOf(anna, 'key_2'), 'key_5'), false],
    ['a key and one that it made', ops, keyOf(ops, 'key_a'), false],
    ['two of the same id and of another kind', { ...ops, kind: 'api_key' }, ops, true],
  ] as const)('are %s: %s', (_, one, other, areTwo) => {
    expect(isSomebodyElse(one, other)).toBe(areTwo);
    expect(isSomebodyElse(other, one)).toBe(areTwo);
  });

  it('are not told apart where it was not kept who approved first', () => {
    expect(isSomebodyElse(undefined, anna)).toBe(false);
  });

  it('are known by whoever made their keys, however many lie between', () => {
    let key: Approver = anna;
    for (let nth = 0; nth < 20; nth += 1) key = keyOf(key, `key_${nth}`);
    expect(isSomebodyElse(anna, key)).toBe(false);
    expect(isSomebodyElse(keyOf(anna, 'key_5'), key)).toBe(false);
    expect(isSomebodyElse(ben, key)).toBe(true);
  });
});
