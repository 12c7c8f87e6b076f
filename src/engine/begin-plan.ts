/** A run begins to carry out what a person approved: exactly that, or nothing of it. */

import { defaultPlanAges, isTooOld } from '../core/plan-age.ts';
import type { Plan, PlanRefusal } from '../model/plan.ts';
import type { ProvisionRun } from '../model/run.ts';
import type { Lease } from '../store/leases.ts';
import { contentOfPlan } from './content-of-plan.ts';
import type { Engine } from './engine.ts';

type Beginning = { readonly engine: Engine; readonly lease: Lease; readonly run: ProvisionRun };

/** Nothing more of the plan is done. */
export const refusePlan = async (
  { engine, run }: { readonly engine: Pick<Engine, 'stores' | 'world'>; readonly run: Pick<ProvisionRun, 'id'> | null },
  plan: Plan,
  why: PlanRefusal,
): Promise<void> => {
  await engine.stores.plans.refuse(plan.id, why, engine.world.now());
  engine.world.log.error('plan.refused', { plan: plan.id, target: plan.target, run: run?.id ?? null, why });
};

/** Whether it was, and nobody decided on it or began it at this moment. */
export const expirePlan = async ({ stores, world }: Pick<Engine, 'stores' | 'world'>, plan: Plan): Promise<boolean> => {
  const { state } = plan.standing;
  if (state !== 'waiting' && state !== 'approved') return false;
  if ((await stores.plans.expire(plan.id, state, world.now())) === null) return false;
  world.log.warn('plan.expired', { plan: plan.id, target: plan.target, kind: plan.kind, state });
  return true;
};

/**
 * Null, with the plan expired or refused, where it was approved too long ago; where what is kept of its operations is not what was looked at; and where somebody took the approval back at this
 * moment. Whether a plan that is held is still what would be done is found in the run, so that begins it (`begin-held.ts`, `judge-removals.ts`).
 */
export const beginPlan = async ({ engine, lease, run }: Beginning, plan: Plan): Promise<Plan | null> => {
  const { plans } = engine.stores;
  if (isTooOld(plan, engine.timing.planAges ?? defaultPlanAges, engine.world.now())) {
    await expirePlan(engine, plan);
    return null;
  }
  const { hash } = await contentOfPlan(engine.stores, plan);
  if (hash !== plan.hash) {
    await refusePlan({ engine, run }, plan, 'content_changed');
    return null;
  }
  return plan.kind === 'held' ? plan : await plans.begin(lease, plan.id, run.id);
};
