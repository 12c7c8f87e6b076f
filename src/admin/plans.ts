/** Commands on plans: looking at what waits for a person, and deciding. */

import { holdsNothing } from '../core/plan-standing.ts';
import { inForce, stricterUntil } from '../core/safeguards.ts';
import { isWithin } from '../core/scope.ts';
import { refusals } from '../engine/plan-problems.ts';
import { newRunOfPlan, newRunToPlanAgain } from '../engine/request-runs.ts';
import type { Connection } from '../model/connection.ts';
import { type ConnectionId, type PlanId, type RunId, runId, type TargetId } from '../model/ids.ts';
import type { Action, Why } from '../model/operation.ts';
import type { Approver, Decision, Plan, PlanState, Staged } from '../model/plan.ts';
import type { Amends, ProvisionRun } from '../model/run.ts';
import { scopeFrom } from '../model/scope.ts';
import type { TargetInForce, TargetRecord } from '../model/target-record.ts';
import { newId } from '../store/ids.ts';
import type { PlanFilter } from '../store/plan-store.ts';
import type { Page } from '../store/snapshot-store.ts';
import { type Named, namedIn } from './named.ts';
import type { Reached, Within } from './reached.ts';
import { found, Refused } from './refused.ts';
import { type Room, wake } from './room.ts';
import { refuseUnseen } from './runs.ts';
import type { FilterWithin } from './stores-within.ts';

/**
 * `by` is the name of the API key, by which whoever says no more is told from others. `seen`: the hashes a person says they looked at, where they say so.
 */
export type Word = {
  readonly by: string;
  readonly reason: string;
  readonly approver?: Approver;
  readonly seen?: readonly (string | null)[];
};
/** `run` carries the plan out; null: somebody else has to approve it, too. */
export type Approved = { readonly plan: Plan; readonly run: ProvisionRun | null };
export type PlannedFor = Named & { readonly staged: Staged };

/** What becomes of accounts and groups comes before who is in a group: whoever reads of members has read of what they are members of. */
const passes: readonly (readonly Action[])[] = [
  ['create', 'update', 'disable', 'delete'],
  ['add_members', 'remove_members'],
];
/** Where a list of operations goes on: the pass, and the place in it. */
export const placeInPasses = /^[01] /;

