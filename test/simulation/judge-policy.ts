/** Whoever leaves is treated as the target's record says, at the time or when the turn began. */

import type { LeavingPolicies } from '../../src/core/plan.ts';
import type { Customer } from './customer.ts';
import type { Effect } from './remote.ts';
import { longestTurnMs, since } from './since.ts';

/** `isOffInTenant`: the tenant has disabled this person, or had a short while ago. */
export type Doing = { readonly kind: string; readonly type: 'user' | 'group'; readonly isOffInTenant: boolean };

const dayMs = 24 * 3_600_000;
/** Clocks of workers differ, and the day counts from when it was written down. */
const roughlyMs = 30 * 60_000;

/** `offSince`: when the account was switched off; undefined where it was so before anybody looked. */
export const judgePolicy = (
  { policies, firstMembers }: Customer,
  { before }: Effect,
  doing: Doing,
  offSince: number | undefined,
  now: number,
): readonly string[] => {
  const { kind, type, isOffInTenant } = doing;
  const known = since(policies, now - longestTurnMs).map(({ policy }) => policy);
  const isAny = (allows: (policy: LeavingPolicies) => boolean): boolean => known.some(allows);
  if (kind === 'disable' && !isOffInTenant && !isAny(({ deprovision }) => deprovision.kind !== 'none'))
    return ['switched off, though leavers are to be left alone'];
  if (kind !== 'delete') return [];
  if (type === 'group')
    return [
      ...(before !== null && firstMembers.has(before.id) ? ['a group was deleted that was there before us'] : []),
      ...(isAny(({ leftGroups }) => leftGroups === 'delete')
        ? []
        : ['a group was deleted, though groups are to be left alone']),
    ];
  const offMs = offSince === undefined ? Number.POSITIVE_INFINITY : now - offSince;
  const mayDelete = ({ deprovision }: LeavingPolicies): boolean =>
    deprovision.kind === 'delete' ||
    (deprovision.kind === 'delete_after_days' &&
      before?.active === false &&
      offMs >= deprovision.days * dayMs - roughlyMs);
  return isAny(mayDelete) ? [] : ['an account was deleted that was to be kept'];
};
