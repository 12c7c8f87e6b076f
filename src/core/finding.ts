/**
 * Decides why an object is, or is not, at a target as wanted: one reason, whoever asks and whatever happened to it. It is worked out from what is on
 * record by the same rules as a run uses, so that the two cannot tell different stories.
 */

import type { Reason, StepName } from '../model/explanation.ts';
import type { RemoteId, RunId, SourceId } from '../model/ids.ts';
import {
  type Action,
  type Escrow,
  isDestructive,
  isGoing,
  type Link,
  type SkipReason,
  type WaitingReference,
} from '../model/operation.ts';
import type { Plan } from '../model/plan.ts';
import { type HeldCode, heldCodes, type ProvisionRun } from '../model/run.ts';
import type { GoneReason, ObjectType, Remembered } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import { unmatched } from './matching.ts';
import {
  type Context,
  type ObjectPlan,
  type PlannedOperation,
  planExpired,
  planGone,
  planLinked,
  planUnlinked,
} from './plan.ts';
import { type Cover, coverOf, type Shield } from './protection.ts';
import { isToStayOff } from './switch.ts';
import type { UnreadableRule } from './unreadable-rules.ts';

/** One target as it stands; the same for everybody who is looked at together. */
export type TargetNow = {
  readonly record: Pick<TargetRecord, 'name' | 'mapping' | 'matching' | 'deprovision' | 'leftGroups' | 'problem'> & {
    readonly state: Exclude<TargetRecord['state'], 'deleting'>;
  };
  /** Those of its rules that say nothing of anybody. */
  readonly unreadable: readonly UnreadableRule[];
  /** Who is never touched. */
  readonly shield: Shield;
  readonly can: {
    readonly groups: boolean;
    readonly disable: boolean;
    readonly delete: boolean;
    /** By target path. */
    readonly required: Readonly<Record<ObjectType, readonly string[]>>;
  };
  /** Groups were looked at, and not one is linked, or the last run met none: a target may say only when it is asked that it takes none. */
  readonly hasNoGroups: boolean;
  /** The next run looks at everybody, though nobody asked for that. */
  readonly owesLook: boolean;
  /** A run that was taken back here, and nobody has looked since at what the next one would do; null: none. */
  readonly undone: RunId | null;
  readonly position: number | null;
  /** The newest run that looked at the whole target and ended; and the one that is to come, or under way. */
  readonly ended: ProvisionRun | null;
  readonly coming: ProvisionRun | null;
  /** What holds the target back since the run that ended last; null when nothing does. */
  readonly plan: Plan | null;
  readonly now: Date;
};

/** A group may have a million members without accounts; beyond so many it makes no difference. */
export const mostWaiting = 1_000;

/** What is on record of one object, here and at that target. */
export type ObjectNow = {
  readonly seen: Remembered;
  readonly link: Link | null;
  readonly escrow: Escrow | null;
  /** Operations that were sent, and whose answer is not known. */
  readonly open: readonly Action[];
  /** References of this object that wait; at most `mostWaiting` of them. */
  readonly waiting: readonly WaitingReference[];
  /** Of a group: what its members still need at the target, and since which version. */
  readonly members: { readonly need: 'nothing' } | { readonly need: 'adding' | 'removing'; readonly version: number };
  readonly resolve: (id: SourceId) => RemoteId | undefined;
};

export type Finding = {
  readonly reason: Reason;
  /** The step because of which it is so; null when every step went through. */
  readonly stoppedAt: StepName | null;
  /** Because of what the run that ended last was held for. */
  readonly isHeld: boolean;
  /** What is to be done now. */
  readonly todo: readonly PlannedOperation[];
  /** References that are not yet as wanted. */
  readonly waiting: readonly WaitingReference[];
};

export const judge = (target: TargetNow, object: ObjectNow): Finding => {
  if (object.open.length > 0) return at('written', 'operation_open');
  const { gone } = object.seen;
  if (gone !== null) return object.link === null ? leftAt(gone) : judgeGone(target, object, object.link, gone);
  return object.link === null ? judgeUnlinked(target, object) : judgeLinked(target, object, object.link);
};

/** The newest version that a run has looked at everybody up to. A held run leaves the position where it was, but it has looked. */
export const lookedAt = ({ position, ended }: TargetNow): number | null => {
  const held = ended?.state === 'held' ? ended.version : null;
  if (position === null) return held;
  return Math.max(position, held ?? position);
};