export const planCommands = (room: Room, newRunId: () => RunId = () => runId(newId('run'))) => {
  const { plans, targets, runs } = room.stores;

  const get = async (id: PlanId): Promise<Within<Plan>> => found(await plans.get(id), 'plan');

  const tooLate = async (id: PlanId): Promise<Refused> =>
    refusalOf(await get(id)) ?? new Refused('plan_decided', 'Somebody decided on it at the same moment. Look again.');

  /** Releases exactly this plan, and asks for the run that carries it out. */
  const release = async (plan: Within<Plan>, { by, reason, approver, seen = [] }: Word): Promise<Approved> => {
    const record = found(await targets.get(plan.target), 'target');
    refuseInactive(record);
    const refusal = refusalOf(plan);
    if (refusal !== null) throw refusal;
    refuseOther(plan, seen);
    if (plan.kind !== 'first') await refuseUnseen(room, record);
    await refuseMoved(room, plan, record, newRunId());
    const decision = { by, reason, at: room.world.now(), approver: approver ?? namedOnly(by) };
    const guarded = inForce(record, { least: room.leastApprovals, now: decision.at });
    const approvals = await room.engine.approvalsOf(plan, record);
    const decided = await plans.decide(plan.id, 'approved', decision, approvals);
    if (decided === null) throw (await sameAgain(plan.id, guarded)) ?? (await tooLate(plan.id));
    if (decided.standing.state === 'waiting') {
      await tellFirst(room, decided, decision);
      return { plan: decided, run: null };
    }
    const run = newRunOfPlan(record, plan, { id: newRunId(), trigger: 'api', at: room.world.now() });
    const requested = await runs.request(run);
    await wake(room, 'provision', () => room.wakeups.provision(plan.target, 'person'));
    room.world.log.info('plan.approved', { plan: plan.id, target: plan.target, by, run: requested.run.id });
    return { plan: await get(plan.id), run: requested.run.kind === 'provision' ? requested.run : run };
  };

  /** Whoever approved it first, or the same person by another way. */
  const sameAgain = async (id: PlanId, { looserFrom }: TargetInForce): Promise<Refused | null> => {
    const { standing } = await get(id);
    if (standing.state !== 'waiting' || standing.approval === undefined) return null;
    const { by, at } = standing.approval;
    return new Refused(
      'another_person_needed',
      `${by} approved it on ${at.toISOString()}. It is over a limit, and takes the approval of somebody else as well: not of a key that they made, or that the same person made.${looserFrom === null ? '' : ` At this target, ${stricterUntil(looserFrom)}.`}`,
    );
  };

  return {
    getPlan: get,

    listPlans(filter: FilterWithin<PlanFilter>, after: string | null, limit: number): Promise<Page<Plan>> {
      return plans.list(filter, after, limit);
    },

    async showsOutsiders(id: PlanId): Promise<boolean> {
      const plan = await get(id);
      return holdsOutsiders(plan, found(await room.stores.connections.get(plan.connection), 'connection'));
    },

    async listPlanOperations(
      id: PlanId,
      filter: { readonly action?: Action; readonly why?: Why },
      after: string | null,
      limit: number,
    ): Promise<Page<PlannedFor>> {
      const plan = await get(id);
      const wanted = filter.action === undefined ? passes : [[filter.action]];
      let nth = after === null ? 0 : Number(after.slice(0, 1));
      let from = after === null ? null : after.slice(2) || null;
      const why = filter.why === undefined ? {} : { why: filter.why };
      const items: Staged[] = [];
      for (let actions = wanted[nth]; actions !== undefined && items.length < limit; actions = wanted[nth]) {
        const page = await plans.operations(plan, { actions, ...why }, from, limit - items.length);
        items.push(...page.items);
        from = page.next;
        if (from === null) nth += 1;
      }
      const next = nth < wanted.length ? `${nth} ${from ?? ''}` : null;
      return { items: await plannedFor(room, plan.connection, items), next };
    },

    /** The plan that a target waits for. */
    async waitingPlan(target: TargetId): Promise<Plan | null> {
      for (const kind of ['first', 'held'] as const) {
        const [plan] = (await plans.list({ target, kind, state: 'waiting' }, null, 1)).items;
        if (plan !== undefined) return plan;
      }
      return null;
    },

    /** Lets the target have what it waits for. */
    async approvePlan(id: PlanId, word: Word): Promise<Approved> {
      const plan = await get(id);
      refusePreview(plan);
      if (plan.kind === 'dry_run')
        throw new Refused(
          'plan_is_dry_run',
          'Nobody waits for the plan of a dry run. Apply it to have it carried out.',
        );
      return await release(plan, word);
    },

    /** Carries out what somebody had worked out by a dry run. */
    async applyPlan(id: PlanId, word: Word): Promise<Approved> {
      const plan = await get(id);
      refusePreview(plan);
      if (plan.kind !== 'dry_run')
        throw new Refused('plan_not_dry_run', 'The target waits for a decision on this plan. Approve or reject it.');
      return await release(plan, word);
    },

    /** Nothing of it is done. Takes back an approval, too, as far as it was not carried out yet. */
    async rejectPlan(id: PlanId, { by, reason, approver = namedOnly(by), seen = [] }: Word): Promise<Plan> {
      const plan = await get(id);
      refusePreview(plan);
      refuseOther(plan, seen);
      const rejected = await plans.decide(plan.id, 'rejected', { by, reason, approver, at: room.world.now() });
      if (rejected === null) throw await tooLate(id);
      room.world.log.info('plan.rejected', { plan: id, target: plan.target, by });
      return rejected;
    },
  };
};

/** Whether it holds people of a scope that somebody thinks of, whom the saved one does not let in. */
export const holdsOutsiders = ({ kind, basis }: Plan, { scope }: Pick<Connection, 'scope'>): boolean =>
  kind === 'preview' && basis.scope !== null && !isWithin(scopeFrom(basis.scope), scope);

const namedOnly = (by: string): Approver => ({ kind: 'configured_key', id: by, makers: [] });

