/** Wakes whoever works on a run. */

import { isOfTarget, type Run } from '../model/run.ts';
import type { Wakeups } from './wakeups.ts';

export const wakeFor = async (wakeups: Pick<Wakeups, 'sync' | 'provision'>, run: Run): Promise<void> => {
  const urgency = run.trigger === 'api' ? 'person' : run.kind === 'sync' && run.mode === 'full' ? 'full' : 'delta';
  if (isOfTarget(run)) await wakeups.provision(run.target, urgency);
  else await wakeups.sync(run.connection, urgency);
};

/**
 * Of what is to follow a job BullMQ keeps the last that was said: a rest takes the place of a wake-up that came before it. `next`: the run that goes next,
 * as it is found once the rest is said.
 */
export const wakeIfSooner = async (
  wakeups: Pick<Wakeups, 'sync' | 'provision'>,
  next: Run | null,
  restsUntil: Date,
): Promise<void> => {
  if (next !== null && (next.notBefore === null || next.notBefore < restsUntil)) await wakeFor(wakeups, next);
};
