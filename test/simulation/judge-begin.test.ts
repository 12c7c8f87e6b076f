import { describe, expect, it } from 'vitest';
import { connectionId, planId } from '../../src/model/ids.ts';
import { beginsSeen } from './judge-begin.ts';

const minute = 60_000;
const id = planId('pln_1');
const begun = { id, kind: 'first', connection: connectionId('con_1'), basis: { version: 1 } };

/** The tenant changed at once after the plan was made. */
const at = (askedMs: number, heardMs: number): readonly string[] => {
  let now = askedMs;
  const begins = beginsSeen(() => now, { changedAfter: () => 0 });
  begins.noteAsked(id);
  now = heardMs;
  return begins.judge(begun);
};

describe('a plan that was begun', () => {
  it('some minutes after the tenant had changed is what nobody approved any more', () => {
    expect(at(4 * minute, 4 * minute)).toEqual([]);
    expect(at(6 * minute, 6 * minute)).toEqual([`${id} was begun, though the tenant had changed 360 s before`]);
  });

  it('is judged by when that was, and not by when whoever began it and stood still hears of it', () => {
    expect(at(4 * minute, 9 * minute)).toEqual([]);
    expect(at(6 * minute, 9 * minute)).toHaveLength(1);
  });
});
