import { describe, expect, it } from 'vitest';
import { approvalsFor, countsAgainstLimits, isSomebodyElse, makersOf } from '../../src/core/approvals.ts';
import type { Approver, Decision } from '../../src/model/plan.ts';

const over = [{ limit: 'deprovisions', group: null, wanted: 9, taken: 0, allowed: 5 }] as const;

it('as many have to approve a plan as the target says, where it is over a limit', () => {
  expect(approvalsFor(1, over)).toBe(1);
  expect(approvalsFor(2, over)).toBe(2);
  expect(approvalsFor(2, [])).toBe(1);
});

describe('what a plan holds', () => {
  const word: Decision = { by: 'anna', reason: 'Yes.', at: new Date('2026-03-02T08:00:00.000Z') };
  const approved = (decision: Decision) => ({ standing: { state: 'approved', decision, begun: null } }) as const;

  it('does not count against the limits of the day once as many approved it as have to where it is over a limit', () => {
    expect(countsAgainstLimits(approved(word), 1)).toBe(false);
    expect(countsAgainstLimits(approved({ ...word, first: { ...word, by: 'ben' } }), 2)).toBe(false);
  });

  it('counts where one approved what takes two over a limit: they could approve many small plans', () => {
    expect(countsAgainstLimits(approved(word), 2)).toBe(true);
    expect(countsAgainstLimits(null, 1)).toBe(true);
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
