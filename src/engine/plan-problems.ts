/** What a run says that waits for a person's decision on a plan. */

import { inWords } from '../core/guard.ts';
import { stricterUntil } from '../core/safeguards.ts';
import type { Problem } from '../model/connection.ts';
import type { RunId } from '../model/ids.ts';
import type { Action } from '../model/operation.ts';
import type { Plan, PlanRefusal } from '../model/plan.ts';
import type { HeldProblem } from '../model/run.ts';
import type { TargetInForce } from '../model/target-record.ts';
import type { Reached } from './prove-reach.ts';

/** A target that was never written to, or not by these rules. */
export const waitsProblem = (plan: Plan): HeldProblem =>
  plan.standing.state === 'rejected'
    ? {
        code: 'plan_rejected',
        message: `The plan ${plan.id} was rejected by ${plan.standing.decision.by} (${plan.standing.decision.reason}), and nothing has moved since. Nothing is written to the target. Ask for a provision run to have it planned anew.`,
        owner: 'your_team',
      }
    : {
        code: 'plan_waits',
        message: `What this target would get is kept as the plan ${plan.id}: ${countsInWords(plan)}. Nothing is written to the target until ${approversOf(plan)}.`,
        owner: 'your_team',
      };

/** A run was to carry a plan out that may not be, or not any further. */
export const notBegunProblem = ({ id, standing }: Plan): Problem => {
  switch (standing.state) {
    case 'expired':
      return {
        code: 'plan_expired',
        message: `Nothing of the plan ${id} was done, because it was approved too long ago. Have it planned anew, and look at that.`,
        owner: 'your_team',
      };
    case 'refused':
      return {
        code: 'plan_refused',
        message: `${nothing(standing.begun)} of the plan ${id} is done, because ${refusals[standing.why]}. Have it planned anew, and look at that.`,
        owner: 'your_team',
      };
    case 'rejected':
      return {
        code: 'plan_not_approved',
        message: `${nothing(standing.begun ?? null)} of the plan ${id} is done, because ${standing.decision.by} rejected it (${standing.decision.reason}).`,
        owner: 'your_team',
      };
    case 'applied':
      return {
        code: 'plan_not_approved',
        message: `The plan ${id} was brought to its end by the run ${standing.begun}; this run does no more of it.`,
        owner: 'your_team',
      };
    case 'waiting':
    case 'approved':
    case 'superseded':
      return {
        code: 'plan_not_approved',
        message: `The plan ${id} is ${standing.state}; nothing of it is done by this run.`,
        owner: 'your_team',
      };
  }
};

const nothing = (begun: RunId | null): string => (begun === null ? 'Nothing' : 'Nothing more');

/** In the middle of a sentence. */
export const refusals: Readonly<Record<PlanRefusal, string>> = {
  content_changed: 'what is kept of its operations is not what was looked at',
  rules_changed: 'the rules that it was made by changed while it was carried out',
  approvals_raised: 'two people have to approve it by now, and one had',
  undone_since: 'a run was taken back while it was carried out',
  run_ended: 'the run that was to carry it out ended before it did',
  not_looked_at: 'the target has to be looked at as a whole first',
};

/** The database was put back, and shows another day. */
export const toBeReadProblem: HeldProblem = {
  code: 'database_restored',
  message:
    'The database was put back from a backup. Nothing is written to the target before the tenant was read whole, and somebody has looked at what would be done.',
  owner: 'your_team',
};

export const attributesUnreadProblem = (attributes: readonly string[]): HeldProblem => ({
  code: 'attributes_unread',
  message: `The mapping or the matching goes by ${attributes.join(', ')}, which was not read yet and comes with the next sync. Nothing is planned or written before that.`,
  owner: 'your_team',
});

/** What is on record of the target is older than the target, and is let be written to by one plan only: that of everything. */
export const unseenProblems: Readonly<Record<'restored' | 'unproved', HeldProblem>> = {
  restored: {
    code: 'database_restored',
    message:
      'The database was put back from a backup, and nobody has looked since at what that means for this target. Approve its plan of the kind `first`; ask again after that.',
    owner: 'your_team',
  },
  unproved: {
    code: 'target_unproved',
    message:
      'The settings or credentials of the target were edited, and of the accounts that are linked none was found there: it may be another system. Put them back, or approve its plan of the kind `first`, which goes by what is there; ask again after that.',
    owner: 'your_team',
  },
};

/** The plan of everything waits, at a target that was proved to be the one its links are of, or may be another. */
export const firstPlanProblem = (plan: Plan, reached: Reached): HeldProblem =>
  reached === 'same' || plan.standing.state === 'rejected' ? waitsProblem(plan) : unprovedProblem(plan);

const unprovedProblem = (plan: Plan): HeldProblem => ({
  code: 'target_unproved',
  message: `The settings or credentials of the target were edited, and of the accounts that are linked none was found there: it may be another system. Nothing is written to it. Put them back; or, if this is the system that is meant, look at the plan ${plan.id}, which goes by what is there (${countsInWords(plan)}), and approve it.`,
  owner: 'your_team',
});

/** Something is over a limit. `moved`: what differs from a plan that had been approved. */
export const heldProblem = (
  plan: Plan,
  moved: string | null,
  { looserFrom }: Pick<TargetInForce, 'looserFrom'>,
): HeldProblem => {
  const stricter = looserFrom === null ? '' : ` (${stricterUntil(looserFrom)})`;
  const what = `${inWords(plan.exceeded)}${stricter}. None of it was done`;
  if (plan.standing.state === 'rejected')
    return {
      code: 'plan_rejected',
      message: `${what}; the plan ${plan.id} was rejected by ${plan.standing.decision.by} (${plan.standing.decision.reason}). Mend the source, or ask for a provision run to decide anew.`,
      owner: 'your_team',
    };
  return {
    code: moved === null ? 'guard_hold' : 'plan_moved',
    message: `${moved === null ? '' : `${moved} `}${what}; it waits as the plan ${plan.id}. ${plan.approvals === 1 ? 'Approve or reject it, or mend the source.' : `Nothing of it is done until ${approversOf(plan)}. Approve or reject it, or mend the source.`}`,
    owner: 'your_team',
  };
};

const approversOf = ({ approvals, standing }: Plan): string => {
  const first = standing.state === 'waiting' ? standing.approval : undefined;
  if (first !== undefined) return `somebody other than ${first.by} approves it, too`;
  return approvals === 1 ? 'somebody approves it' : 'two people approve it';
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
