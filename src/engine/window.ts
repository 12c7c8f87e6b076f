/** Since when what a target lost counts against its limits: for the last 24 hours, and for as long as the run has been going on. */

import { windowMs } from '../core/guard.ts';
import type { Run } from '../model/run.ts';
import type { Engine } from './engine.ts';

type Within = { readonly engine: Pick<Engine, 'world'>; readonly run: Pick<Run, 'startedAt'> };

export const windowStart = ({ engine, run }: Within): Date => {
  const now = engine.world.now().getTime();
  return new Date(Math.min(now - windowMs, run.startedAt?.getTime() ?? now));
};
