/** What becomes of a plan: which event moves it from where it stands to where. Every plan ends in one state that nothing moves it out of. */

import type { PlanId, RunId } from '../model/ids.ts';
import type { Decision, OpenState, PlanRefusal, PlanStanding } from '../model/plan.ts';

export type PlanEvent =
  | { readonly kind: 'approve' | 'reject'; readonly decision: Decision }
  /** A run has found everything as it was, and carries it out. */
  | { readonly kind: 'begin'; readonly run: RunId }
  /** A run has brought it to its end. */
  | { readonly kind: 'finish'; readonly run: RunId }
  /** Something moved. */
  | { readonly kind: 'supersede'; readonly by: PlanId | null }
  /** It stood there too long, and nobody began it. */
  | { readonly kind: 'expire'; readonly from: OpenState; readonly at: Date }
  | { readonly kind: 'refuse'; readonly why: PlanRefusal; readonly at: Date };

/** Null: the event comes too early or too late, and nothing moves. */
export const standingAfter = (was: PlanStanding, event: PlanEvent): PlanStanding | null => {
  switch (was.state) {
    case 'waiting':
      return afterWaiting(event);
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

const afterWaiting = (event: PlanEvent): PlanStanding | null => {
  switch (event.kind) {
    case 'approve':
      return { state: 'approved', decision: event.decision, begun: null };
    case 'reject':
      return { state: 'rejected', decision: event.decision };
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

const afterApproved = (
  { decision, begun }: Extract<PlanStanding, { state: 'approved' }>,
  event: PlanEvent,
): PlanStanding | null => {
  switch (event.kind) {
    case 'approve':
      return null;
    case 'reject':
      return { state: 'rejected', decision: event.decision };
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
