/** Events, in memory: the same promises as the store in MongoDB, for tests and simulations. */

import type { RecordedEvent } from '../../model/event.ts';
import { type ConnectionId, type EventId, eventId, type OrganizationId } from '../../model/ids.ts';
import type { EventStore } from '../event-store.ts';
import { newId } from '../ids.ts';

const isAbout = (
  event: RecordedEvent,
  ...[organization, connection, person]: Parameters<EventStore['about']>
): boolean =>
  event.organization === organization &&
  event.connection === connection &&
  'person' in event.about &&
  event.about.person === person;

export const createMemoryEventStore = (): EventStore => {
  let kept: readonly RecordedEvent[] = [];
  const newest = new Map<OrganizationId, number>();
  const untold = new Set<EventId>();
  const positions = new Map<ConnectionId, number>();
  const drop = (isToGo: (event: RecordedEvent) => boolean): number => {
    const before = kept.length;
    for (const { id } of kept.filter(isToGo)) untold.delete(id);
    kept = kept.filter((event) => !isToGo(event));
    return before - kept.length;
  };
  return {
    record: async (events) => {
      for (const event of events) {
        if (kept.some(({ key, organization }) => key === event.key && organization === event.organization)) continue;
        const sequence = (newest.get(event.organization) ?? 0) + 1;
        newest.set(event.organization, sequence);
        const recorded = { ...event, id: eventId(newId('evt')), sequence };
        kept = [...kept, recorded];
        untold.add(recorded.id);
      }
    },
    after: async (organization, sequence, limit) =>
      kept.filter((event) => event.organization === organization && event.sequence > sequence).slice(0, limit),
    get: async (organization, id) =>
      kept.find((event) => event.organization === organization && event.id === id) ?? null,
    newest: async (organization) => newest.get(organization) ?? 0,
    untold: async (limit) => kept.filter(({ id }) => untold.has(id)).slice(0, limit),
    told: async (ids) => {
      for (const id of ids) untold.delete(id);
    },
    position: async (connection) => positions.get(connection) ?? null,
    moveTo: async (connection, version, asOf) => {
      if ((positions.get(connection) ?? null) !== asOf) return false;
      positions.set(connection, version);
      return true;
    },
    prune: async (before) => {
      drop(({ at }) => at < before);
    },
    about: async function* (...asked) {
      const about = kept.filter((event) => isAbout(event, ...asked));
      if (about.length > 0) yield about;
    },
    forgetPerson: async (...asked) => drop((event) => isAbout(event, ...asked)),
    erase: async (organization, connection) => {
      drop((event) => event.organization === organization && event.connection === connection);
      positions.delete(connection);
    },
  };
};
