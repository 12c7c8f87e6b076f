/** One BullMQ worker of ours: how long locks live, and how it stops. */

import { Worker } from 'bullmq';
import type { Parts } from '../src/compose.ts';
import type { QueueName } from '../src/queue/names.ts';
import type { Processor } from './processors.ts';

export type Running = { readonly stop: () => Promise<void> };

export const startWorker = (parts: Parts, queue: QueueName, processor: Processor, concurrency: number): Running => {
  // Declared with its three parameters on purpose, see `Processor`.
  const worker = new Worker(queue, (job, token, signal) => processor(job, token, signal), {
    connection: parts.openWorkerConnection(),
    prefix: parts.config.queuePrefix,
    concurrency,
    lockDuration: parts.times.lockMs,
    stalledInterval: parts.times.lockMs / 2,
    // How often a job stalls proves nothing about the job: runs count their own faults.
    maxStalledCount: 1_000,
  });
  worker.on('error', (error) => parts.log.warn('worker.error', { queue, message: error.message }));
  worker.on('failed', (job, error) =>
    parts.log.error('job.failed', { queue, attempts: job?.attemptsMade, name: error.name, message: error.message }),
  );
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, 'lock lost');
  });
  return {
    // The engine stops at its next safe place when its signal is aborted; close() then waits for it to get there.
    stop: async () => {
      await worker.cancelAllJobs('stopping');
      await worker.close();
    },
  };
};
