/** A database that loses an operation of a plan after a person has looked at it. What is left is not what they approved, and nothing of it may be done. */

import type { PlanId } from '../../src/model/ids.ts';
import type { PlanStore } from '../../src/store/plan-store.ts';
import type { Stage } from './process.ts';

export type LostOperations = {
  /** The plan of so many operations was approved; by chance one of them is lost until `until`. */
  readonly approved: (plan: PlanId, operations: number, until: number) => void;
  readonly plans: PlanStore;
};

export const losingOperations = (
  { chance, scheduler, trace, report }: Stage,
  plans: PlanStore,
  onBegin: (plan: PlanId) => void,
): LostOperations => {
  const loses = chance.happens(0.02, 'loses operations of plans');
  const lost = new Set<PlanId>();
  let nth = 0;
  return {
    approved: (plan, operations, until) => {
      if (!loses || operations === 0 || scheduler.now() > until || !chance.happens(0.7, 'loses an operation', nth++))
        return;
      lost.add(plan);
      trace.count('plan.lost_an_operation');
    },
    plans: {
      ...plans,
      scan: async function* (of) {
        let isFirst = lost.has(of.id);
        for await (const staged of plans.scan(of)) {
          yield isFirst ? staged.slice(1) : staged;
          isFirst = false;
        }
      },
      begin: async (lease, id, run) => {
        onBegin(id);
        const begun = await plans.begin(lease, id, run);
        if (begun !== null && lost.has(begun.id))
          report({ invariant: 'plan', what: `${begun.id} was begun, which is not what was approved any more` });
        return begun;
      },
    } satisfies PlanStore,
  };
};
