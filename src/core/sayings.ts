/** What each reason says to a person: one sentence, who must act, and what they do. */

import type { Problem, ResolutionOwner } from '../model/connection.ts';
import type { Reason } from '../model/explanation.ts';
import type { PlanId, RunId } from '../model/ids.ts';
import type { RunState } from '../model/run.ts';
import type { OtherSwitch } from './switch.ts';

/** What the sentences are made of. */
export type Words = {
  /** A name a person knows. */
  readonly who: string;
  readonly target: string;
  /** `account 123`, `group 7`; null when there is none. */
  readonly account: string | null;
  /** Whether the target, asked now, shows the account otherwise than the record has it. */
  readonly isSeenOtherwise: boolean;
  /** Whether the account is switched off. */
  readonly isOff: boolean;
  /** By what somebody is off who is: another switch than Entra's own, where the mapping goes by one. */
  readonly offBy: OtherSwitch | null;
  /** What became of the account of somebody who left: `account 123 at Helpdesk was switched off on …`; null when there never was one. */
  readonly fate: string | null;
  /** That what somebody who left looked like is not kept any more; null: it is. */
  readonly stripped: string | null;
  /** When the account was last written, as a half sentence. */
  readonly lastWrite: string;
  /** What is to be done: `an account`, `title brought up to date`. */
  readonly need: string;
  /** Whether somebody who is back is to be switched on, or made an account. */
  readonly isBack: boolean;
  /** Whether somebody who is here is to be switched off. */
  readonly isToBeOff: boolean;
  /** What is not as wanted with its references: `without the manager, who has no account there`. */
  readonly waits: string;
  /** What the failure said, and when it is tried again. */
  readonly failure: string | null;
  readonly retry: string | null;
  readonly problem: Problem | null;
  /** The plan that holds it back, and a person's word on it. */
  readonly plan: {
    readonly id: PlanId;
    readonly by: string | null;
    readonly reason: string | null;
    /** Whether it holds something on this object. */
    readonly holds: boolean;
    /** Who has to approve it yet, in the middle of a sentence: `somebody approves`, `two people approve`. */
    readonly approvers: string;
  } | null;
  /** The run that was taken back at the target. */
  readonly undone: RunId | null;
  /** The run that matters: the held or failed one, or the one to come. */
  readonly run: { readonly id: RunId; readonly state: RunState; readonly problem: Problem | null } | null;
};

export const oneApproves = 'somebody approves';

export type Saying = {
  readonly says: (words: Words) => string;
  readonly owner: (words: Words) => ResolutionOwner | null;
  readonly todo: (words: Words) => string | null;
};

const nobody = () => null;
const nothing = () => null;
const customerIt = (): ResolutionOwner => 'customer_it';
const yourTeam = (): ResolutionOwner => 'your_team';

