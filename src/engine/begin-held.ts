/**
 * An approved plan of what is over the limits may hold creates and updates beside what takes something away. A run comes to those first, so whether the
 * rest is still the same is looked at before anything of the plan is done, and not only when it comes to the removals.
 */

import { type Action, isDestructive } from '../model/operation.ts';
import type { Plan } from '../model/plan.ts';
import { noCounters } from '../model/run.ts';
import type { Gathered } from './gather.ts';
import { movedFrom } from './judge-removals.ts';
import { notBegunProblem } from './plan-problems.ts';
import { planRemovals } from './plan-removals.ts';
import type { Provisioning } from './provisioning.ts';
import { RunRefused } from './reactions.ts';
import { newProvisionRun, requestAgain, restOf } from './request-runs.ts';
import { startTally } from './tally.ts';

/** With the plan begun, where it holds both. Throws `RunRefused` where it is another by now, or its approval was taken back. */
export const beginHeld = async (work: Provisioning, gathered: Gathered): Promise<Provisioning> => {
  const { aim, engine, lease, run } = work;
  if (aim.kind !== 'provision' || aim.approved === null || !holdsBoth(aim.approved) || isBegun(aim.approved))
    return work;
  const plan = aim.approved;
  const { wanted } = await planRemovals(work, gathered, uncounted());
  const moved = await movedFrom(work, plan, wanted);
  if (moved !== null) await refuseMoved(work, plan, moved);
  const begun = await engine.stores.plans.begin(lease, plan.id, run.id);
  if (begun === null) throw new RunRefused(notBegunProblem((await engine.stores.plans.get(plan.id)) ?? plan));
  return { ...work, aim: { ...aim, approved: begun } };
};

const holdsBoth = ({ counts }: Plan): boolean => {
  const held = actions.filter((action) => counts[action] > 0);
  return held.some(isDestructive) && !held.every(isDestructive);
};
const actions = [
  'create',
  'update',
  'add_members',
  'remove_members',
  'disable',
  'delete',
] as const satisfies readonly Action[];

const isBegun = ({ standing }: Plan): boolean => standing.state === 'approved' && standing.begun !== null;

/** Who is left out is counted when the removals have their turn. */
const uncounted = () => startTally(noCounters, async () => {});

const refuseMoved = async ({ engine, lease, run, record }: Provisioning, plan: Plan, moved: string): Promise<never> => {
  await engine.stores.plans.supersede(lease, plan.id, null);
  engine.world.log.warn('plan.moved', { plan: plan.id, target: record.id, run: run.id });
  await requestAgain(engine, newProvisionRun(record, run.id, restOf(engine, run)));
  throw new RunRefused({
    code: 'plan_moved',
    message: `${moved} Nothing of it was done, and another run plans it anew.`,
    owner: 'your_team',
  });
};
