/** How a provision run ends that went through all its waves: what it did, what it planned, or what of an approved plan it did. */

import { secondLookMs } from '../core/absence.ts';
import { isOfSameRules } from '../core/accepted.ts';
import type { Problem } from '../model/connection.ts';
import type { Exceeded, Plan } from '../model/plan.ts';
import { type Counters, type HeldProblem, noCounters, type ProvisionRun } from '../model/run.ts';
import type { Planning } from './aim.ts';
import { assertApproved } from './as-read.ts';
import { type Away, noteAllAway } from './away-as-shown.ts';
import { contentOfPlan, lookThrough } from './content-of-plan.ts';
import { exceededBy } from './exceeded.ts';
import type { Gathered } from './gather.ts';
import type { Judged } from './judge-removals.ts';
import { knownPlan, makePlan } from './make-plan.ts';
import { noticeLeavings } from './notice-leavings.ts';
import { owePassedBy } from './owed-looks.ts';
import { permitted } from './permit.ts';
import { firstPlanProblem, heldProblem } from './plan-problems.ts';
import type { Reached } from './prove-reach.ts';
import type { Provisioning } from './provisioning.ts';
import { secondLookProblem } from './reactions.ts';
import { newProvisionRun, restOf } from './request-runs.ts';
import { releaseDue, settle } from './settle-run.ts';
import { doubtProblem } from './shield.ts';
import type { Tally } from './tally.ts';
import type { WorkEnd } from './turn.ts';
import { windowStart } from './window.ts';

type End = Exclude<WorkEnd, 'slice'>;

export const conclude = async (
  work: Provisioning,
  gathered: Gathered,
  tally: Tally,
  judged: Judged,
  isAccepted: boolean,
): Promise<End> => {
  const { aim } = work;
  switch (aim.kind) {
    case 'plan':
      return await endPlanning(work, aim.as, gathered, tally, judged);
    case 'apply':
      return await endApplying(work, aim.plan, gathered, tally, judged);
    case 'provision':
      return await endProvisioning(work, aim.approved, gathered, tally, judged, isAccepted);
  }
};

/** A plan that an earlier turn has written down, which came to no end: what it took away was planned after the run's last place. */
export const endPlanned = (
  { counters: counted }: Pick<ProvisionRun, 'counters'>,
  kind: Planning,
  plan: Plan,
  reached: Reached,
): End => {
  const { disable, delete: removed, remove_members: membersRemoved } = plan.counts;
  const counters = { ...counted, disabled: disable, removed, membersRemoved };
  const { version } = plan.basis;
  return kind === 'first'
    ? {
        state: 'held',
        counters: planned(counters),
        version,
        problem: firstPlanProblem(plan, reached),
      }
    : { state: stateOf(counters), counters, version, problem: null };
};

const endPlanning = async (
  work: Provisioning,
  kind: Planning,
  gathered: Gathered,
  tally: Tally,
  { away }: Judged,
): Promise<End> => {
  const { engine, record } = work;
  const { content, amounts, leaving } = await lookThrough(engine.stores, { target: record.id, id: work.planId });
  const exceeded = await exceededBy({ stores: engine.stores, record, since: windowStart(work) }, amounts, leaving);
  if (kind !== 'first') {
    await makePlan(work, kind, content, exceeded);
    return { state: stateOf(tally.counters()), counters: tally.counters(), version: work.through, problem: null };
  }
  const operations = Object.values(content.counts).reduce((sum, count) => sum + count, 0);
  // Nothing to look at is no reason to let the next run write unseen: the rules are not accepted by it.
  if (operations === 0) {
    await supersedeWaiting(work, kind);
    if (work.run.scope === null) await releaseDue(work, tally);
    const goesOn = await acceptWhereAllIsWell(work, away, tally);
    // Where it goes on as before, the next run brings it to this version. Otherwise this one has looked at it, and there is nothing to do until it moves.
    const version = goesOn || work.run.scope !== null ? null : work.through;
    if (version !== null) await noticeLeavings(work, gathered);
    return { state: stateOf(tally.counters()), counters: tally.counters(), version, problem: null };
  }
  const known = await knownPlan(work, kind, content);
  // Made anew in any case, for it is of another version; only what was rejected is not asked again.
  if (known?.standing.state === 'rejected') {
    await work.engine.stores.plans.unstage(work.lease, work.planId);
    return {
      state: 'held',
      counters: planned(tally.counters()),
      version: work.through,
      problem: firstPlanProblem(known, work.reached),
    };
  }
  const plan = await makePlan(work, kind, content, exceeded);
  return {
    state: 'held',
    counters: planned(tally.counters()),
    version: work.through,
    problem: firstPlanProblem(plan, work.reached),
  };
};

