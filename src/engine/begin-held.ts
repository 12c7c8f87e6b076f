/**
 * An approved plan of what is over the limits may hold creates and updates. A run comes to those first, so that the plan is begun before any of them, and
 * not only when it comes to the removals; whether what it takes away is still the same is looked at before that.
 */

import { type Action, isDestructive } from '../model/operation.ts';
import type { Plan } from '../model/plan.ts';
import { noCounters } from '../model/run.ts';
import type { Gathered } from './gather.ts';
import { movedFrom } from './judge-removals.ts';
import { planRemovals } from './plan-removals.ts';
import type { Provisioning } from './provisioning.ts';
import { EditedMeanwhile, RunRefused } from './reactions.ts';
import { newProvisionRun, requestAgain, restOf } from './request-runs.ts';
import { startTally } from './tally.ts';

/** With the plan begun, where it gives something. Throws `RunRefused` where it is another by now. */
export const beginHeld = async (work: Provisioning, gathered: Gathered): Promise<Provisioning> => {
  const { aim, engine, lease, run } = work;
  if (
    aim.kind !== 'provision' ||
    aim.approved === null ||
    !holdsAny(aim.approved, isGiving) ||
    !isToBegin(aim.approved)
  )
    return work;
  const plan = aim.approved;
  if (holdsAny(plan, isDestructive)) await refuseWhereMoved(work, gathered, plan);
  const begun = await engine.stores.plans.begin(lease, plan.id, run.id);
  // Its approval was taken back at this moment.
  if (begun === null) throw new EditedMeanwhile();
  return { ...work, aim: { ...aim, approved: begun } };
};

const isGiving = (action: Action): boolean => !isDestructive(action);
const holdsAny = ({ counts }: Plan, is: (action: Action) => boolean): boolean =>
  actions.some((action) => counts[action] > 0 && is(action));
const actions = [
  'create',
  'update',
  'add_members',
  'remove_members',
  'disable',
  'delete',
] as const satisfies readonly Action[];

/** One that this run has finished already, and died, is not begun again. */
const isToBegin = ({ standing }: Plan): boolean => standing.state === 'approved' && standing.begun === null;

/** Who is left out is counted when the removals have their turn. */
const uncounted = () => startTally(noCounters, async () => {});

const refuseWhereMoved = async (work: Provisioning, gathered: Gathered, plan: Plan): Promise<void> => {
  const { engine, lease, run, record } = work;
  const { wanted } = await planRemovals(work, gathered, uncounted());
  const moved = await movedFrom(work, plan, wanted);
  if (moved === null) return;
  await engine.stores.plans.supersede(lease, plan.id, null);
  engine.world.log.warn('plan.moved', { plan: plan.id, target: record.id, run: run.id });
  await requestAgain(engine, newProvisionRun(record, run.id, restOf(engine, run)));
  throw new RunRefused({
    code: 'plan_moved',
    message: `${moved} Nothing of it was done, and another run plans it anew.`,
    owner: 'your_team',
  });
};
