/** How a job goes to the back of the line, or rests until later. */

import type { Job, Queue } from 'bullmq';

/** `rest`: nothing is due before, by what is known now. `again`: to come back sooner would be in vain. */
export type Wait = { readonly kind: 'rest' | 'again'; readonly ms: number };

/** Of a job that rests. All others go by the name of their queue. */
const resting = 'rest';

/**
 * Another job follows this one, so long after it is done: BullMQ keeps it until then, as it keeps a wake-up that comes meanwhile, and the last of them
 * counts. It makes the one and ends the other in one step, so whoever dies before leaves a job that somebody takes up at once.
 *
 * The job itself is never put back. BullMQ's worker knows whose lock it renews by the id of the job alone, and forgets it after the turn: had another
 * of its slots taken the same job by then, nobody would renew the lock of that turn.
 */
export const followUp = async (queue: Pick<Queue, 'add' | 'getJob'>, job: Job, wait: Wait): Promise<void> => {
  const name = wait.kind === 'rest' ? resting : job.queueName;
  const { deduplicationId: key } = job;
  const deduplication = key === undefined ? {} : { deduplication: oneAtATime(key) };
  const add = (priority: number) => queue.add(name, job.data, { priority, delay: wait.ms, ...deduplication });
  // Both go to Redis together. Whoever asked since the job was taken up may have raised it, which is rare.
  const [known] = await Promise.all([job.id === undefined ? undefined : queue.getJob(job.id), add(job.priority)]);
  if (known !== undefined && known.priority < job.priority) await add(known.priority);
};

/** `keepLastIfActive`: asked for while running, it runs once more; `reschedule`: asked for while it waits for a time, it runs now. */
export const oneAtATime = (id: string) => ({ id, keepLastIfActive: true, reschedule: true });

/** What is known of a job: its name, when it was made, and how long it has waited, or waits, since then; 0 once it waits no longer. In ms by the clock of the machine. */
export type Waiting = { readonly name: string; readonly timestamp: number; readonly delay: number };

/** Null: it does not rest. */
export const restsUntil = ({ name, timestamp, delay }: Waiting): number | null =>
  name === resting && delay > 0 ? timestamp + delay : null;