/**
 * The database was put back, and the target holds exactly what the tenant says: there is nothing to look at, and the rules are those that somebody let
 * it be written to by.
 */
const acceptWhereAllIsWell = async (work: Provisioning, away: readonly Away[], tally: Tally): Promise<boolean> => {
  const { engine, lease, run, record, rules } = work;
  const isPlain = run.scope === null && Object.keys(tally.counters().failed).length === 0;
  if (work.sights === null || work.reached === 'unproved' || !isPlain) return false;
  const accepted = await engine.stores.ledger.rules(record.id);
  if (accepted === null || !isOfSameRules(accepted, rules)) return false;
  await noteAllAway(work, away);
  await engine.stores.ledger.acceptRules(lease, rules);
  return true;
};

/** Nothing was done. What would be stands in the plan. */
const planned = (counters: Counters): Counters => {
  const { created, updated, disabled, removed, unchanged, read, skipped, failed } = counters;
  const waiting = created + updated + disabled + removed;
  return { ...noCounters, read, unchanged, failed, skipped: { ...skipped, plan_waits: waiting } };
};

const endApplying = async (
  work: Provisioning,
  plan: Plan,
  gathered: Gathered,
  tally: Tally,
  { inDoubt }: Judged,
): Promise<End> => {
  const { engine, lease, run, record } = work;
  // What only an approval lets be done from now on is not let be done by one that was taken back.
  await assertApproved(work);
  const leftOut = (tally.counters().skipped['not_in_plan'] ?? 0) + inDoubt.length;
  // Whatever was left out must be found again: neither the target nor any group is where the snapshot is.
  if (leftOut === 0) await settle(work, gathered, false);
  if (plan.kind === 'first' && plan.scope === null) {
    await engine.stores.ledger.acceptRules(lease, work.rules);
    // From now on the links are of this system.
    if (work.reached === 'unproved') await engine.stores.ledger.noteReach(lease, { proved: work.reach, refused: null });
  }
  if (leftOut > 0 && plan.kind === 'first') {
    // What was left out may be of somebody of whom no change is told any more, as after an undo.
    if (plan.scope === null) await owePassedBy(work);
    await engine.stores.runs.request(newProvisionRun(record, run.id, { ...restOf(engine, run), mode: 'delta' }));
  }
  await finish(work, plan, leftOut);
  return {
    state: leftOut > 0 ? 'partially_succeeded' : stateOf(tally.counters()),
    counters: tally.counters(),
    version: plan.amends === null ? gathered.through : null,
    problem: leftOut === 0 ? null : leftOutProblem(plan, leftOut),
  };
};

/** Whoever takes the approval back once all of it is done comes too late, and it says so: that a run had begun it. */
const finish = async ({ engine, lease, run, record }: Provisioning, { id }: Plan, leftOut: number): Promise<void> => {
  const { plans } = engine.stores;
  await plans.finish(lease, id, run.id);
  if ((await plans.get(id))?.standing.state !== 'applied') return;
  engine.world.log.info('plan.applied', { plan: id, target: record.id, run: run.id, left_out: leftOut });
};

const leftOutProblem = ({ id, amends }: Plan, leftOut: number): Problem => ({
  code: 'plan_left_out',
  message: `${leftOut === 1 ? '1 operation was' : `${leftOut} operations were`} needed that the plan ${id} does not hold, because something moved while it was carried out. ${leftOut === 1 ? 'It was' : 'They were'} not done; ${amends === null ? `the next run does ${leftOut === 1 ? 'it' : 'them'}` : `ask for the ${amends.kind} again to see ${leftOut === 1 ? 'it' : 'them'}`}.`,
  owner: 'your_team',
});

const endProvisioning = async (
  work: Provisioning,
  approved: Plan | null,
  gathered: Gathered,
  tally: Tally,
  judged: Judged,
  isAccepted: boolean,
): Promise<End> => {
  const { engine, lease, run } = work;
  const exceeded = [...work.exceeded, ...judged.exceeded];
  const doubt = judged.inDoubt.length > 0 ? doubtOf(work, judged.inDoubt.length) : null;
  const isHeld = exceeded.length > 0 || doubt !== null;
  const held = exceeded.length > 0 ? await keepHeld(work, exceeded, judged.moved, approved) : null;
  const problem = held === null || doubt === null ? (held ?? doubt) : withBoth(held, doubt);
  await settle(work, gathered, isHeld);
  if (!isAccepted && run.scope === null) await engine.stores.ledger.acceptRules(lease, work.rules);
  if (approved !== null && judged.moved === null) await finishHeld(work, approved, judged);
  if (!isHeld) await supersedeWaiting(work, 'held');
  await requestSecondLook(work, tally);
  return {
    state: isHeld ? 'held' : stateOf(tally.counters()),
    counters: tally.counters(),
    version: gathered.through,
    problem,
  };
};

