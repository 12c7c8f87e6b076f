/**
 * The collection of places, read by `_id` alone: `newest|organization` is a place that no event shows any more, `told|connection` the version up to
 * which its changes were told.
 */

import type { ConnectionId, OrganizationId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import { isDuplicate } from './duplicates.ts';

type PlaceDocument = { readonly _id: string; readonly place: number };

const name = 'event_places';

export const createEventPlaces = (db: Db) => {
  const collection = db.collection<PlaceDocument>(name);
  const placeOf = async (id: string): Promise<number | null> => (await collection.findOne({ _id: id }))?.place ?? null;
  return {
    newest: async (organization: OrganizationId): Promise<number> => (await placeOf(`newest|${organization}`)) ?? 0,
    /** It never moves back. */
    hold: async (organization: OrganizationId, place: number): Promise<void> => {
      await collection.updateOne({ _id: `newest|${organization}` }, { $max: { place } }, { upsert: true });
    },
    position: (connection: ConnectionId): Promise<number | null> => placeOf(`told|${connection}`),
    moveTo: async (connection: ConnectionId, version: number, asOf: number | null): Promise<boolean> => {
      const _id = `told|${connection}`;
      if (asOf !== null)
        return (await collection.updateOne({ _id, place: asOf }, { $set: { place: version } })).matchedCount === 1;
      try {
        await collection.insertOne({ _id, place: version });
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },
    forget: async (connection: ConnectionId): Promise<void> => {
      await collection.deleteOne({ _id: `told|${connection}` });
    },
  };
};