const judgeUnlinked = (target: TargetNow, object: ObjectNow): Finding => {
  const { seen, escrow } = object;
  if (coverIn(target, object) === 'protected') return at('planned', 'protected');
  const match = unmatched(seen.object, target.record.matching[seen.object.ref.type]);
  const plan = planUnlinked(seen.object, match, contextOf(target, object));
  if (escrow !== null) return { ...at(stepOf[escrow.reason], escrow.reason), todo: operationsIn(plan) };
  const isGroup = seen.object.ref.type === 'group';
  if (isGroup && !target.can.groups) return at('matched', 'groups_not_supported');
  // Somebody disabled may have an account there already, and only a run asks for it.
  if (plan.kind === 'skip' && isLookedAt(target, seen.version)) return at('planned', reasonOfSkip[plan.reason]);
  const finding = pending(target, operationsIn(plan), seen.version, 'matched');
  const isRefused = isGroup && target.hasNoGroups && finding.reason === 'full_run_needed';
  return isRefused ? at('matched', 'groups_not_supported') : finding;
};

const judgeLinked = (target: TargetNow, object: ObjectNow, link: Link): Finding => {
  const { seen, escrow, members } = object;
  // It was told its name and its members as long as there were groups. What became of that nobody knows.
  if (link.ref.type === 'group' && takesNone(target)) return at('planned', 'groups_not_supported');
  const plan = planLinked(seen.object, link, contextOf(target, object));
  const todo = operationsIn(plan);
  const waiting = waitingOf(plan, object);
  const isAsWanted = todo.length === 0 && members.need === 'nothing';
  const cover = isAsWanted ? 'none' : coverIn(target, object);
  if (cover === 'protected') return { ...at('planned', 'protected'), waiting };
  // Whoever was to lose something, and is back, has nothing to lose any more.
  const isOfLeaving = escrow?.reason === 'source_unsure' || escrow?.reason === 'absence_unproven';
  const isDone = isAsWanted && waiting.every(({ want }) => want === 'add');
  if (escrow !== null && !(isOfLeaving && isDone))
    return { ...at(stepOf[escrow.reason], escrow.reason), todo, waiting };
  const isToLose = members.need === 'removing' || todo.some(({ operation }) => isDestructive(operation.action));
  if (cover !== 'none' && isToLose) return { ...at('guard', 'protection_unknown'), todo, waiting };
  if (todo.length > 0) return { ...pending(target, todo, seen.version, 'planned'), waiting };
  if (members.need !== 'nothing') return { ...pending(target, todo, members.version, 'planned'), waiting };
  const isToBeLookedAt = target.owesLook || target.undone !== null;
  if (waiting.length > 0 && isToBeLookedAt) return { ...pending(target, todo, 'every_run', 'planned'), waiting };
  if (waiting.length > 0) return { ...at('planned', 'waiting_reference'), waiting };
  const isOff = link.state === 'disabled' && isToStayOff(seen.object, target.record.mapping[seen.object.ref.type]);
  return at(null, isOff ? 'disabled_in_source' : 'in_sync');
};

const takesNone = ({ can, hasNoGroups }: TargetNow): boolean => !can.groups || hasNoGroups;

/** What the plan cannot resolve now, and what earlier runs left waiting. */
const waitingOf = (plan: ObjectPlan, { waiting }: ObjectNow): readonly WaitingReference[] => {
  const all = [...('waiting' in plan ? plan.waiting : []), ...waiting];
  return [...new Map(all.map((one) => [`${one.path}|${one.to}`, one])).values()];
};

const judgeGone = (target: TargetNow, object: ObjectNow, link: Link, why: GoneReason): Finding => {
  const { seen, escrow } = object;
  const can = { ...target.can, groups: !takesNone(target) };
  const plan = planGone(seen.object.ref, link, target.record, can, why, { pass });
  if (plan.kind === 'skip') return at('planned', reasonOfSkip[plan.reason]);
  const expired = plan.kind === 'unchanged' ? planExpired(link, seen, target.record, { pass, now: target.now }) : null;
  const todo = expired === null ? operationsIn(plan) : [expired];
  if (todo.length === 0) return leftAt(why);
  const cover = coverIn(target, object);
  if (cover === 'protected') return at('planned', 'protected');
  if (cover !== 'none') return { ...at('guard', 'protection_unknown'), todo };
  if (escrow !== null) return { ...at(stepOf[escrow.reason], escrow.reason), todo };
  return pending(target, todo, expired === null ? seen.version : 'every_run', 'planned');
};

/** Since which version something is to be done; what only time has brought about is found by every run. */
type Since = number | 'every_run';

/** Something is to be done, and has not been done yet. */
const pending = (target: TargetNow, todo: readonly PlannedOperation[], since: Since, step: StepName): Finding => {
  const { record, ended, coming } = target;
  const because = (reason: Reason, where: StepName = step): Finding => ({ ...at(where, reason), todo });
  if (record.state === 'paused') return because('target_paused');
  if (record.state === 'quarantined') return because('target_quarantined');
  if (record.problem?.code === 'mapping_refused' && !isAllTakenAway(todo)) return because('mapping_refused', 'mapped');
  const held = heldFor(target, since);
  // What had been held before waits with all else; the plan that the next run makes is of everything.
  if (target.undone !== null && (held === null || target.plan?.kind === 'held')) return because('run_undone', 'guard');
  if (held !== null && (coming === null || !passing.includes(held))) return { ...because(held, 'guard'), isHeld: true };
  if (coming !== null) return because('waiting_for_run');
  if (isLookedAt(target, since) && !target.owesLook) return because('full_run_needed');
  const isBroken = ended?.state === 'failed' || ended?.state === 'canceled';
  return because(isBroken ? 'run_failed' : 'waiting_for_run');
};

