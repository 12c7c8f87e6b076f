/**
 * A turn goes by the connection and the target as it read them at its start, and by the plan that it carries out. It asks here between what it does
 * whether they still are as they were, so that an edit (somebody protected, a lower limit, a pause) and an approval that is taken back reach everybody
 * whose turn has not come yet. What the engine notes of them itself (quarantine, use of credentials) is no edit. All throw `EditedMeanwhile`.
 */

import { isAtRest } from '../core/at-rest.ts';
import { isCarriedOutBy } from '../core/plan-standing.ts';
import type { Connection } from '../model/connection.ts';
import type { Run } from '../model/run.ts';
import { planOf } from './aim.ts';
import type { Engine } from './engine.ts';
import type { Provisioning } from './provisioning.ts';
import { EditedMeanwhile } from './reactions.ts';

export const assertConnectionAsRead = async (
  { stores }: Pick<Engine, 'stores'>,
  { id, revision }: Pick<Connection, 'id' | 'revision'>,
): Promise<void> => {
  const now = await stores.connections.get(id);
  if (now?.revision !== revision) throw new EditedMeanwhile();
};

export const assertAsRead = async (work: Provisioning): Promise<void> => {
  const { engine, connection, record } = work;
  const [now] = await Promise.all([
    engine.stores.targets.get(record.id),
    assertConnectionAsRead(engine, connection),
    assertApproved(work),
  ]);
  if (now?.revision !== record.revision) throw new EditedMeanwhile();
};

/** Of the plan that a run carries out, if it does. */
export const assertApproved = async ({ engine, aim, run }: Provisioning): Promise<void> => {
  const plan = planOf(aim);
  if (plan === null) return;
  const now = await engine.stores.plans.get(plan.id);
  if (now === null || !isCarriedOutBy(now.standing, run.id)) throw new EditedMeanwhile();
};

/** Of a run that was taken up in the moment in which its connection was paused or held back. */
export const assertGoesOn = (run: Run, { state }: Pick<Connection, 'state'>): void => {
  if (isAtRest(run, state)) throw new EditedMeanwhile();
};
