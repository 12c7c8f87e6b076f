/** The queues as those who add jobs see them. */

import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type QueueName, queueNames } from './names.ts';

export type Queues = Readonly<Record<QueueName, Queue>> & {
  /** How many jobs of each state each queue holds. */
  readonly counts: () => Promise<
    readonly { readonly queue: QueueName; readonly state: string; readonly jobs: number }[]
  >;
  readonly close: () => Promise<void>;
};

export const openQueues = (connection: Redis, prefix: string): Queues => {
  const open = (name: QueueName): Queue =>
    new Queue(name, {
      connection,
      prefix,
      streams: { events: { maxLen: 1_000 } },
      defaultJobOptions: {
        // Only our own infrastructure's faults throw; a tenant's or a target's are waited out in MongoDB.
        attempts: 8,
        backoff: { type: 'exponential', delay: 500, jitter: 0.5 },
        removeOnComplete: true,
        removeOnFail: { count: 500 },
      },
    });
  const queues = {
    tick: open('tick'),
    sync: open('sync'),
    provision: open('provision'),
    maintenance: open('maintenance'),
  };
  for (const queue of Object.values(queues)) queue.on('error', () => {});
  return {
    ...queues,
    counts: async () => {
      const all = await Promise.all(
        queueNames.map(async (name) => ({ name, counts: await queues[name].getJobCounts() })),
      );
      return all.flatMap(({ name, counts }) =>
        Object.entries(counts).map(([state, jobs]) => ({ queue: name, state, jobs })),
      );
    },
    close: async () => {
      await Promise.all(Object.values(queues).map((queue) => queue.close()));
    },
  };
};
