/** Wake-ups as BullMQ jobs. One job per connection or target waits at a time; one that is asked for while it runs follows once. */

import type { JobsOptions } from 'bullmq';
import type { Connection } from '../model/connection.ts';
import type { SyncMode } from '../model/run.ts';
import { priorityOf, provisionKey, schedulerId, syncKey } from './names.ts';
import type { Queues } from './queues.ts';
import { intervalsOf, offsetOf } from './schedules.ts';
import type { Urgency, Wakeups } from './wakeups.ts';

export const bullmqWakeups = (queues: Pick<Queues, 'tick' | 'sync' | 'provision'>): Wakeups => ({
  sync: async (connection, urgency) => {
    await queues.sync.add('sync', { connection }, wakeOptions(syncKey(connection), urgency));
  },
  provision: async (target, urgency) => {
    await queues.provision.add('provision', { target }, wakeOptions(provisionKey(target), urgency));
  },
  schedule: async (connection) => {
    for (const mode of ['delta', 'full'] as const) await scheduleOne(queues, connection, mode);
  },
  unschedule: async (connection) => {
    for (const mode of ['delta', 'full'] as const) await queues.tick.removeJobScheduler(schedulerId(connection, mode));
  },
});

/** `keepLastIfActive`: asked for while running, it runs once more; `reschedule`: asked for while it waits for a time, it runs now. */
const wakeOptions = (key: string, urgency: Urgency): JobsOptions => ({
  priority: priorityOf[urgency],
  deduplication: { id: key, keepLastIfActive: true, reschedule: true },
});

const scheduleOne = async (queues: Pick<Queues, 'tick'>, connection: Connection, mode: SyncMode): Promise<void> => {
  const every = intervalsOf(connection)[mode];
  const id = schedulerId(connection.id, mode);
  await queues.tick.upsertJobScheduler(
    id,
    { every, offset: offsetOf(id, every) },
    { name: 'tick', data: { connection: connection.id, mode }, opts: { priority: priorityOf[mode] } },
  );
};