/**
 * Where whoever it is about is back before a run has begun it, nothing of it was carried out. As long as it is in doubt whether somebody in it is protected,
 * another run goes on with it.
 */
const finishHeld = async (work: Provisioning, plan: Plan, { go, inDoubt }: Judged): Promise<void> => {
  if (inDoubt.length > 0) return;
  const isNeeded = (await permitted(work, plan, go)).go.length > 0;
  if (isNeeded || !(await supersede(work, plan))) await finish(work, plan, 0);
};

/** False where it cannot be: a run has begun it, or somebody has decided. */
const supersede = async ({ engine, lease, run, record }: Provisioning, { id }: Plan): Promise<boolean> => {
  const { plans } = engine.stores;
  await plans.supersede(lease, id, null);
  if ((await plans.get(id))?.standing.state !== 'superseded') return false;
  engine.world.log.info('plan.superseded', { plan: id, target: record.id, run: run.id });
  return true;
};

/** What is in doubt is in no plan, and whoever looks for it there has to hear of it. */
const withBoth = (held: HeldProblem, doubt: HeldProblem): HeldProblem => ({
  ...held,
  message: `${held.message} ${doubt.message}`,
});

/** No plan is made of it: nobody can approve what may be about somebody protected. */
const doubtOf = (work: Provisioning, operations: number): HeldProblem => {
  const { engine, run, record, shield } = work;
  const groups = shield.unreadable.length;
  engine.observe.held('protection');
  engine.world.log.warn('protection.unknown', { run: run.id, target: record.id, operations, groups });
  return (
    doubtProblem(work) ?? {
      code: 'protection_unknown',
      message: `Of ${operations} operations the tenant could not say, when it was asked right before, whether they are about somebody in a protected group. They were not done; the next run asks again.`,
      owner: 'your_team',
    }
  );
};

/** Nobody else may ask for a run in ten minutes. */
export const requestSecondLook = async ({ engine, run, record }: Provisioning, tally: Tally): Promise<void> => {
  if (run.scope !== null || (tally.counters().skipped['absence_unproven'] ?? 0) === 0) return;
  const notBefore = new Date(engine.world.now().getTime() + (engine.timing.secondLookMs ?? secondLookMs));
  await engine.stores.runs.request(
    newProvisionRun(record, run.id, { ...restOf(engine, run), mode: 'delta', notBefore, problem: secondLookProblem }),
  );
};

/** Keeps what is over the limits as a plan, unless somebody knows the same one already. */
const keepHeld = async (
  work: Provisioning,
  exceeded: readonly Exceeded[],
  moved: string | null,
  approved: Plan | null,
): Promise<HeldProblem> => {
  const { engine, lease, run, record } = work;
  for (const { limit, group, wanted, taken, allowed } of exceeded) {
    engine.observe.held(limit);
    engine.world.log.warn('guard.held', { run: run.id, target: record.id, limit, group, wanted, taken, allowed });
  }
  const content = await contentOfPlan(engine.stores, { target: record.id, id: work.planId });
  const known = moved === null && work.written === null ? await knownPlan(work, 'held', content) : null;
  if (known !== null) {
    await engine.stores.plans.unstage(lease, work.planId);
    // Approved, and the run that was to carry it out was never asked for, or looked at something else.
    if (known.standing.state === 'approved')
      await engine.stores.runs.request(
        newProvisionRun(record, run.id, {
          ...restOf(engine, run),
          mode: known.mode,
          scope: known.scope,
          plan: known.id,
        }),
      );
    return heldProblem(known, null, record);
  }
  const plan = work.written ?? (await makePlan(work, 'held', content, exceeded));
  if (moved !== null && approved !== null) {
    await engine.stores.plans.supersede(lease, approved.id, plan.id);
    engine.world.log.warn('plan.moved', { plan: approved.id, target: record.id, run: run.id });
  }
  return heldProblem(plan, moved, record);
};

/** What waited is no longer wanted: everybody is back, or it was within the limits after all. */
const supersedeWaiting = async (work: Provisioning, kind: 'first' | 'held'): Promise<void> => {
  const { engine, run, record } = work;
  const plan = await engine.stores.plans.newest({ target: record.id, kind, scope: run.scope });
  if (plan?.standing.state === 'waiting') await supersede(work, plan);
};

export const stateOf = ({ failed }: Counters): 'succeeded' | 'partially_succeeded' =>
  Object.keys(failed).length > 0 ? 'partially_succeeded' : 'succeeded';