/** The next run looks whether it is over. */
const passing: readonly Reason[] = ['attributes_unread', 'database_restored'] satisfies readonly HeldCode[];

/**
 * What the run that ended last was held for, as far as that holds this back. Of a target's first plan nothing is done before it is approved; what is over a
 * limit, or may be about somebody protected, is left by a run that did everything else. What was approved waits for its run like everything else.
 */
const heldFor = (target: TargetNow, since: Since): Reason | null => {
  const { ended, plan } = target;
  if (ended?.state !== 'held') return null;
  const decided = plan?.standing.state === 'rejected' ? 'plan_rejected' : null;
  const isApproved = plan?.standing.state === 'approved';
  const code = heldCodeOf(ended);
  switch (code) {
    case 'attributes_unread':
      return code;
    case 'protection_unknown':
      // A plan that was approved is carried out as a whole, or not begun.
      return ended.version === null || isHeldBack(target, since) ? code : null;
    case 'target_unproved':
      return isApproved ? null : (decided ?? code);
    case 'database_restored':
      return isApproved ? null : (decided ?? (plan === null ? code : 'plan_waits'));
    case 'plan_waits':
      return isApproved || plan === null ? null : (decided ?? code);
    case 'plan_rejected':
      if (plan?.kind === 'first') return isApproved ? null : (decided ?? 'plan_waits');
      break;
    case 'guard_hold':
    case 'plan_moved':
      break;
  }
  return isApproved || !isHeldBack(target, since) ? null : (decided ?? 'guard_hold');
};

/** A run of an earlier version says what it was held for in the same words. */
const heldCodeOf = ({ problem }: ProvisionRun): HeldCode =>
  heldCodes.find((code) => code === problem?.code) ?? 'guard_hold';

/** Accounts that go need no mapping. Memberships wait with all else. */
const isAllTakenAway = (todo: readonly PlannedOperation[]): boolean =>
  todo.length > 0 && todo.every(({ operation }) => isGoing(operation.action));

const isHeldBack = ({ ended, position, owesLook }: TargetNow, since: Since): boolean => {
  if (ended?.state !== 'held' || ended.version === null) return false;
  if (since === 'every_run') return true;
  return since <= ended.version && (position === null || since > position || ended.mode === 'full' || owesLook);
};

const isLookedAt = (target: TargetNow, since: Since): boolean => {
  const looked = lookedAt(target);
  return since !== 'every_run' && looked !== null && since <= looked;
};

const coverIn = ({ shield }: TargetNow, { seen, link }: ObjectNow): Cover =>
  coverOf(shield, { ref: seen.object.ref, remoteId: link?.remoteId ?? null, seen });

const operationsIn = (plan: ObjectPlan): readonly PlannedOperation[] => (plan.kind === 'do' ? plan.operations : []);

/** Nothing of this plan is carried out, so its keys name no pass of any run. */
const pass = 'explain';

const contextOf = ({ record, can, now }: TargetNow, { seen, resolve }: ObjectNow): Context => ({
  pass,
  rules: record.mapping[seen.object.ref.type],
  required: can.required[seen.object.ref.type],
  resolve,
  why: 'retry',
  now,
});

const at = (stoppedAt: StepName | null, reason: Reason): Finding => ({
  reason,
  stoppedAt,
  isHeld: false,
  todo: [],
  waiting: [],
});
const leftAt = (gone: GoneReason): Finding => at(gone === 'out_of_scope' ? 'in_scope' : 'found', gone);

/** Where each failure of one object shows. */
const stepOf: Readonly<Record<Escrow['reason'], StepName>> = {
  no_match_key: 'matched',
  ambiguous_match: 'matched',
  linked_elsewhere: 'matched',
  unclaimed_group: 'matched',
  missing_required_attribute: 'mapped',
  target_rejected: 'written',
  target_conflict: 'written',
  not_applied: 'written',
  source_unsure: 'guard',
  absence_unproven: 'guard',
};

const reasonOfSkip: Readonly<Record<SkipReason, Reason>> = {
  disabled_in_source: 'disabled_in_source',
  protected: 'protected',
  protection_unknown: 'protection_unknown',
  groups_not_supported: 'groups_not_supported',
  not_managed: 'not_managed',
  group_kept: 'group_kept',
  deprovision_off: 'deprovision_off',
  confirmed_present: 'source_unsure',
  absence_unproven: 'absence_unproven',
  guard_hold: 'guard_hold',
  member_not_linked: 'waiting_reference',
  not_in_plan: 'waiting_for_run',
  no_trace: 'waiting_for_run',
  postponed: 'waiting_for_run',
};
