/** What a provision run is for: to do what is needed, to plan it for a person, or to carry out what a person approved. */

import { createHash } from 'node:crypto';
import { lacksApproval } from '../core/approvals.ts';
import { type Now, rulesMoved } from '../core/plan-basis.ts';
import { isCarriedOutBy } from '../core/plan-standing.ts';
import type { Problem } from '../model/connection.ts';
import { type PlanId, planId, type TargetId } from '../model/ids.ts';
import { askedFor, type Plan, type PlanKind, type PlanRefusal } from '../model/plan.ts';
import { type HeldProblem, isEnded, type PreviewRun, type ProvisionRun, type Run } from '../model/run.ts';
import type { TargetInForce } from '../model/target-record.ts';
import type { Lease } from '../store/leases.ts';
import type { Stores } from '../store/stores.ts';
import { isApprovedByEnough } from './approvals-of.ts';
import { movedSince } from './basis.ts';
import { beginPlan, refusePlan } from './begin-plan.ts';
import type { Engine } from './engine.ts';
import { firstPlanProblem, notBegunProblem, unseenProblems } from './plan-problems.ts';
import type { Reached } from './prove-reach.ts';
import { RunRefused } from './reactions.ts';
import { newProvisionRun, requestAgain, restOf } from './request-runs.ts';
import { windowStart } from './window.ts';

/** What is planned as a whole, and not carried out by the run that plans it. */
export const planning = ['first', 'dry_run', 'preview', 'repair', 'undo'] as const satisfies readonly PlanKind[];
export type Planning = (typeof planning)[number];

export type Aim =
  /** Within the limits. `approved`: what of it a person released from them. */
  | { readonly kind: 'provision'; readonly approved: Plan | null }
  /** Nothing is written to the target. */
  | { readonly kind: 'plan'; readonly as: Planning }
  /** Nothing is done that the plan does not hold. */
  | { readonly kind: 'apply'; readonly plan: Plan };

/** What a person approved and it carries out, all or a part of what it does. */
export const planOf = (aim: Aim): Plan | null => {
  switch (aim.kind) {
    case 'provision':
      return aim.approved;
    case 'apply':
      return aim.plan;
    case 'plan':
      return null;
  }
};

export const isOfPlan = (aim: Aim): boolean => planOf(aim) !== null;

/** How an aim is kept between the turns of a run. */
export type KeptAim =
  | { readonly kind: 'provision'; readonly approved: PlanId | null }
  | { readonly kind: 'plan'; readonly as: Planning }
  | { readonly kind: 'apply'; readonly plan: PlanId };

/** `isAccepted`: somebody has seen what the target's rules and scope do, or nobody has to. */
type Ask = {
  readonly engine: Engine;
  readonly lease: Lease;
  readonly run: ProvisionRun;
  readonly record: TargetInForce;
  /** What a plan would be made from now. */
  readonly basis: () => Promise<Now>;
  readonly isAccepted: boolean;
  /** What is on record of the target is older than the target is: somebody has to look, whatever its settings say. */
  readonly isOutdated: boolean;
  readonly reached: Reached;
  /** Something was undone there, and nobody has looked since at what the next run would do. */
  readonly isUndone: boolean;
};

/** Ends the run at once, with `RunRefused` or as `RunHeld`, where there is nothing to do until somebody decides. */
export const chooseAim = async (ask: Ask): Promise<Aim> => {
  const { run } = ask;
  if (ask.isOutdated) await holdUntilSeen(ask);
  if (run.amends !== null && run.plan === null) return { kind: 'plan', as: run.amends.kind };
  if (run.dryRun) return { kind: 'plan', as: 'dry_run' };
  const approved = run.plan === null ? await approvedOfTarget(ask) : await planAskedFor(ask, run.plan);
  if (approved !== null && approved.kind !== 'held') return { kind: 'apply', plan: approved };
  if (mayProvision(ask)) return { kind: 'provision', approved };
  await holdWhereNothingMoved(ask);
  return { kind: 'plan', as: 'first' };
};

/** Whether anything but what a person approved is written to the target. */
export const mayProvision = ({
  record,
  isAccepted,
  isOutdated,
  isUndone,
}: Pick<Ask, 'record' | 'isAccepted' | 'isOutdated' | 'isUndone'>): boolean =>
  isAccepted || (record.autoApproveFirst && !isOutdated && !isUndone);

