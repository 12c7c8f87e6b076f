/** What a run says that waits for a person's decision on a plan. */

import { inWords } from '../core/guard.ts';
import type { Problem } from '../model/connection.ts';
import type { Action } from '../model/operation.ts';
import type { Plan } from '../model/plan.ts';

/** A target that was never written to, or not by these rules. */
export const waitsProblem = (plan: Plan): Problem =>
  plan.standing.state === 'rejected'
    ? {
        code: 'plan_rejected',
        message: `The plan ${plan.id} was rejected by ${plan.standing.decision.by} (${plan.standing.decision.reason}), and nothing has moved since. Nothing is written to the target. Ask for a provision run to have it planned anew.`,
        owner: 'your_team',
      }
    : {
        code: 'plan_waits',
        message: `What this target would get is kept as the plan ${plan.id}: ${countsInWords(plan)}. Nothing is written to the target until somebody approves it.`,
        owner: 'your_team',
      };

/** The database was put back, and shows another day. */
export const toBeReadProblem: Problem = {
  code: 'database_restored',
  message:
    'The database was put back from a backup. Nothing is written to the target before the tenant was read whole, and somebody has looked at what would be done.',
  owner: 'your_team',
};

/** Something is over a limit. `moved`: what differs from a plan that had been approved. */
export const heldProblem = (plan: Plan, moved: string | null): Problem => {
  const what = `${inWords(plan.exceeded)}. None of it was done`;
  if (plan.standing.state === 'rejected')
    return {
      code: 'plan_rejected',
      message: `${what}; the plan ${plan.id} was rejected by ${plan.standing.decision.by} (${plan.standing.decision.reason}). Mend the source, or ask for a provision run to decide anew.`,
      owner: 'your_team',
    };
  return {
    code: moved === null ? 'guard_hold' : 'plan_moved',
    message: `${moved === null ? '' : `${moved} `}${what}; it waits as the plan ${plan.id}. Approve or reject it, or mend the source.`,
    owner: 'your_team',
  };
};

export const countsInWords = ({ counts }: Pick<Plan, 'counts'>): string => {
  const some = actions.filter(([action]) => counts[action] > 0).map(([action, words]) => `${counts[action]} ${words}`);
  return some.length === 0 ? 'nothing' : some.join(', ');
};

const actions = [
  ['create', 'to create'],
  ['update', 'to update'],
  ['add_members', 'memberships to add'],
  ['remove_members', 'memberships to remove'],
  ['disable', 'to disable'],
  ['delete', 'to delete'],
] as const satisfies readonly (readonly [Action, string])[];
