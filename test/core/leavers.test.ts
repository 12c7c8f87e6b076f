/** When nothing is to be done any more about the account of somebody who left. */

import { describe, expect, it } from 'vitest';
import { isOver } from '../../src/core/leavers.ts';
import type { Link } from '../../src/model/operation.ts';
import type { DeprovisionPolicy } from '../../src/model/target-record.ts';
import { linked, people } from '../support/operations.ts';

const before = new Date('2026-03-01T00:00:00Z');
const long = new Date('2026-02-28T23:59:59Z');
const disable: DeprovisionPolicy = { kind: 'disable' };
const [ann] = people(1);
const off = (since: Date): Link => ({ ...linked(ann), state: 'disabled', since });
const nothing = { link: null, former: null, escrow: null };

const over = (at: Partial<Parameters<typeof isOver>[0]>, deprovision: DeprovisionPolicy = disable): boolean =>
  isOver({ ...nothing, ...at }, { deprovision }, before);

describe('it is over', () => {
  it('where there never was an account, or it has been gone for long', () => {
    expect(over({})).toBe(true);
    expect(over({ former: { until: long } })).toBe(true);
  });

  it('where the account has been off for long, and stays', () => {
    expect(over({ link: off(long) })).toBe(true);
    expect(over({ link: off(long) }, { kind: 'none' })).toBe(true);
  });
});

describe('it is not over', () => {
  it('while the account is on, whatever the policy', () => {
    for (const policy of [disable, { kind: 'none' }, { kind: 'delete' }] as const)
      expect(over({ link: { ...linked(ann), since: long } }, policy)).toBe(false);
  });

  it('while the account is to be deleted still', () => {
    expect(over({ link: off(long) }, { kind: 'delete_after_days', days: 30 })).toBe(false);
    expect(over({ link: off(long) }, { kind: 'delete' })).toBe(false);
  });

  it('when something was done to it of late', () => {
    expect(over({ link: off(before) })).toBe(false);
    expect(over({ former: { until: before } })).toBe(false);
  });

  it('while something failed, or a second look is to be taken', () => {
    const escrow = { ref: ann, detail: '', attempts: 1, since: long, dueAt: null };
    for (const reason of ['target_rejected', 'absence_unproven'] as const)
      expect(over({ link: off(long), escrow: { ...escrow, reason } })).toBe(false);
  });
});