/** The aim that a run had when its last turn ended. One that died right after it had finished its plan still has to end. */
export const aimAgain = async (
  { stores }: Pick<Engine, 'stores'>,
  kept: KeptAim,
  run: Pick<ProvisionRun, 'id' | 'plan'>,
): Promise<Aim> => {
  const approved = async (id: PlanId): Promise<Plan> => {
    const plan = await stores.plans.get(id);
    if (plan === null || !isCarriedOutBy(plan.standing, run.id)) throw notApproved(id, plan);
    return plan;
  };
  /** Nobody asked for this run for the sake of a plan that it found approved: without it, it does what is within the limits. */
  const approvedBeside = async (id: PlanId): Promise<Plan | null> => {
    if (run.plan !== null) return await approved(id);
    const plan = await stores.plans.get(id);
    return plan !== null && isCarriedOutBy(plan.standing, run.id) ? plan : null;
  };
  switch (kept.kind) {
    case 'plan':
      return kept;
    case 'apply':
      return { kind: 'apply', plan: await approved(kept.plan) };
    case 'provision':
      return { kind: 'provision', approved: kept.approved === null ? null : await approvedBeside(kept.approved) };
  }
};

export const keptAim = (aim: Aim): KeptAim => {
  switch (aim.kind) {
    case 'plan':
      return aim;
    case 'apply':
      return { kind: 'apply', plan: aim.plan.id };
    case 'provision':
      return { kind: 'provision', approved: aim.approved?.id ?? null };
  }
};

/** A run makes one plan at most. */
export const planOfRun = ({ id }: Pick<ProvisionRun, 'id'>): PlanId => planId(id.replace(/^run_/, 'pln_'));

/** The plan that a run is there to make, until it has ended; null: one that makes none, or only where something holds it. */
export const planToMake = (run: Run): PlanId | null =>
  run.kind === 'provision' && run.dryRun && !isEnded(run.state) ? planOfRun(run) : null;

/** A preview makes one plan at each target; such ids, too, are in the order of their runs. */
export const planOfPreview = ({ id }: Pick<PreviewRun, 'id'>, target: TargetId): PlanId =>
  planId(`pln_${id.slice(4, 20)}${createHash('sha256').update(`${id}|${target}`).digest('hex').slice(0, 16)}`);

/** The target waits for a decision, and nothing has moved since it was asked for. */
export class RunHeld extends Error {
  override readonly name = 'RunHeld';
  readonly problem: HeldProblem;
  readonly version: number | null;
  constructor(problem: HeldProblem, version: number | null) {
    super(problem.message);
    this.problem = problem;
    this.version = version;
  }
}

/**
 * A repair, an undo, and whatever somebody has seen by itself, go by what is on record, and that is older than the target is. Only a plan of all of it
 * tells what differs, and only approving that one says that the record may be believed again.
 */
const holdUntilSeen = async ({ engine, run, basis, reached }: Ask): Promise<void> => {
  const plan = run.plan === null ? null : await engine.stores.plans.get(run.plan);
  // Which system it is, is said of all of it.
  const isOfAPart = reached === 'unproved' && run.scope !== null && !run.dryRun;
  if (!isOfAPart && (plan === null ? run.amends === null : plan.kind === 'first')) return;
  // One from before the restore is found to be so.
  if (plan !== null && plan.basis.epoch !== (await basis()).epoch) return;
  if (plan !== null) await refusePlan({ engine, run }, plan, 'not_looked_at');
  throw new RunHeld(unseenProblems[reached === 'unproved' ? 'unproved' : 'restored'], null);
};

const planAskedFor = async ({ engine, lease, run, basis, record, isUndone }: Ask, id: PlanId): Promise<Plan> => {
  const { plans } = engine.stores;
  const plan = await plans.get(id);
  if (plan === null || plan.standing.state !== 'approved' || plan.target !== record.id) throw notApproved(id, plan);
  const now = await basis();
  if (plan.standing.begun !== null) {
    if (await mayGoOn({ engine, run, record, isUndone }, plan, now)) return plan;
    await planAnew({ engine, run, record }, plan);
    throw new RunRefused(notBegunProblem((await plans.get(id)) ?? plan));
  }
  const moved = await movedBefore({ engine, run, record }, plan, now);
  if (moved.length > 0) {
    await plans.supersede(lease, id, null);
    engine.world.log.warn('plan.moved', { plan: id, target: record.id, run: run.id });
    await planAnew({ engine, run, record }, plan);
    throw new RunRefused({
      code: 'plan_moved',
      message: `Nothing of the plan ${id} was done, because ${moved.join(', and ')}.`,
      owner: 'your_team',
    });
  }
  const begun = await beginPlan({ engine, lease, run }, plan);
  if (begun !== null) return begun;
  await planAnew({ engine, run, record }, plan);
  throw new RunRefused(notBegunProblem((await plans.get(id)) ?? plan));
};

