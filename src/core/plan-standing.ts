/** What becomes of a plan: which event moves it from where it stands to where. Every plan ends in one state that nothing moves it out of. */

import type { PlanId, RunId } from '../model/ids.ts';
import type { Decision, OpenState, Plan, PlanRefusal, PlanStanding } from '../model/plan.ts';
import type { Approvals } from '../model/target-record.ts';
import { isSomebodyElse } from './approvals.ts';

export type PlanEvent =
  /** `approvals`: how many it takes. */
  | { readonly kind: 'approve'; readonly decision: Decision; readonly approvals: Approvals }
  | { readonly kind: 'reject'; readonly decision: Decision }
  /** A run has found everything as it was, and carries it out. */
  | { readonly kind: 'begin'; readonly run: RunId }
  /** A run has brought it to its end. */
  | { readonly kind: 'finish'; readonly run: RunId }
  /** Something moved. */
  | { readonly kind: 'supersede'; readonly by: PlanId | null }
  /** It stood there too long, and nobody began it. */
  | { readonly kind: 'expire'; readonly from: OpenState; readonly at: Date }
  | { readonly kind: 'refuse'; readonly why: PlanRefusal; readonly at: Date };

/** As it is written down: it waits. A repair or an undo that holds nothing is over, for there is nothing to decide, and nobody waits for it. */
export const standingAtFirst = (plan: Pick<Plan, 'amends' | 'counts'>): PlanStanding =>
  plan.amends !== null && holdsNothing(plan) ? { state: 'superseded', by: null } : { state: 'waiting' };

export const holdsNothing = ({ counts }: Pick<Plan, 'counts'>): boolean =>
  Object.values(counts).every((count) => count === 0);

/** Null: the event comes too early or too late, and nothing moves. */
export const standingAfter = (was: PlanStanding, event: PlanEvent): PlanStanding | null => {
  switch (was.state) {
    case 'waiting':
      return afterWaiting(was.approval ?? null, event);
    case 'approved':
      return afterApproved(was, event);
    case 'rejected':
    case 'applied':
    case 'superseded':
    case 'refused':
    case 'expired':
      return null;
  }
};

/** Whether a run may go on with it: its approval stands, or this very run has brought it to its end, and still has to end itself. */
export const isCarriedOutBy = (standing: PlanStanding, run: RunId): boolean =>
  standing.state === 'approved' || (standing.state === 'applied' && standing.begun === run);

const afterWaiting = (first: Decision | null, event: PlanEvent): PlanStanding | null => {
  switch (event.kind) {
    case 'approve':
      return afterApproval(first, event);
    case 'reject':
      return { state: 'rejected', decision: withFirst(event.decision, first) };
    case 'supersede':
      return { state: 'superseded', by: event.by };
    case 'expire':
      return event.from === 'waiting' ? { state: 'expired', decision: null, at: event.at } : null;
    case 'begin':
    case 'finish':
    case 'refuse':
      return null;
  }
};

const afterApproval = (
  first: Decision | null,
  { decision, approvals }: Extract<PlanEvent, { kind: 'approve' }>,
): PlanStanding | null => {
  if (approvals === 2 && first === null) return { state: 'waiting', approval: decision };
  if (approvals === 2 && !isSomebodyElse(first?.approver, decision.approver)) return null;
  return { state: 'approved', decision: withFirst(decision, first), begun: null };
};

const withFirst = (decision: Decision, first: Decision | null): Decision =>
  first === null ? decision : { ...decision, first };

const afterApproved = (
  { decision, begun }: Extract<PlanStanding, { state: 'approved' }>,
  event: PlanEvent,
): PlanStanding | null => {
  switch (event.kind) {
    case 'approve':
      return null;
    case 'reject':
      return { state: 'rejected', decision: event.decision, approval: decision, begun };
    case 'begin':
      return { state: 'approved', decision, begun: event.run };
    case 'finish':
      return { state: 'applied', decision, begun: event.run };
    case 'supersede':
      // Its operations would go with it, and they say what was being done.
      return begun === null ? { state: 'superseded', by: event.by } : null;
    case 'expire':
      return begun === null && event.from === 'approved' ? { state: 'expired', decision, at: event.at } : null;
    case 'refuse':
      return { state: 'refused', decision, begun, why: event.why, at: event.at };
  }
};
