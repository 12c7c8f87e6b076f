/** BullMQ in, engine call, BullMQ's own signals out. No decisions: what is due, and when, the engine says. */

import { DelayedError, type Job } from 'bullmq';
import type { Turn } from '../src/engine/turn.ts';
import type { Run } from '../src/model/run.ts';
import { wakeIfSooner } from '../src/queue/wake-for.ts';
import type { Wakeups } from '../src/queue/wakeups.ts';

/** Three declared parameters: BullMQ passes the abort signal only to a processor that declares it. */
export type Processor = (
  job: Job<unknown>,
  token: string | undefined,
  signal: AbortSignal | undefined,
) => Promise<void>;

export const neverAborted = new AbortController().signal;

export type Lane<Payload> = {
  readonly payload: { readonly parse: (data: unknown) => Payload };
  readonly turn: (of: Payload, signal: AbortSignal) => Promise<Turn>;
  /** The run that goes next. */
  readonly next: (of: Payload) => Promise<Run | null>;
};

/** A job that works one turn, and goes to the back of the line when there is more. `now`: the time that a turn goes by; BullMQ goes by the machine's. */
export const turnProcessor =
  <Payload>(lane: Lane<Payload>, wakeups: Wakeups, now: () => Date): Processor =>
  async (job, token, signal) => {
    const of = lane.payload.parse(job.data);
    const end = await lane.turn(of, signal ?? neverAborted);
    if (end.next === 'done') return;
    await job.moveToDelayed(Date.now() + Math.max(1, end.at.getTime() - now().getTime()), token);
    if (end.next === 'rest') await wakeIfSooner(wakeups, await lane.next(of), end.at);
    throw new DelayedError();
  };
