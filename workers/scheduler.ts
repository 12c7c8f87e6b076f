/** Turns ticks into runs, keeps the queue as the store says it should be, and does the housekeeping. */

import { randomBytes } from 'node:crypto';
import type { Parts } from '../src/compose.ts';
import { askForProvisioning, onTick, resume } from '../src/engine/ask-for-runs.ts';
import { prune, purge } from '../src/engine/maintenance.ts';
import { nextRun } from '../src/engine/next-run.ts';
import { probeConnection, probeTarget } from '../src/engine/quarantine.ts';
import { tendSubscriptions } from '../src/engine/subscriptions.ts';
import { tendPlans } from '../src/engine/tend-plans.ts';
import { tendSecrets } from '../src/engine/tend-secrets.ts';
import { errorFacts } from '../src/logger.ts';
import { notificationPath } from '../src/model/subscription.ts';
import { maintenancePayload, tickPayload } from '../src/queue/payloads.ts';
import { reconcile } from '../src/queue/reconcile.ts';
import { neverAborted } from './processors.ts';
import { type Running, startWorker } from './start-worker.ts';

const pruneEveryMs = 86_400_000;
/** Probes wait for others most of the time, and must not wait for each other. */
const maintenanceAtOnce = 8;

export const startScheduler = (parts: Parts): Running => {
  const tick = startWorker(
    parts,
    'tick',
    async (job, _token, _signal) => {
      const { connection, mode } = tickPayload.parse(job.data);
      await onTick(asking(parts), connection, mode);
    },
    20,
  );
  const maintenance = startWorker(
    parts,
    'maintenance',
    async (job, _token, signal) => onMaintenance(parts, job.data, signal ?? neverAborted),
    maintenanceAtOnce,
  );
  const stopped = new AbortController();
  const reconciling = keepReconciled(parts, stopped.signal);
  const subscribing = keepSubscribed(parts, stopped.signal);
  return {
    stop: async () => {
      stopped.abort();
      await Promise.all([tick.stop(), maintenance.stop(), reconciling, subscribing]);
    },
  };
};

const asking = ({ engine, wakeups }: Pick<Parts, 'engine' | 'wakeups'>) => ({
  stores: engine.stores,
  now: engine.world.now,
  newRunId: engine.newRunId,
  wakeups,
});

const onMaintenance = async (parts: Parts, data: unknown, signal: AbortSignal): Promise<void> => {
  const payload = maintenancePayload.parse(data);
  switch (payload.what) {
    case 'prune':
      return await prune(parts.engine, parts.config.leaversKeptDays, signal);
    case 'purge':
      return await purge(parts.engine, payload.connection);
    case 'probe_target': {
      const released = await probeTarget(parts.engine, payload.target, signal);
      if (released !== null) await askForProvisioning(asking(parts), released, 'retry');
      return;
    }
    case 'probe_connection': {
      const released = await probeConnection(parts.engine, payload.connection, signal);
      if (released !== null) await resume(asking(parts), released);
    }
  }
};

const keepReconciled = async (parts: Parts, signal: AbortSignal): Promise<void> => {
  const { engine, log } = parts;
  let tendedAt: Date | null = null;
  while (!signal.aborted) {
    try {
      await parts.queues.maintenance.upsertJobScheduler(
        'prune',
        { every: pruneEveryMs, offset: 7_200_000 },
        { name: 'prune', data: { what: 'prune' }, opts: { priority: 10 } },
      );
      const repaired = await reconcile({
        ...parts,
        stores: engine.stores,
        now: engine.world.now,
        machineNow: Date.now,
        next: (of) => nextRun(engine, of),
        requestProvision: async (target) => {
          await askForProvisioning(asking(parts), target, 'retry');
        },
      });
      if (repaired.schedules + repaired.wakeups > 0)
        log.warn('queue.repaired', { schedules: repaired.schedules, wakeups: repaired.wakeups });
      parts.metrics.reconcilerRepaired(repaired.schedules + repaired.wakeups);
      await tendPlans(engine);
      tendedAt = await tendSecrets(engine, tendedAt);
    } catch (error) {
      log.warn('queue.unreconciled', { message: error instanceof Error ? error.message : 'unknown' });
    }
    await engine.world.sleep(parts.times.reconcileMs, signal).catch(() => {});
  }
};

/** 256 bits, told Graph alone. */
const newState = (): string => randomBytes(32).toString('base64url');

/** Apart from the queue, which must not wait for a tenant that does not answer. */
const keepSubscribed = async ({ engine, config, log, times }: Parts, signal: AbortSignal): Promise<void> => {
  if (config.publicUrl === null) return;
  while (!signal.aborted) {
    try {
      await tendSubscriptions({ ...engine, newState }, `${config.publicUrl}${notificationPath}`, signal);
    } catch (error) {
      log.warn('subscriptions.untended', errorFacts(error));
    }
    await engine.world.sleep(times.reconcileMs, signal).catch(() => {});
  }
};
