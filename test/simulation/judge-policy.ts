/** Whoever leaves is treated as the target's record says, at the time or when the turn began. */

import type { LeavingPolicies } from '../../src/core/plan.ts';
import type { Ref } from '../../src/model/source-object.ts';
import type { Customer } from './customer.ts';
import { inScope } from './directory.ts';
import type { Effect } from './remote.ts';
import { longestTurnMs, since } from './since.ts';

/** `of`: whom it is about. `isOffInTenant`: the tenant has disabled this person, or had a short while ago. */
export type Doing = { readonly kind: string; readonly of: Ref; readonly isOffInTenant: boolean };

const dayMs = 24 * 3_600_000;
/** Clocks of workers differ, and the day counts from when it was written down. */
const roughlyMs = 30 * 60_000;

/**
 * `offSince`: when the account was switched off; undefined where it was so before anybody looked. The days of grace count from then, and from when the
 * tenant had them in the scope last: whoever was switched off while they were there has all of the days from their leaving.
 */
export const judgePolicy = (
  customer: Customer,
  { before }: Effect,
  doing: Doing,
  offSince: number | undefined,
  now: number,
): readonly string[] => {
  const { policies, firstMembers } = customer;
  const { kind, of, isOffInTenant } = doing;
  const known = since(policies, now - longestTurnMs).map(({ policy }) => policy);
  const isAny = (allows: (policy: LeavingPolicies) => boolean): boolean => known.some(allows);
  if (kind === 'disable' && !isOffInTenant && !isAny(({ deprovision }) => deprovision.kind !== 'none'))
    return ['switched off, though leavers are to be left alone'];
  if (kind !== 'delete') return [];
  if (of.type === 'group')
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
      offMs >= graceMs(deprovision.days) &&
      !wasHere(customer, of, now - graceMs(deprovision.days)));
  return isAny(mayDelete) ? [] : ['an account was deleted that was to be kept'];
};

const graceMs = (days: number): number => days * dayMs - roughlyMs;

/** Whether the tenant had them, in the scope of that time, at any moment since then. */
export const wasHere = ({ directory: { history }, scopes }: Customer, { id }: Ref, then: number): boolean =>
  since(history, then).some(({ at, truth }, nth, truths) => {
    const until = truths[nth + 1]?.at ?? Number.POSITIVE_INFINITY;
    return since(scopes, Math.max(at, then)).some((each) => each.at < until && inScope(truth, each.scope).has(id));
  });
