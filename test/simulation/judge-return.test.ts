import { describe, expect, it } from 'vitest';
import { operationKey, remoteId, sourceId, targetId } from '../../src/model/ids.ts';
import { user } from '../../src/model/source-object.ts';
import { annsAccount as account } from '../support/anns-account.ts';
import { cause } from '../support/operations.ts';
import type { Person, Standing, Truth } from './directory.ts';
import { returnsSeen } from './judge-return.ts';

const of = { key: operationKey('k'), ref: user(sourceId('ann')), remoteId: remoteId('r-ann') };
const person: Person = {
  id: 'ann',
  standing: 'enabled',
  userPrincipalName: 'ann',
  displayName: 'Ann',
  jobTitle: null,
  department: null,
  manager: null,
};
const as = (standing: Standing): Truth => ({ people: new Map([['ann', { ...person, standing }]]), groups: new Map() });

/** Of each target, what is said of switching Ann on at 60, who was switched off at 50 at the first, for what the tenant had said at 10. */
const switchedOn = (...history: readonly (readonly [at: number, standing: Standing])[]): readonly string[][] => {
  const truths = history.map(([at, standing]) => ({ at, truth: as(standing) }));
  let now = 50;
  const { judge } = returnsSeen(
    () => now,
    () => [10, 40],
  );
  const directory = {
    history: truths,
    truth: () => truths.findLast(({ at }) => at <= now)?.truth ?? as('enabled'),
  };
  const at = (id: string) => ({ target: { id: targetId(id) }, directory });
  const off = { operation: { ...of, action: 'disable' as const }, cause: cause({ why: 'disabled_in_source' }), at: 20 };
  judge(at('tgt_1'), { before: account(true), after: account(false) }, { kind: 'disable' }, off);
  now = 60;
  const update = { ...of, action: 'update' as const, attributes: { active: true }, before: { active: false } };
  const on = { operation: update, cause: cause(), at: 55 };
  return ['tgt_1', 'tgt_2'].map((id) => [
    ...judge(at(id), { before: account(false), after: account(true) }, { kind: 'update' }, on),
  ]);
};

describe('who was disabled, and lost their account for it', () => {
  it('is given nothing before the tenant has them again', () => {
    expect(switchedOn([0, 'disabled'])).toEqual([[expect.stringContaining('is not back')], []]);
    expect(switchedOn([0, 'enabled'], [5, 'disabled'])).toEqual([[expect.stringContaining('is not back')], []]);
  });

  it('may be given it back where the tenant has had them since it said so, though it has them no more', () => {
    expect(switchedOn([0, 'disabled'], [30, 'enabled'], [45, 'disabled'])).toEqual([[], []]);
  });
});
