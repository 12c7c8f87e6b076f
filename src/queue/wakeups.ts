/** What the commands and the engine ask of the queue. Each is only a wake-up: what is wanted stands in the store before it is asked for. */

import type { Connection } from '../model/connection.ts';
import type { ConnectionId, TargetId } from '../model/ids.ts';

/** A person's request goes before a delta, a delta before a full sync. */
export type Urgency = 'person' | 'delta' | 'full';

export type Wakeups = {
  readonly sync: (connection: ConnectionId, urgency: Urgency) => Promise<void>;
  readonly provision: (target: TargetId, urgency: Urgency) => Promise<void>;
  /** Creates or moves the schedules of a connection to its intervals. */
  readonly schedule: (connection: Connection) => Promise<void>;
  readonly unschedule: (connection: ConnectionId) => Promise<void>;
};