/** Why a plan that nobody has begun is not begun, in words; empty where nothing speaks against it. */
const movedBefore = async (
  { engine, run, record }: Pick<Ask, 'engine' | 'run' | 'record'>,
  plan: Plan,
  now: Now,
): Promise<readonly string[]> => {
  const counting = { stores: engine.stores, record, since: windowStart({ engine, run }) };
  const isEnough = await isApprovedByEnough(counting, plan);
  return [
    ...(await movedSince(engine.stores, plan, now)),
    ...(isEnough ? [] : ['two people have to approve it by now']),
  ];
};

/** What a plan that has begun went by must still stand; then the rest of it is done whatever else moved. Where it does not, the plan is refused. */
const mayGoOn = async (
  { engine, run, record, isUndone }: Pick<Ask, 'engine' | 'run' | 'record' | 'isUndone'>,
  plan: Plan,
  now: Now,
): Promise<boolean> => {
  const why = async (): Promise<PlanRefusal | null> => {
    if (rulesMoved(plan.kind, plan.basis, now).length > 0) return 'rules_changed';
    if (lacksApproval(plan, record.approvals)) return 'approvals_raised';
    return isUndone && (await isOvertaken(engine.stores, plan, run)) ? 'undone_since' : null;
  };
  const refusal = await why();
  if (refusal !== null) await refusePlan({ engine, run }, plan, refusal);
  return refusal === null;
};

/**
 * Whether anybody but the run that carries a plan out wrote to the target since it was made. Where something was undone that may have been the undo, and
 * what was approved before one is not what comes next.
 */
export const isOvertaken = async (
  { ledger }: Pick<Stores, 'ledger'>,
  { target, kind, basis, standing }: Plan,
  run: Pick<ProvisionRun, 'id'>,
): Promise<boolean> => {
  if (kind === 'undo' || standing.state !== 'approved') return false;
  const last = await ledger.lastWrite(target);
  return last !== null && last.mark !== basis.written && last.run !== run.id && last.run !== standing.begun;
};

/** What waits for a person is planned anew; what was asked for is asked for again. */
const planAnew = async ({ engine, run, record }: Pick<Ask, 'engine' | 'run' | 'record'>, plan: Plan): Promise<void> => {
  if (!askedFor.includes(plan.kind)) await requestAgain(engine, newProvisionRun(record, run.id, restOf(engine, run)));
};

/**
 * What was approved is carried out also by a run that nobody asked for it, should the one that was asked for fail. Whether a plan that is held is still the
 * same can be said only by a run that looks at the same objects.
 */
const approvedOfTarget = async ({ engine, lease, run, basis, record, isUndone }: Ask): Promise<Plan | null> => {
  if (run.scope !== null) return null;
  const plan = await engine.stores.plans.approved(record.id);
  if (plan === null || plan.standing.state !== 'approved') return null;
  const now = await basis();
  if (plan.standing.begun !== null) return (await mayGoOn({ engine, run, record, isUndone }, plan, now)) ? plan : null;
  if ((await movedBefore({ engine, run, record }, plan, now)).length > 0) {
    await engine.stores.plans.supersede(lease, plan.id, null);
    engine.world.log.warn('plan.moved', { plan: plan.id, target: record.id, run: run.id });
    return null;
  }
  if (plan.kind === 'held' && plan.mode !== run.mode) return null;
  return await beginPlan({ engine, lease, run }, plan);
};

/** A person who asks for a run wants to see it planned anew; the schedule does not plan the same thing every few hours. */
const holdWhereNothingMoved = async ({ engine, run, record, basis, reached }: Ask): Promise<void> => {
  if (run.trigger === 'api') return;
  const plan = await engine.stores.plans.newest({ target: record.id, kind: 'first', scope: run.scope });
  if (plan === null || (plan.standing.state !== 'waiting' && plan.standing.state !== 'rejected')) return;
  const ageMs = engine.world.now().getTime() - plan.createdAt.getTime();
  if (ageMs < freshMs && (await movedSince(engine.stores, plan, await basis())).length === 0)
    throw new RunHeld(firstPlanProblem(plan, reached), plan.basis.version);
};

/** A plan is made anew before its operations would be pruned as history. */
export const freshMs = 60 * 86_400_000;

const notApproved = (id: PlanId, plan: Plan | null): RunRefused =>
  new RunRefused(plan === null ? goneProblem(id) : notBegunProblem(plan));

const goneProblem = (id: PlanId): Problem => ({
  code: 'plan_not_approved',
  message: `The plan ${id} is not there any more.`,
  owner: 'your_team',
});
