/** How many have to approve a plan by what is in force at its target now, and whether as many did. */

import { approvalsFor, approvalsIn } from '../core/approvals.ts';
import type { Plan } from '../model/plan.ts';
import type { Approvals } from '../model/target-record.ts';
import { exceededByPlan } from './exceeded.ts';

type Counting = Parameters<typeof exceededByPlan>[0];

/**
 * As many as it took when it was made, or as it takes by what is in force now, whichever is more: it may have been made when more was allowed, and the day
 * may have taken something since.
 */
export const approvalsOf = async (counting: Counting, plan: Plan): Promise<Approvals> => {
  const needed = counting.record.approvals;
  if (plan.approvals === 2 || needed === 1) return plan.approvals;
  return approvalsFor(needed, plan.exceeded.length > 0 ? plan.exceeded : await exceededByPlan(counting, plan));
};

/** Before anything of it is done. */
export const isApprovedByEnough = async (counting: Counting, plan: Plan): Promise<boolean> => {
  const approved = approvalsIn(plan.standing).length;
  return approved === 2 || approved >= (await approvalsOf(counting, plan));
};
