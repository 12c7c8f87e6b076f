/** Writes down what a run has staged, as a plan for a person to look at. */

import { approvalsFor } from '../core/approvals.ts';
import { rulesMoved } from '../core/plan-basis.ts';
import { standingAtFirst } from '../core/plan-standing.ts';
import type { Exceeded, Plan, PlanKind } from '../model/plan.ts';
import { freshMs } from './aim.ts';
import { basisOf } from './basis.ts';
import type { Content } from './content-of-plan.ts';
import type { Provisioning } from './provisioning.ts';

export const makePlan = async (
  work: Provisioning,
  kind: PlanKind,
  content: Content,
  exceeded: readonly Exceeded[],
): Promise<Plan> => {
  const { engine, run, record, planId: id, through } = work;
  const now = await basisOf(engine.stores, record);
  const plan: Omit<Plan, 'standing'> = {
    id,
    organization: run.organization,
    connection: run.connection,
    target: record.id,
    kind,
    run: run.id,
    mode: run.mode,
    scope: run.scope,
    amends: run.amends,
    createdAt: engine.world.now(),
    ...content,
    // The snapshot may have moved on while the plan was made; then it is stale from the beginning, and found to be so.
    basis: { ...now, version: through },
    exceeded,
    approvals: approvalsFor(record.approvals, exceeded),
  };
  await engine.stores.plans.add(work.lease, plan);
  const facts = { plan: id, target: record.id, run: run.id, ...content.counts };
  const standing = standingAtFirst(plan);
  if (kind === 'preview') engine.world.log.info('plan.previewed', facts);
  else if (standing.state === 'waiting') engine.world.log.warn('plan.waits', { ...facts, kind });
  return (await engine.stores.plans.get(id)) ?? { ...plan, standing };
};

/**
 * A plan of the same content that somebody knows already, or has already decided on. One that was made by other rules cannot be approved any more, though
 * it holds the same: it is made anew.
 */
export const knownPlan = async (work: Provisioning, kind: PlanKind, { hash }: Content): Promise<Plan | null> => {
  const { engine, run, record } = work;
  const newest = await engine.stores.plans.newest({ target: record.id, kind, scope: run.scope });
  if (newest === null || newest.id === work.planId || newest.hash !== hash) return null;
  const now = await basisOf(engine.stores, record);
  if (rulesMoved(kind, newest.basis, { ...now, wanted: now.scope ?? '' }).length > 0) return null;
  if (engine.world.now().getTime() - newest.createdAt.getTime() >= freshMs) return null;
  switch (newest.standing.state) {
    case 'waiting':
    case 'approved':
      return newest;
    case 'rejected':
      // Whoever asks for a run after that wants to be asked again.
      return run.trigger === 'api' ? null : newest;
    case 'applied':
    case 'superseded':
    case 'refused':
    case 'expired':
      return null;
  }
};
