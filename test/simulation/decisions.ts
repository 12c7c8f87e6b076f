/** What a person, or two, say to the plans that wait for them. */

import type { planCommands } from '../../src/admin/plans.ts';
import { Refused } from '../../src/admin/refused.ts';
import type { Plan, PlanKind, Staged } from '../../src/model/plan.ts';
import type { Stores } from '../../src/store/stores.ts';
import { type ApprovingAs, approvers, asColleague, asOperator } from './approvers.ts';
import type { Chance } from './chance.ts';
import type { Customer } from './customer.ts';
import type { Stage } from './process.ts';

/** Sees what a person approves, before anything of it is done. */
export type OnApproved = (customer: Customer, plan: Plan, operations: readonly Staged[], person: string) => void;

export type Decisions = {
  /** Approves everything that waits; as many people as it takes. Answers how much that was. */
  readonly approveWaiting: (customer: Customer) => Promise<number>;
  /** Approves what waits, as mostly, and where it takes two asks somebody else as often as not; or rejects it, or looks at it another time. */
  readonly decide: (customer: Customer, chance: Chance, nth: number) => Promise<void>;
  /** Approves it, though nobody may. */
  readonly approvePreview: (plan: Plan) => Promise<void>;
};

/** Whether a plan waits for yet another person. */
type Said = 'nobody else' | 'somebody else, too';

const reason = 'looked at';

export const decisionsOn = (
  stage: Stage,
  { plans }: Pick<Stores, 'plans'>,
  { approvePlan, applyPlan, rejectPlan }: ReturnType<typeof planCommands>,
  onApproved: OnApproved,
): Decisions => {
  const waitingPlans = async ({ target }: Customer, kinds: readonly PlanKind[]): Promise<readonly Plan[]> => {
    const waiting: Plan[] = [];
    for (const kind of kinds)
      waiting.push(...(await plans.list({ target: target.id, kind, state: 'waiting' }, null, 10)).items);
    return waiting;
  };
  /** Plans that nobody may decide on any more, or that something moved under, are left to the next look. */
  const unlessRefused = async <T>(act: () => Promise<T>): Promise<T | Refused> => {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      stage.trace.count(`operator.refused.${error.code}`);
      return error;
    }
  };
  const approve = async (customer: Customer, plan: Plan, { person, by, approver }: ApprovingAs): Promise<Said> => {
    const operations: Staged[] = [];
    for await (const some of plans.scan(plan)) operations.push(...some);
    // Told before: the run that carries it out may come first.
    onApproved(customer, plan, operations, person);
    const release = plan.kind === 'dry_run' ? applyPlan : approvePlan;
    const answer = await unlessRefused(() => release(plan.id, { by, reason, approver }));
    const waits = answer instanceof Refused ? answer.code === 'another_person_needed' : answer.run === null;
    return waits ? 'somebody else, too' : 'nobody else';
  };
  return {
    approveWaiting: async (customer) => {
      const waiting = await waitingPlans(customer, ['first', 'held']);
      for (const plan of waiting)
        if ((await approve(customer, plan, asOperator)) === 'somebody else, too')
          await approve(customer, plan, asColleague);
      return waiting.length;
    },
    decide: async (customer, chance, nth) => {
      for (const plan of await waitingPlans(customer, ['first', 'held', 'dry_run', 'repair', 'undo'])) {
        const roll = chance.fraction('decision', nth);
        if (roll < (plan.kind === 'dry_run' ? 0.3 : 0.65)) {
          const said = await approve(customer, plan, chance.pick(approvers, 'approver', nth));
          if (said === 'somebody else, too' && chance.happens(0.5, 'asks somebody else at once', nth))
            await approve(customer, plan, chance.pick(approvers, 'second approver', nth));
        } else if (roll < 0.75) await unlessRefused(() => rejectPlan(plan.id, { by: 'operator', reason }));
      }
    },
    approvePreview: async ({ id }) => {
      await unlessRefused(async () => {
        await approvePlan(id, { by: 'operator', reason });
        stage.report({ invariant: 'plan', what: `the preview ${id} was approved` });
      });
    },
  };
};
