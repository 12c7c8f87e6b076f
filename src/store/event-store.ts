/**
 * The port of events: what happened, in the order it is told, per organization. Runs and changes are worked out from what stands in the store already
 * (`engine/relay-events.ts`), so that a run writes nothing for it; whoever else has something to tell calls `record`.
 */

import type { NewEvent, RecordedEvent } from '../model/event.ts';
import type { ConnectionId, EventId, OrganizationId, SourceId } from '../model/ids.ts';

export interface EventStore {
  /**
   * Appends them in this order to what their organizations are told. Durable on return. One whose key is recorded already is left as it is, also of
   * many at once.
   */
  record(events: readonly NewEvent[]): Promise<void>;
  /** What comes after this place, oldest first. */
  after(organization: OrganizationId, sequence: number, limit: number): Promise<readonly RecordedEvent[]>;
  get(organization: OrganizationId, id: EventId): Promise<RecordedEvent | null>;
  /** The place of the newest; 0: there was none yet. Never moves back, whatever is pruned. */
  newest(organization: OrganizationId): Promise<number>;
  /** Events that nobody was woken up for yet, oldest first. */
  untold(limit: number): Promise<readonly RecordedEvent[]>;
  told(ids: readonly EventId[]): Promise<void>;
  /** The version up to which the changes of a connection were told; null: none of them. */
  position(connection: ConnectionId): Promise<number | null>;
  /** `asOf`: where it stands; somebody who moved it meanwhile is right, and false is the answer. */
  moveTo(connection: ConnectionId, version: number, asOf: number | null): Promise<boolean>;
  /** Drops what is older. The places of organizations stay. */
  prune(before: Date): Promise<void>;
  /** What was told of one person, oldest first, in batches. */
  about(
    organization: OrganizationId,
    connection: ConnectionId,
    person: SourceId,
  ): AsyncIterable<readonly RecordedEvent[]>;
  /** Forgets it. Answers how many. */
  forgetPerson(organization: OrganizationId, connection: ConnectionId, person: SourceId): Promise<number>;
  /** Everything of a connection. */
  erase(organization: OrganizationId, connection: ConnectionId): Promise<void>;
}
