/**
 * The collection of events, `_id` = organization|sequence. The number an event gets is one more than the newest, and of two who take the same one only
 * one is let in: the other looks again. So there are no gaps, and whoever has read up to a place never misses what was on its way below it.
 */

import type mongoose from 'mongoose';
import type { EventAbout, NewEvent, RecordedEvent } from '../../model/event.ts';
import { connectionId, eventId, type OrganizationId, organizationId } from '../../model/ids.ts';
import type { EventStore } from '../event-store.ts';
import { newId } from '../ids.ts';
import type { Db } from './connect.ts';
import { isDuplicate } from './duplicates.ts';
import { createEventPlaces } from './event-places.ts';
import { keyset, startsWith } from './keyset.ts';

type EventDocument = {
  readonly _id: string;
  readonly id: string;
  readonly organization: string;
  readonly connection: string;
  readonly sequence: number;
  readonly key: string;
  readonly at: Date;
  readonly about: EventAbout;
  readonly untold?: true;
};

export const name = 'events';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [
  { key: { key: 1 } },
  { key: { id: 1 } },
  { key: { at: 1 } },
  { key: { 'about.person': 1 }, sparse: true },
  { key: { untold: 1 }, sparse: true },
];

/** How often somebody who records looks again when others were faster. */
const attempts = 100;
const batchSize = 500;

export const createMongoEventStore = (db: Db): EventStore => {
  const collection = db.collection<EventDocument>(name);
  const places = createEventPlaces(db);

  const newest = async (organization: OrganizationId): Promise<number> => {
    const held = await places.newest(organization);
    const last = await collection.findOne(
      { _id: startsWith(prefixOf(organization)) },
      { sort: { _id: -1 }, projection: { sequence: 1 } },
    );
    return Math.max(held, last?.sequence ?? 0);
  };

  /** The place is looked at before the keys: whoever came in between took the number, and is seen the next time. */
  const recordOf = async (organization: OrganizationId, events: readonly NewEvent[]): Promise<void> => {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const from = await newest(organization);
      const known = new Set(await keysAmong(organization, events));
      const fresh = events.filter(({ key }) => !known.has(key));
      if (fresh.length === 0) return;
      try {
        await collection.insertMany(fresh.map((event, nth) => documentOf(event, from + nth + 1)));
        return;
      } catch (error) {
        if (!isDuplicate(error)) throw error;
      }
    }
    throw new Error(`Events of ${organization} met others at their place ${attempts} times; record them again.`);
  };

  const keysAmong = async (organization: OrganizationId, events: readonly NewEvent[]): Promise<readonly string[]> => {
    const keys = events.map(({ key }) => key);
    const found = await collection.find({ key: { $in: keys }, organization }, { projection: { key: 1 } }).toArray();
    return found.map(({ key }) => key);
  };

  /** Each organization's place is held before what shows it goes. */
  const drop = async (filter: object): Promise<number> => {
    let dropped = 0;
    const pages = keyset<Pick<EventDocument, '_id' | 'organization'>>(
      (_, limit) =>
        collection
          .find(filter, { projection: { organization: 1 } })
          .limit(limit)
          .toArray(),
      batchSize,
    );
    for await (const page of pages) {
      for (const organization of new Set(page.map((event) => organizationId(event.organization))))
        await places.hold(organization, await newest(organization));
      dropped += (await collection.deleteMany({ _id: { $in: page.map(({ _id }) => _id) } })).deletedCount;
    }
    return dropped;
  };

  return {
    record: async (events) => {
      for (const [organization, own] of Map.groupBy(events, (event) => event.organization))
        for (let from = 0; from < own.length; from += batchSize)
          await recordOf(organization, withoutRepeats(own.slice(from, from + batchSize)));
    },
    after: async (organization, sequence, limit) => {
      const { $lt } = startsWith(prefixOf(organization));
      const found = await collection
        .find({ _id: { $gt: idOf(organization, sequence), $lt } })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray();
      return found.map(eventOf);
    },
    get: async (organization, id) => {
      const found = await collection.findOne({ id, organization });
      return found === null ? null : eventOf(found);
    },
    newest,
    untold: async (limit) => {
      const found = await collection.find({ untold: true }).limit(limit).toArray();
      return found.map(eventOf);
    },
    told: async (ids) => {
      await collection.updateMany({ id: { $in: [...ids] } }, { $unset: { untold: '' } });
    },
    position: places.position,
    moveTo: places.moveTo,
    prune: async (before) => {
      await drop({ at: { $lt: before } });
    },
    about: async function* (organization, connection, person) {
      // As many as a person can have in the days that events are kept.
      const found = await collection.find({ 'about.person': person, organization, connection }).toArray();
      if (found.length > 0) yield found.map(eventOf).toSorted((a, b) => a.sequence - b.sequence);
    },
    forgetPerson: (organization, connection, person) => drop({ 'about.person': person, organization, connection }),
    erase: async (organization, connection) => {
      await drop({ _id: startsWith(prefixOf(organization)), connection });
      await places.forget(connection);
    },
  };
};

/** Encoded, so that no organization's name can reach into the numbers of another. */
const prefixOf = (organization: OrganizationId): string => `${encodeURIComponent(organization)}|`;
const idOf = (organization: OrganizationId, sequence: number): string =>
  `${prefixOf(organization)}${String(sequence).padStart(12, '0')}`;

/** The first of each key, in their order. */
const withoutRepeats = (events: readonly NewEvent[]): readonly NewEvent[] =>
  [...Map.groupBy(events, ({ key }) => key).values()].flatMap(([first]) => first ?? []);

const documentOf = ({ organization, connection, key, at, about }: NewEvent, sequence: number): EventDocument => ({
  _id: idOf(organization, sequence),
  id: newId('evt'),
  organization,
  connection,
  sequence,
  key,
  at,
  about,
  untold: true,
});

const eventOf = ({ id, organization, connection, sequence, key, at, about }: EventDocument): RecordedEvent => ({
  id: eventId(id),
  organization: organizationId(organization),
  connection: connectionId(connection),
  sequence,
  key,
  at,
  about,
});
