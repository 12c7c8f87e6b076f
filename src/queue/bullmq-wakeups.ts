/** Wake-ups as BullMQ jobs. One job per connection or target waits at a time; one that is asked for while it runs follows once. */

import type { Queue } from 'bullmq';
import type { Connection } from '../model/connection.ts';
import type { SyncMode } from '../model/run.ts';
import { oneAtATime } from './follow-up.ts';
import { priorityOf, provisionKey, schedulerId, syncKey } from './names.ts';
import type { Queues } from './queues.ts';
import { intervalsOf, offsetOf } from './schedules.ts';
import type { Urgency, Wakeups } from './wakeups.ts';

export const bullmqWakeups = (queues: Pick<Queues, 'tick' | 'sync' | 'provision'>): Wakeups => ({
  sync: async (connection, urgency) => {
    await wake(queues.sync, { connection }, syncKey(connection), urgency);
  },
  provision: async (target, urgency) => {
    await wake(queues.provision, { target }, provisionKey(target), urgency);
  },
  schedule: async (connection) => {
    for (const mode of ['delta', 'full'] as const) await scheduleOne(queues, connection, mode);
  },
  unschedule: async (connection) => {
    for (const mode of ['delta', 'full'] as const) await queues.tick.removeJobScheduler(schedulerId(connection, mode));
  },
});

/** The job that waits already keeps its own priority (BullMQ drops the new one's), so a more urgent wake-up raises it. */
const wake = async (queue: Queue, ids: object, key: string, urgency: Urgency): Promise<void> => {
  const priority = priorityOf[urgency];
  const { id } = await queue.add(queue.name, ids, { priority, deduplication: oneAtATime(key) });
  const waiting = id === undefined ? undefined : await queue.getJob(id);
  if (waiting !== undefined && waiting.priority > priority) await waiting.changePriority({ priority });
};

const scheduleOne = async (queues: Pick<Queues, 'tick'>, connection: Connection, mode: SyncMode): Promise<void> => {
  const every = intervalsOf(connection)[mode];
  const id = schedulerId(connection.id, mode);
  await queues.tick.upsertJobScheduler(
    id,
    { every, offset: offsetOf(id, every) },
    { name: 'tick', data: { connection: connection.id, mode }, opts: { priority: priorityOf[mode] } },
  );
};
