/** How a job goes to the back of the line, or rests until later. */

import type { Job, Queue } from 'bullmq';

/**
 * Another job follows this one, so long after it is done: BullMQ keeps it until then, as it keeps a wake-up that comes meanwhile, and the last of them
 * counts. It makes the one and ends the other in one step, so whoever dies before leaves a job that somebody takes up at once.
 *
 * The job itself is never put back. BullMQ's worker knows whose lock it renews by the id of the job alone, and forgets it after the turn: had another
 * of its slots taken the same job by then, nobody would renew the lock of that turn.
 */
export const followUp = async (queue: Pick<Queue, 'add' | 'getJob'>, job: Job, waitMs: number): Promise<void> => {
  const { deduplicationId: key } = job;
  const deduplication = key === undefined ? {} : { deduplication: oneAtATime(key) };
  const add = (priority: number) => queue.add(job.name, job.data, { priority, delay: waitMs, ...deduplication });
  // Both go to Redis together. Whoever asked since the job was taken up may have raised it, which is rare.
  const [known] = await Promise.all([job.id === undefined ? undefined : queue.getJob(job.id), add(job.priority)]);
  if (known !== undefined && known.priority < job.priority) await add(known.priority);
};

/** `keepLastIfActive`: asked for while running, it runs once more; `reschedule`: asked for while it waits for a time, it runs now. */
export const oneAtATime = (id: string) => ({ id, keepLastIfActive: true, reschedule: true });
