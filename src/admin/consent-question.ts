/** What somebody agrees to who connects a tenant: as their page shows it, and as it must still be when they have said so. */

import type { Connection } from '../model/connection.ts';
import { scopeKey } from '../model/scope.ts';
import type { ConfirmStep } from '../store/consent-store.ts';
import { digestOf } from './consents.ts';
import type { Within } from './reached.ts';
import type { Room } from './room.ts';
import { readAtMost, toBeRead } from './to-be-read.ts';

/** `attributes`: that are read at most. */
export type Question = Pick<Connection, 'organization' | 'name' | 'cloud' | 'scope' | 'attributes'>;

/** As things are now. */
export const questionOf = async (room: Room, connection: Within<Connection>): Promise<Question> =>
  questionAbout(connection, await toBeRead(room, connection));

/** `read`: what the sync that follows reads. */
export const questionAbout = (
  { organization, name, cloud, scope, attributes }: Connection,
  read: Pick<Connection, 'attributes'>,
): Question => ({ organization, name, cloud, scope, attributes: readAtMost(attributes, read.attributes) });

/** Two questions with the same one ask the same. */
export const digestOfQuestion = ({ organization, name, cloud, scope, attributes: { user, group } }: Question): string =>
  digestOf(JSON.stringify([organization, name, cloud, scopeKey(scope), user.toSorted(), group.toSorted()]));

/** Whether what they agreed to is what would be done: somebody may have edited the connection, or what protects accounts, while they read. */
export const isStillAsked = async (
  room: Room,
  connection: Within<Connection>,
  { question }: Pick<ConfirmStep, 'question'>,
): Promise<boolean> => digestOfQuestion(await questionOf(room, connection)) === question;
