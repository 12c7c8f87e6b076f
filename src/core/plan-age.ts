/** How long a plan may stand before it is looked at anew: what it was made from is as old. */

import type { Plan, PlanAges } from '../model/plan.ts';

const hourMs = 3_600_000;
export const defaultPlanAges: PlanAges = { approvedMs: 24 * hourMs, waitingMs: 7 * 24 * hourMs };

/** One that was begun is brought to its end however long that takes. */
export const isTooOld = ({ standing, createdAt }: Plan, ages: PlanAges, now: Date): boolean => {
  const agedMs = (since: Date): number => now.getTime() - since.getTime();
  switch (standing.state) {
    case 'waiting':
      return agedMs(createdAt) >= ages.waitingMs;
    case 'approved':
      return standing.begun === null && agedMs(standing.decision.at) >= ages.approvedMs;
    default:
      return false;
  }
};
