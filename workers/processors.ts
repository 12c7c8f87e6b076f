/** BullMQ in, engine call, BullMQ's own signals out. No decisions: what is due, and when, the engine says. */

import { DelayedError, type Job } from 'bullmq';
import type { Turn } from '../src/engine/turn.ts';

/** Three declared parameters: BullMQ passes the abort signal only to a processor that declares it. */
export type Processor = (
  job: Job<unknown>,
  token: string | undefined,
  signal: AbortSignal | undefined,
) => Promise<void>;

export const neverAborted = new AbortController().signal;

/** A job that works one turn, and goes to the back of the line when there is more. */
/** `now`: the time that a turn goes by. BullMQ goes by the clock of the machine. */
export const turnProcessor =
  (turn: (data: unknown, signal: AbortSignal) => Promise<Turn>, now: () => Date): Processor =>
  async (job, token, signal) => {
    const { next, ...when } = await turn(job.data, signal ?? neverAborted);
    if (next === 'done' || !('at' in when)) return;
    await job.moveToDelayed(Date.now() + Math.max(1, when.at.getTime() - now().getTime()), token);
    throw new DelayedError();
  };
