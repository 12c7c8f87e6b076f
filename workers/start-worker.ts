/** One BullMQ worker of ours: how long locks live, and how it stops. */

import { DelayedError, Worker } from 'bullmq';
import type { Parts } from '../src/compose.ts';
import type { QueueName } from '../src/queue/names.ts';
import { PayloadTooNew } from '../src/queue/payloads.ts';
import type { Processor } from './processors.ts';

export type Running = { readonly stop: () => Promise<void> };

type Needs = Pick<Parts, 'openWorkerConnection' | 'log'> & {
  readonly config: Pick<Parts['config'], 'queuePrefix'>;
  readonly times: Pick<Parts['times'], 'lockMs'>;
};

export const startWorker = (parts: Needs, queue: QueueName, processor: Processor, concurrency: number): Running => {
  const stopping = new AbortController();
  // Declared with its three parameters on purpose, see `Processor`. A job that is on its way to us when we are told to stop begins all the same.
  const worker = new Worker(
    queue,
    (job, token, signal) => unlessTooNew(parts.log, processor)(job, token, either(signal, stopping.signal)),
    {
      connection: parts.openWorkerConnection(),
      prefix: parts.config.queuePrefix,
      concurrency,
      lockDuration: parts.times.lockMs,
      stalledInterval: parts.times.lockMs / 2,
      // How often a job stalls proves nothing about the job: runs count their own faults.
      maxStalledCount: 1_000,
    },
  );
  worker.on('error', (error) => parts.log.warn('worker.error', { queue, message: error.message }));
  const stopResting = restAfterErrors(worker);
  worker.on('failed', (job, error) =>
    parts.log.error('job.failed', { queue, attempts: job?.attemptsMade, name: error.name, message: error.message }),
  );
  worker.on('lockRenewalFailed', (ids) => {
    for (const id of ids) worker.cancelJob(id, 'lock lost');
  });
  return {
    // The engine stops at its next safe place when its signal is aborted; close() then waits for it to get there.
    stop: async () => {
      stopping.abort('stopping');
      stopResting();
      await worker.close();
    },
  };
};

/** In a rolling update a job of the newer version may come to a worker of the older one: it is put back for a newer one to take. */
export const unlessTooNew =
  (log: Needs['log'], processor: Processor): Processor =>
  async (job, token, signal) => {
    try {
      await processor(job, token, signal);
    } catch (error) {
      if (!(error instanceof PayloadTooNew)) throw error;
      log.warn('job.too_new', { queue: job.queueName, message: error.message });
      await job.moveToDelayed(Date.now() + tooNewMs, token);
      throw new DelayedError();
    }
  };

const tooNewMs = 5_000;

export type Resting = {
  on(event: 'error', listener: (error: Error) => void): unknown;
  pause(doNotWaitActive: boolean): Promise<void>;
  resume(): Promise<void>;
};

const restMs = 1_000;

/**
 * A Redis that answers with an error, because its disk is full, or its memory, would be asked again at once, thousands of times a second, and fill
 * what room there is with lines of the log. Jobs under way go on.
 */
export const restAfterErrors = (worker: Resting): (() => void) => {
  let timer: NodeJS.Timeout | null = null;
  let isOver = false;
  const wake = (): void => {
    timer = null;
    worker.resume().catch(() => {});
  };
  worker.on('error', () => {
    if (timer !== null || isOver) return;
    timer = setTimeout(wake, restMs);
    worker.pause(true).catch(() => {});
  });
  return () => {
    isOver = true;
    if (timer !== null) clearTimeout(timer);
  };
};

const either = (job: AbortSignal | undefined, worker: AbortSignal): AbortSignal =>
  job === undefined ? worker : AbortSignal.any([job, worker]);
