import { asRead, isWatched } from '../engine/what-is-read.ts';
import type { Connection } from '../model/connection.ts';
import type { ToProve } from '../source/source.ts';
import type { Within } from './reached.ts';
import type { Room } from './room.ts';

/** The connection as the sync that follows reads it, with whether changes are to be told: what a check proves, and a customer is asked to grant. */
export const toBeRead = async (room: Room, connection: Within<Connection>): Promise<Within<Connection> & ToProve> => {
  const { targets, subscriptions } = room.stores;
  const watched = isWatched(await subscriptions.of(connection.id));
  return { ...asRead(room, connection, await targets.of(connection.id)), watched };
};
