/**
 * How long credentials hold: read of the tenant by whoever reads it anyway, and told once as the end comes near. Harmless to repeat, and to do from several
 * places at once.
 */

import { areEndsDue, endOf, isLast, nameOf, toBeTold } from '../core/credential-life.ts';
import { errorFacts } from '../logger.ts';
import { type Connection, type CredentialPlace, credentialPlaces } from '../model/connection.ts';
import { SourceError } from '../model/errors.ts';
import type { Source } from '../source/source.ts';
import type { Engine } from './engine.ts';

/** Once a day. What cannot be read is not missed: it keeps no run from its end. */
export const readCredentialEnds = async (
  { stores, world }: Pick<Engine, 'stores' | 'world'>,
  connection: Connection,
  source: Pick<Source, 'credentialEnds'>,
  signal: AbortSignal,
): Promise<void> => {
  const at = world.now();
  if (!areEndsDue(connection, at)) return;
  try {
    const ends = await source.credentialEnds(signal);
    if (ends !== null) await stores.connections.noteUse(connection.id, connection.revision, { read: { at, ends } });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    world.log.info('credential.end_unread', { connection: connection.id, code: error.code });
  }
};

/** Goes through all connections, and says of each credential once at each stage how near its end is. */
export const tellCredentials = async (engine: Pick<Engine, 'stores' | 'world'>): Promise<void> => {
  for await (const connections of engine.stores.connections.all())
    for (const connection of connections)
      if (connection.state !== 'deleting') for (const place of credentialPlaces) await tell(engine, connection, place);
};

/**
 * Who is the first to note it tells it, and nobody after that; as an event it is recorded before, once by its key, so that whoever dies in between leaves it
 * told.
 */
const tell = async (
  { stores, world }: Pick<Engine, 'stores' | 'world'>,
  connection: Connection,
  place: CredentialPlace,
): Promise<void> => {
  const now = world.now();
  const told = toBeTold(connection, place, now);
  const end = endOf(connection, place, now);
  if (told === null || end === null) return;
  const { stage } = told;
  const credential = nameOf(connection, place);
  const last = isLast(connection, place, end);
  await stores.events.record([
    {
      key: `expiring|${connection.id}|${place}|${stage}|${end.endsAt.toISOString()}`,
      organization: connection.organization,
      connection: connection.id,
      at: now,
      about: { type: 'credential.expiring', credential, stage, endsAt: end.endsAt, isLast: last },
    },
  ]);
  if (!(await stores.connections.noteTold(connection.id, connection.revision, place, told))) return;
  world.log.warn('credential.expiring', {
    connection: connection.id,
    credential,
    stage,
    days_left: end.daysLeft,
    ends_at: end.endsAt.toISOString(),
    is_last: last,
  });
};

/** The login service took the other of two credentials. */
export const noteSwitch = (
  { stores, world }: Pick<Engine, 'stores' | 'world'>,
  { id, revision }: Connection,
  { now, refusal }: { readonly now: CredentialPlace; readonly refusal: SourceError },
): void => {
  world.log.warn('credential.switched', { connection: id, credential: now, code: refusal.code });
  // A token is waited for: that this could not be noted keeps nobody from it, and costs one refused request later.
  stores.connections
    .noteUse(id, revision, { inUse: now })
    .catch((error: unknown) => world.log.warn('credential.use_not_noted', { connection: id, ...errorFacts(error) }));
};
