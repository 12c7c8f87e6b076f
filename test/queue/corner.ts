/** The four queues in a corner of the shared Redis that no other test sees, and a hand to work on them step by step. */

import { randomUUID } from 'node:crypto';
import { type Job, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { bullmqWakeups } from '../../src/queue/bullmq-wakeups.ts';
import type { QueueName } from '../../src/queue/names.ts';
import { openQueues } from '../../src/queue/queues.ts';
import { producerConnection, workerConnection } from '../../src/queue/redis.ts';
import { freshPrefix } from '../support/fresh.ts';

export type Hand = {
  /** Takes the job whose turn it is, and holds it; undefined when there is none. */
  readonly take: () => Promise<Job | undefined>;
  readonly finish: (job: Job) => Promise<void>;
  readonly putBack: (job: Job, until: Date) => Promise<void>;
};

export const openCorner = async () => {
  const { prefix, url } = freshPrefix();
  const redis = producerConnection(url);
  await redis.connect();
  const look = new Redis(url);
  const queues = openQueues(redis, prefix);
  const workers: Worker[] = [];
  const connections = [redis, look];

  const keys = async (): Promise<readonly string[]> => {
    const all: string[] = [];
    for await (const some of look.scanStream({ match: `${prefix}:*`, count: 1_000 })) all.push(...some);
    return all.sort();
  };
  return {
    prefix,
    url,
    redis,
    look,
    queues,
    wakeups: bullmqWakeups(queues),
    keys,
    /** As if Redis had lost everything: of this corner alone. */
    lose: async (): Promise<void> => {
      const all = await keys();
      if (all.length > 0) await look.unlink(...all);
    },
    /** Every job of a queue that is not done. */
    jobs: (queue: QueueName): Promise<Job[]> => queues[queue].getJobs(['active', 'wait', 'prioritized', 'delayed']),
    /** The job of each time that one was taken up. */
    taken: async (queue: QueueName): Promise<readonly string[]> => {
      const events = await look.xrange(`${prefix}:${queue}:events`, '-', '+');
      return events.flatMap(([, [, event, , job = '']]) => (event === 'active' ? [job] : []));
    },
    hand: (queue: QueueName): Hand => {
      const connection = workerConnection(url);
      const worker = new Worker(queue, null, { connection, prefix });
      workers.push(worker);
      connections.push(connection);
      const token = randomUUID();
      return {
        take: () => worker.getNextJob(token, { block: false }),
        finish: async (job) => {
          await job.moveToCompleted(null, token, false);
        },
        putBack: (job, until) => job.moveToDelayed(until.getTime(), token),
      };
    },
    close: async (): Promise<void> => {
      for (const worker of workers) await worker.close();
      await queues.close();
      for (const connection of connections) connection.disconnect();
    },
  };
};

export type Corner = Awaited<ReturnType<typeof openCorner>>;