export const sayings: Readonly<Record<Reason, Saying>> = {
  in_sync: {
    says: ({ who, target, account, isOff, isSeenOtherwise, lastWrite }) =>
      `${who} is at ${target} as ${account}${isSeenOtherwise ? '' : ', as wanted'}${isOff ? ', and switched off there, of which the attribute mapping says nothing now' : ''}; ${lastWrite}.`,
    owner: ({ isOff }) => (isOff ? 'your_team' : null),
    todo: ({ isOff, target }) => (isOff ? `If they are to work there, switch the account on at ${target}.` : null),
  },
  waiting_reference: {
    says: ({ who, target, account, waits }) => `${who} is at ${target} as ${account}, but ${waits}.`,
    owner: nobody,
    todo: () => 'Ask why they are not there. As soon as they are, it is made up for.',
  },
  disabled_in_source: {
    says: ({ who, target, account, offBy }) =>
      account === null
        ? `${who} is ${offWords(offBy, target)}${offBy === null ? '' : ','} and has no account at ${target}: nobody who is ${offBy === null ? 'disabled' : 'off'} is given one.`
        : `${who} is ${offWords(offBy, target)}, so ${account} at ${target} is switched off.`,
    owner: ({ offBy }) => (offBy?.attribute === null ? 'your_team' : 'customer_it'),
    todo: ({ target, offBy }) => {
      if (offBy?.attribute === null)
        return `If this person is to work there, edit the rule for active in the attribute mapping of ${target}.`;
      const mended = offBy === null ? 'enable the account' : `have ${offBy.attribute} mended`;
      return `If this person is to work there, ${mended} in Entra; the next sync does the rest.`;
    },
  },
  out_of_scope: {
    says: ({ who, fate, stripped }) =>
      `${who} is not in the scope of this connection any more${then(fate)}${then(stripped)}.`,
    owner: customerIt,
    todo: () =>
      'If this is wrong, add them to a group of the scope in Entra, or have the scope of the connection changed.',
  },
  soft_deleted: {
    says: ({ who, fate, stripped }) =>
      stripped === null
        ? `${who} was deleted in Entra and is in its recycle bin for 30 days${then(fate)}.`
        : `${who} was deleted in Entra${then(fate)}${then(stripped)}.`,
    owner: customerIt,
    todo: () => 'If this is wrong, restore them in Entra; the same account is used again.',
  },
  deleted: {
    says: ({ who, fate, stripped }) => `${who} was deleted in Entra for good${then(fate)}${then(stripped)}.`,
    owner: customerIt,
    todo: () => 'If this is wrong, they have to be made anew in Entra, and are somebody else from then on.',
  },
  missing: {
    says: ({ who, fate, stripped }) =>
      `A complete read of Entra did not list ${who} any more${then(fate)}${then(stripped)}.`,
    owner: customerIt,
    todo: () => 'If this is wrong, see whether they exist in this tenant, and whether the application may read them.',
  },
  groups_not_supported: {
    says: ({ who, target, account }) =>
      account === null
        ? `${who} is not at ${target}: no group is, because ${target} takes none.`
        : `${who} is at ${target} as ${account}, as it was last told: ${target} takes no groups now. What changes is made up for when it takes them again.`,
    owner: nobody,
    todo: nothing,
  },
  protected: {
    says: ({ who, target, account }) =>
      account === null
        ? `${who} is protected at ${target}, so no account is made or taken over there.`
        : `${who} is protected at ${target}, so ${account} there is never touched, whatever Entra says.`,
    owner: yourTeam,
    todo: ({ target }) => `If this is wrong, edit who is protected at ${target}.`,
  },
  protection_unknown: {
    says: ({ who, target, need, run }) =>
      run?.state !== 'held'
        ? `${who} is to have ${need} at ${target}, but it is not known whether they are protected there, so nothing is taken away.`
        : `${who} is to have ${need} at ${target}, but run ${run.id} was held${colon(run.problem?.message ?? null)}.`,
    owner: yourTeam,
    todo: ({ target }) =>
      `See protection_warnings of ${target}: what is not read yet comes with the next sync; a group that cannot be read is mended in Entra, or taken out of the protection. Who left before it was read stays as they are until somebody ends the account there by hand.`,
  },
  not_managed: {
    says: ({ who, target, account }) =>
      `${who} left Entra or the scope, but ${account} was at ${target} before Entrain knew it, so it is not deleted.`,
    owner: yourTeam,
    todo: ({ target }) => `If it is not needed any more, delete it at ${target}.`,
  },
  group_kept: {
    says: ({ who, target, account }) =>
      `${who} left Entra or the scope, and ${account} at ${target} stays as it is: groups that leave are left alone there.`,
    owner: yourTeam,
    todo: ({ target }) => `If it is not needed any more, delete it at ${target}, or set left_groups of the target.`,
  },
  deprovision_off: {
    says: ({ who, target, account }) =>
      `${who} left Entra or the scope, and ${account} at ${target} stays as it is: nothing is taken away from who leaves there.`,
    owner: yourTeam,
    todo: ({ target }) =>
      `If this is wrong, set the deprovision policy of ${target}; else end the account there by hand.`,
  },
  plan_waits: {
    says: ({ who, target, need, plan }) =>
      `${who} is to have ${need} at ${target}, but nothing is written there until ${plan?.approvers ?? oneApproves} the plan ${plan?.id ?? ''}.`,
    owner: yourTeam,
    todo: () => 'Look at the plan, and approve or reject it.',
  },
  plan_rejected: {
    says: ({ who, target, need, plan }) =>
      `${who} is to have ${need} at ${target}, but the plan ${plan?.id ?? ''} was rejected by ${plan?.by ?? 'somebody'}${colon(plan?.reason ?? null)}.`,
    owner: yourTeam,
    todo: () => 'Have the tenant mended, or ask for a provision run to have it planned anew.',
  },
  guard_hold: {
    says: ({ who, target, need, run, plan }) =>
      plan?.holds === false
        ? `${who} is to have ${need} at ${target}, but run ${run?.id ?? ''} was held, and its plan ${plan.id} does not hold this${colon(run?.problem?.message ?? null)}.`
        : `${who} is to have ${need} at ${target}, but run ${run?.id ?? ''} was held: it wanted to do more of this than the limits of ${target} allow, so it did none of it${plan === null ? '' : `, and kept it as the plan ${plan.id}`}.`,
    owner: yourTeam,
    todo: ({ plan }) =>
      plan?.holds === false
        ? 'Mend what the run was held for. The next run looks at this again.'
        : plan === null
          ? 'Raise the limits and ask for a provision run, if it is right; if not, have the tenant mended.'
          : `Look at the plan. If it is right, approve it; if not, reject it and have the tenant mended.${plan.approvers === oneApproves ? '' : ` Nothing of it is done until ${plan.approvers} it.`}`,
  },
  target_unproved: {
    says: ({ who, target, need, run }) =>
      `${who} is to have ${need} at ${target}, but nothing is written there${colon(run?.problem?.message ?? null)}.`,
    owner: yourTeam,
    todo: ({ target, plan }) =>
      `Put the settings or credentials of ${target} back; or, if this is the system that is meant, look at its plan ${plan?.id ?? 'of the kind `first`'} and approve it.`,
  },
  database_restored: {
    says: ({ who, target, need, run }) =>
      `${who} is to have ${need} at ${target}, but nothing is written there${colon(run?.problem?.message ?? null)}.`,
    owner: yourTeam,
    todo: ({ target }) =>
      `Ask for a full sync of the connection, look at the plan of ${target} that it brings, and approve it.`,
  },
  attributes_unread: {
    says: ({ who, target, need, run }) =>
      `${who} waits to have ${need} at ${target}${colon(run?.problem?.message ?? null)}.`,
    owner: nobody,
    todo: () => 'Wait for the next sync, or ask for one.',
  },
  source_unsure: {
    says: ({ who, target, account, isBack, isToBeOff, retry }) =>
      isBack
        ? `${who} was read as somebody who may work, but Entra, asked again, said otherwise or could not be asked, so ${account === null ? `they have no account at ${target}` : `${account} at ${target} is still switched off`}${then(retry)}.`
        : `${who} ${isToBeOff ? 'was read as somebody who is off' : 'seems to have left'}, but Entra, asked again, said otherwise or could not tell, so ${account} at ${target} was left alone${then(retry)}.`,
    owner: nobody,
    todo: () => 'Nothing; if it stays, ask for a full sync.',
  },
  absence_unproven: {
    says: ({ who, target, retry }) =>
      `Entra was asked once about ${who}, and did not show them in scope, where they were by the last reads. One such look proves nothing, so nothing is taken from them at ${target} before a second one, ten minutes later${then(retry)}.`,
    owner: yourTeam,
    todo: () => 'Nothing: a run looks again by itself.',
  },
  no_match_key: {
    says: ({ who, target, failure, retry }) =>
      `${who} could not be looked for at ${target}${colon(failure)}${then(retry)}.`,
    owner: customerIt,
    todo: ({ target }) =>
      `Give them in Entra one of the attributes by which accounts are matched, or add a matching rule to ${target}.`,
  },
  ambiguous_match: {
    says: ({ who, target, failure, retry }) =>
      `${who} cannot be told apart at ${target}${colon(failure)}${then(retry)}.`,
    owner: yourTeam,
    todo: ({ target }) => `Leave one of these accounts at ${target}.`,
  },
  linked_elsewhere: {
    says: ({ who, target, failure, retry }) =>
      `${who} was not given an account at ${target}${colon(failure)}${then(retry)}.`,
    owner: yourTeam,
    todo: () =>
      'See whether the two are one person. Two people never share an account; one that only carries another id, or was somebody’s who left, is taken over by a dry run that is applied.',
  },
  unclaimed_group: {
    says: ({ who, target, failure, retry }) =>
      `${who} was not put together with a group of ${target} that has its name${colon(failure)}${then(retry)}.`,
    owner: yourTeam,
    todo: ({ target }) =>
      `See whether the two are the same group. If they are, ask for a dry run of ${target} with full, look at its plan and apply it; if not, rename one of them.`,
  },
  missing_required_attribute: {
    says: ({ who, target, failure, retry }) =>
      `${who} lacks an attribute that ${target} needs${colon(failure)}${then(retry)}.`,
    owner: customerIt,
    todo: ({ target }) => `Give them the attribute in Entra, or have the attribute mapping of ${target} edited.`,
  },
  target_rejected: {
    says: ({ who, target, failure, retry }) => `${target} refused ${who}${colon(failure)}${then(retry)}.`,
    owner: yourTeam,
    todo: () => 'Mend the value in Entra, or the attribute mapping, by what the target says.',
  },
  target_conflict: {
    says: ({ who, target, failure, retry }) =>
      `${target} says that ${who} is there already, and shows no account that matches${colon(failure)}${then(retry)}.`,
    owner: yourTeam,
    todo: ({ target }) => `Look for the account at ${target}, also among deleted ones.`,
  },
  not_applied: {
    says: ({ who, target, failure, retry }) =>
      `${target} accepted a write of ${who} and did not do it${colon(failure)}${then(retry)}.`,
    owner: () => 'target_vendor',
    todo: () => 'Ask the vendor of the target.',
  },
  operation_open: {
    says: ({ who, target }) => `A write of ${who} was sent to ${target}, and what became of it is not known yet.`,
    owner: nobody,
    todo: () => 'Nothing: the run, or the next one, looks before it tries again.',
  },
  mapping_refused: {
    says: ({ who, target, need, problem }) =>
      `${who} waits to have ${need} at ${target}${colon(problem?.message ?? null)}.`,
    owner: ({ problem }) => problem?.owner ?? 'your_team',
    todo: ({ target }) => `Mend the mapping of ${target}.`,
  },
  target_paused: {
    says: ({ who, target, need }) => `${target} is paused, so ${who} waits to have ${need}.`,
    owner: yourTeam,
    todo: ({ target }) => `Set the state of ${target} to active.`,
  },
  target_quarantined: {
    says: ({ who, target, need, problem }) =>
      `${target} is quarantined, so ${who} waits to have ${need}${colon(problem?.message ?? null)}.`,
    owner: ({ problem }) => problem?.owner ?? 'your_team',
    todo: ({ target }) => `Mend what is wrong, check ${target}, and release it.`,
  },
  waiting_for_run: {
    says: ({ who, target, need, run }) =>
      run === null
        ? `${who} waits to have ${need} at ${target}; no run is asked for yet, the next sync does that.`
        : `${who} waits to have ${need} at ${target}; run ${run.id} is ${run.state}${colon(run.problem?.message ?? null)}.`,
    owner: ({ run }) => run?.problem?.owner ?? null,
    todo: ({ run }) => {
      if (run === null) return 'Wait for the next sync, or ask for a provision run.';
      return run.problem === null ? null : 'Nothing yet: it goes on by itself. If it does not, mend what is wrong.';
    },
  },
  run_failed: {
    says: ({ who, target, need, run }) =>
      `${who} waits to have ${need} at ${target}; run ${run?.id ?? ''} ${
        run?.state === 'canceled' ? 'was canceled' : 'failed'
      } before it came to that${colon(run?.problem?.message ?? null)}.`,
    owner: ({ run }) => run?.problem?.owner ?? 'your_team',
    todo: () => 'Mend what is wrong, or ask for another provision run.',
  },
  full_run_needed: {
    says: ({ who, target, need }) =>
      `${who} is to have ${need} at ${target}, though nothing changed in Entra since the last run: the target, its mapping or who it refers to did. Such changes are brought over when everybody is looked at.`,
    owner: yourTeam,
    todo: ({ target }) => `Ask for a provision run of ${target} with full.`,
  },
  run_undone: {
    says: ({ who, target, need, undone }) =>
      `${who} is to have ${need} at ${target}, by what Entra says; but run ${undone ?? ''} was taken back there, and nothing is written before somebody has looked at what the next run would do.`,
    owner: yourTeam,
    todo: ({ target, run }) =>
      `Have what was wrong mended in Entra or in the mapping, ${run === null ? 'ask for a sync' : `wait for run ${run.id}`}, look at the plan of ${target} that it brings, and approve it.`,
  },
};

const offWords = (by: OtherSwitch | null, target: string): string => {
  if (by === null) return 'disabled in Entra';
  return by.attribute === null
    ? `off by the attribute mapping of ${target}, which says so of everybody`
    : `off by ${by.attribute} in Entra, which the attribute mapping of ${target} goes by`;
};

const then = (more: string | null): string => (more === null ? '' : `; ${more}`);
/** What others said is quoted as it is, without its full stop. */
const colon = (more: string | null): string =>
  more === null || more === '' ? '' : `: ${more.replace(/(?<!\.)\.+$/, '')}`;