/** The other one is to know that it waits for them. */
const tellFirst = async ({ engine, world }: Room, plan: Within<Plan>, { by, at }: Decision): Promise<void> => {
  world.log.info('plan.approved_once', { plan: plan.id, target: plan.target, by });
  await engine.tellApprovedOnce(plan, at);
};

const refusePreview = ({ kind }: Plan): void => {
  if (kind === 'preview')
    throw new Refused(
      'plan_is_preview',
      'It shows what another scope would mean. Save that scope, and the first run after it makes the plan to decide on.',
    );
};

export const plannedFor = async (
  room: Room,
  connection: Reached<ConnectionId>,
  staged: readonly Staged[],
): Promise<readonly PlannedFor[]> => {
  const named = await namedIn(
    room,
    connection,
    staged.map(({ operation }) => operation),
  );
  return staged.map((one) => ({ staged: one, ...named(one.operation) }));
};

const refuseInactive = (target: TargetRecord): void => {
  if (target.state !== 'active')
    throw new Refused('target_not_active', `The target is ${target.state}; nothing is written to it now.`);
};

/** What a plan holds never changes, so this is another plan, or was never one. */
const refuseOther = (plan: Plan, seen: readonly (string | null)[]): void => {
  if (seen.every((hash) => hash === null || hash === plan.hash)) return;
  throw new Refused(
    'stale_hash',
    // Its own hash is not told: whoever has it has looked, and a program that took it from here would not have.
    `The hash that was given is not that of the plan ${plan.id}. Look at GET /v1/plans/${plan.id} and at its operations, and decide on that plan with its hash.`,
  );
};

/** Null while it waits for a decision. */
const refusalOf = (plan: Plan): Refused | null => {
  const { standing } = plan;
  switch (standing.state) {
    case 'waiting':
      return null;
    case 'superseded':
      return new Refused(
        'plan_superseded',
        standing.by === null
          ? plan.amends !== null && holdsNothing(plan)
            ? nothingIn[plan.amends.kind]
            : 'Something moved since it was made, and what it holds is not wanted any more.'
          : `Something moved since it was made, or it was asked for again. The plan ${standing.by} took its place; look at that one.`,
      );
    case 'expired':
      return new Refused(
        'plan_expired',
        `It ${standing.decision === null ? 'waited' : `was approved by ${standing.decision.by}, and waited to be carried out,`} for too long, and ended on ${standing.at.toISOString()}. Decide on the newest plan of the target, or have it planned anew.`,
      );
    case 'refused':
      return new Refused(
        'plan_refused',
        `It was approved by ${standing.decision.by}, and ended on ${standing.at.toISOString()}, because ${refusals[standing.why]}. What was done of it stays; have it planned anew.`,
      );
    case 'approved':
    case 'rejected':
    case 'applied':
      return new Refused(
        'plan_decided',
        `It was ${words[standing.state]} by ${standing.decision.by} on ${standing.decision.at.toISOString()}: ${standing.decision.reason}`,
      );
  }
};

const nothingIn: Readonly<Record<Amends['kind'], string>> = {
  repair: 'It holds nothing: of what was found, all that a plan could put right is as it should be by now.',
  undo: 'It holds nothing: what the run did is taken back already, or is left out; GET /v1/plans/{plan_id}/left_out says what, and why.',
};

const words: Readonly<Record<Extract<PlanState, 'approved' | 'rejected' | 'applied'>, string>> = {
  approved: 'approved',
  rejected: 'rejected',
  applied: 'approved and carried out',
};

/** Says what moved, and has it planned anew. */
const refuseMoved = async (room: Room, plan: Within<Plan>, record: Within<TargetRecord>, id: RunId): Promise<void> => {
  const moved = await room.engine.movedSince(plan, record);
  if (moved.length === 0) return;
  const again = newRunToPlanAgain(record, plan, { id, trigger: 'api', at: room.world.now() });
  const { run } = await room.stores.runs.request(again);
  await wake(room, 'provision', () => room.wakeups.provision(record.id, 'person'));
  throw new Refused(
    'plan_moved',
    `It is not what would be done now, because ${moved.join(', and ')}. The run ${run.id} plans it anew.`,
  );
};
