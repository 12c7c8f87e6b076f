/** Decides how many people have to approve a plan, and whether two who did are two. */

import type { Caller } from '../model/api-key.ts';
import type { Approver, Decision, Exceeded, Maker, Plan, PlanStanding } from '../model/plan.ts';
import type { Approvals } from '../model/target-record.ts';

/** What is over no limit takes one. `needed`: at the target, as it is in force. */
export const approvalsFor = (needed: Approvals, exceeded: readonly Exceeded[]): Approvals =>
  exceeded.length > 0 ? needed : 1;

/**
 * Whether they are two, as far as that is known: neither is the other, nor a key that the other made, nor are both keys of one maker, however many keys lie
 * between. Of whom nothing is known, nothing is said.
 */
export const isSomebodyElse = (one: Approver | undefined, other: Approver | undefined): boolean => {
  if (one === undefined || other === undefined) return false;
  const those = new Set(chainOf(one));
  return !chainOf(other).some((name) => those.has(name));
};

const chainOf = ({ makers, ...self }: Approver): readonly string[] => [self, ...makers].map(nameOf);
const nameOf = ({ kind, id }: Maker): string => `${kind} ${id}`;

/**
 * Whether what it holds counts against the limits of the day. What as many approved as have to where something is over a limit does not: it may be any number.
 * What was within the limits when one person approved it is one of many small steps, should they approve another.
 */
export const countsAgainstLimits = (plan: Pick<Plan, 'standing'> | null, needed: Approvals): boolean =>
  plan === null || approvalsIn(plan.standing).length < needed;

/** Of one that is being carried out: it was over a limit when it was made, and what was enough of approvals when it was begun is not by now. */
export const lacksApproval = (
  { standing, exceeded }: Pick<Plan, 'standing' | 'exceeded'>,
  needed: Approvals,
): boolean => standing.state === 'approved' && approvalsIn(standing).length < approvalsFor(needed, exceeded);

/** Who approved it, the first one first. */
export const approvalsIn = (standing: PlanStanding): readonly Decision[] => {
  if (standing.state === 'waiting') return standing.approval === undefined ? [] : [standing.approval];
  if (standing.state === 'rejected')
    return standing.approval === undefined ? firstOf(standing.decision) : bothOf(standing.approval);
  return 'decision' in standing && standing.decision !== null ? bothOf(standing.decision) : [];
};

const firstOf = ({ first }: Decision): readonly Decision[] => (first === undefined ? [] : [first]);
const bothOf = (decision: Decision): readonly Decision[] => [...firstOf(decision), decision];

export const approverOf = ({ actor: { kind, id }, makers }: Pick<Caller, 'actor' | 'makers'>): Approver => ({
  kind,
  id,
  makers,
});

/** Of a key that they make: they themselves, and whoever made them, the nearest first. */
export const makersOf = ({ kind, id, makers }: Approver): readonly Maker[] => [{ kind, id }, ...makers];

/** Nobody makes keys by keys by keys for longer than that, so that none of them is forgotten. */
export const mostMakers = 20;
