/** Since when what a target lost counts against its limits: for the last 24 hours, and for as long as the run has been going on. */

import { windowMs } from '../core/guard.ts';
import type { Provisioning } from './provisioning.ts';

export const windowStart = ({ engine, run }: Pick<Provisioning, 'engine' | 'run'>): Date => {
  const now = engine.world.now().getTime();
  return new Date(Math.min(now - windowMs, run.startedAt?.getTime() ?? now));
};
