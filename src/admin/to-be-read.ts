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

/** What was agreed to be read at most, with what is read beyond that because accounts are protected by it: for whoever has to agree. */
export const readAtMost = (
  agreed: Connection['attributes'],
  read: Connection['attributes'],
): Connection['attributes'] => ({
  user: [...new Set([...agreed.user, ...read.user])],
  group: [...new Set([...agreed.group, ...read.group])],
});
