/** BullMQ in, engine call, what follows out. No decisions: what is due, and when, the engine says. */

import type { Job, Queue } from 'bullmq';
import type { Turn } from '../src/engine/turn.ts';
import type { Run } from '../src/model/run.ts';
import { followUp } from '../src/queue/follow-up.ts';
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
  readonly queue: Pick<Queue, 'add' | 'getJob'>;
  readonly payload: { readonly parse: (data: unknown) => Payload };
  readonly turn: (of: Payload, signal: AbortSignal) => Promise<Turn>;
  /** The run that goes next. */
  readonly next: (of: Payload) => Promise<Run | null>;
};

/** A job that works one turn, and is followed by another when there is more. `now`: the time that a turn goes by; BullMQ goes by the machine's, and is told for how long. */
export const turnProcessor =
  <Payload>(lane: Lane<Payload>, wakeups: Wakeups, now: () => Date): Processor =>
  async (job, _token, signal) => {
    const of = lane.payload.parse(job.data);
    const end = await lane.turn(of, signal ?? neverAborted);
    if (end.next === 'done') return;
    await followUp(lane.queue, job, { kind: end.next, ms: Math.max(0, end.at.getTime() - now().getTime()) });
    if (end.next === 'rest') await wakeIfSooner(wakeups, await lane.next(of), end.at);
  };
