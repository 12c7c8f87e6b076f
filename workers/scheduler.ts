/** Turns ticks into runs, keeps the queue as the store says it should be, and does the housekeeping. */

import type { Parts } from '../src/compose.ts';
import { prune, purge } from '../src/engine/maintenance.ts';
import { probeConnection, probeTarget } from '../src/engine/quarantine.ts';
import { newProvisionRun, newSyncRun } from '../src/engine/request-runs.ts';
import type { Connection } from '../src/model/connection.ts';
import type { SyncMode, Trigger } from '../src/model/run.ts';
import { maintenancePayload, tickPayload } from '../src/queue/payloads.ts';
import { reconcile } from '../src/queue/reconcile.ts';
import { neverAborted } from './processors.ts';
import { type Running, startWorker } from './start-worker.ts';

const pruneEveryMs = 86_400_000;
/** Probes wait for others most of the time, and must not wait for each other. */
const maintenanceAtOnce = 8;

export const startScheduler = (parts: Parts): Running => {
  const tick = startWorker(parts, 'tick', async (job, _token, _signal) => onTick(parts, job.data), 20);
  const maintenance = startWorker(
    parts,
    'maintenance',
    async (job, _token, signal) => onMaintenance(parts, job.data, signal ?? neverAborted),
    maintenanceAtOnce,
  );
  const stopped = new AbortController();
  const reconciling = keepReconciled(parts, stopped.signal);
  return {
    stop: async () => {
      stopped.abort();
      await Promise.all([tick.stop(), maintenance.stop(), reconciling]);
    },
  };
};

/** A tick only asks for work: ticks overlap freely, runs do not. */
const onTick = async ({ engine, wakeups }: Parts, data: unknown): Promise<void> => {
  const { connection: id, mode } = tickPayload.parse(data);
  const connection = await engine.stores.connections.get(id);
  if (connection?.state !== 'active') return;
  await requestSync({ engine, wakeups }, connection, mode, 'schedule');
};

const requestSync = async (
  { engine, wakeups }: Pick<Parts, 'engine' | 'wakeups'>,
  connection: Connection,
  mode: SyncMode,
  trigger: Trigger,
): Promise<void> => {
  const wanted = { mode, id: engine.newRunId(), scope: null, dryRun: false, trigger, at: engine.world.now() };
  await engine.stores.runs.request(newSyncRun(connection, wanted));
  await wakeups.sync(connection.id, mode);
};

const onMaintenance = async (parts: Parts, data: unknown, signal: AbortSignal): Promise<void> => {
  const payload = maintenancePayload.parse(data);
  switch (payload.what) {
    case 'prune':
      return await prune(parts.engine);
    case 'purge':
      return await purge(parts.engine, payload.connection);
    case 'probe_target': {
      const released = await probeTarget(parts.engine, payload.target, signal);
      if (released !== null) await requestProvision(parts, released);
      return;
    }
    case 'probe_connection': {
      const released = await probeConnection(parts.engine, payload.connection, signal);
      if (released !== null) await resume(parts, released);
    }
  }
};

/** Its schedule went with the quarantine. */
const resume = async (parts: Parts, connection: Connection): Promise<void> => {
  await parts.wakeups.schedule(connection);
  await requestSync(parts, connection, 'delta', 'retry');
};

const keepReconciled = async (parts: Parts, signal: AbortSignal): Promise<void> => {
  const { engine, log } = parts;
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
        requestProvision: (target) => requestProvision(parts, target),
      });
      if (repaired.schedules + repaired.wakeups > 0)
        log.warn('queue.repaired', { schedules: repaired.schedules, wakeups: repaired.wakeups });
      parts.metrics.reconcilerRepaired(repaired.schedules + repaired.wakeups);
    } catch (error) {
      log.warn('queue.unreconciled', { message: error instanceof Error ? error.message : 'unknown' });
    }
    await engine.world.sleep(parts.times.reconcileMs, signal).catch(() => {});
  }
};

const requestProvision = async (
  { engine, wakeups }: Parts,
  target: Parameters<Parameters<typeof reconcile>[0]['requestProvision']>[0],
): Promise<void> => {
  const wanted = {
    id: engine.newRunId(),
    mode: 'delta',
    scope: null,
    dryRun: false,
    trigger: 'retry',
    at: engine.world.now(),
  } as const;
  await engine.stores.runs.request(newProvisionRun(target, null, wanted));
  await wakeups.provision(target.id, 'delta');
};
