/** The four queues, and what waits in them. Never a queue per connection, never a job per person. */

import type { ConnectionId, TargetId } from '../model/ids.ts';
import type { SyncMode } from '../model/run.ts';
import type { Urgency } from './wakeups.ts';

export const queueNames = ['tick', 'sync', 'provision', 'maintenance'] as const;
export type QueueName = (typeof queueNames)[number];

/** One waiting job per connection or target, whatever asks for it and how often. */
export const syncKey = (connection: ConnectionId): string => `sync:${connection}`;
export const provisionKey = (target: TargetId): string => `provision:${target}`;
export const purgeKey = (connection: ConnectionId): string => `purge:${connection}`;
export const probeKey = (id: ConnectionId | TargetId): string => `probe:${id}`;

/** Of a connection's schedules. No colon: BullMQ makes it part of a Redis key. */
export const schedulerId = (connection: ConnectionId, mode: SyncMode): string => `${mode}_${connection}`;

/** Lower goes first. Every job has one: BullMQ runs jobs without a priority before all others. */
export const priorityOf: Readonly<Record<Urgency, number>> = { person: 1, delta: 5, full: 10 };
