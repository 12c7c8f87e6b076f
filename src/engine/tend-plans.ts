/**
 * Brings plans to an end that nobody else brings there. What waited too long is planned anew; an approval is not kept for ever; and what is carried out by
 * the run that was asked for it, and by no other, ends with that run. Harmless to repeat, and to do from several places at once.
 */

import { defaultPlanAges, isTooOld } from '../core/plan-age.ts';
import type { OpenState, Plan } from '../model/plan.ts';
import { askedFor } from '../model/plan.ts';
import { isEnded, type Run } from '../model/run.ts';
import { expirePlan, refusePlan } from './begin-plan.ts';
import type { Engine } from './engine.ts';
import { newRunOfPlan, newRunToPlanAgain } from './request-runs.ts';

export type Tending = Pick<Engine, 'stores' | 'world' | 'newRunId' | 'wakeTarget' | 'timing'>;

export const tendPlans = async (engine: Tending): Promise<void> => {
  for (const state of ['waiting', 'approved'] as const satisfies readonly OpenState[]) {
    let after: string | null = null;
    do {
      const page = await engine.stores.plans.list({ state }, after, pageSize);
      for (const plan of page.items) await tend(engine, plan);
      after = page.next;
    } while (after !== null);
  }
};

const pageSize = 200;

const tend = async (engine: Tending, plan: Plan): Promise<void> => {
  if (isTooOld(plan, engine.timing.planAges ?? defaultPlanAges, engine.world.now())) {
    // Whoever only wanted to see something, and never came back to it, asks again.
    const isWanted = plan.standing.state === 'approved' || !askedFor.includes(plan.kind);
    if ((await expirePlan(engine, plan)) && isWanted) await request(engine, plan, newRunToPlanAgain);
    return;
  }
  if (plan.standing.state === 'approved' && isOfItsRun(plan))
    await followItsRun(engine, plan, plan.standing.decision.at);
};

/** Any run of the whole target goes on with what such a target waits for; the rest is done by the run that was asked for it alone. */
const isOfItsRun = ({ kind, scope }: Plan): boolean => askedFor.includes(kind) || scope !== null;

/** Approving writes the decision first, and asks for the run after it. */
const graceMs = 60_000;

const followItsRun = async (engine: Tending, plan: Plan, approvedAt: Date): Promise<void> => {
  const runs = await runsOf(engine, plan);
  if (runs.some(({ state }) => !isEnded(state))) return;
  if (runs.length > 0) return await refusePlan({ engine, run: runs[0] ?? null }, plan, 'run_ended');
  if (engine.world.now().getTime() - approvedAt.getTime() >= graceMs) await request(engine, plan, newRunOfPlan);
};

/** Newest first. */
const runsOf = async ({ stores }: Tending, { id, target }: Plan): Promise<readonly Run[]> =>
  (await stores.runs.list({ target, plan: id }, null, pageSize)).items;

const request = async (engine: Tending, plan: Plan, make: typeof newRunOfPlan): Promise<void> => {
  const record = await engine.stores.targets.get(plan.target);
  if (record?.state !== 'active') return;
  const { run } = await engine.stores.runs.request(
    make(record, plan, { id: engine.newRunId(), trigger: 'retry', at: engine.world.now() }),
  );
  engine.world.log.info('run.requested', { run: run.id, kind: run.kind, connection: run.connection, plan: plan.id });
  await engine.wakeTarget(plan.target);
};
