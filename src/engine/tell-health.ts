/** Has others told that a connection is not well any more, by the same word and code as its health says it; and that it is again. */

import { isWellAgain } from '../core/health.ts';
import type { Connection, Problem } from '../model/connection.ts';
import type { DegradedStatus, EventAbout } from '../model/event.ts';
import type { Engine } from './engine.ts';

type Telling = Pick<Engine, 'stores' | 'world'>;
type Told = Pick<Connection, 'id' | 'organization' | 'revision'>;

/** Before it is noted that it was: told twice is better than never. */
export const tellDegraded = async (
  telling: Telling,
  connection: Told,
  status: DegradedStatus,
  { code, owner }: Pick<Problem, 'code' | 'owner'>,
): Promise<void> => {
  await record(telling, connection, code, { type: 'connection.degraded', status, code, owner });
  await telling.stores.connections.noteReading(connection.id, connection.revision, { toldUnwell: code });
};

/** A sync was committed, a check or a probe passed. `connection`: as it is with that. Whoever was told nothing is told nothing. */
export const tellIfRecovered = async (
  telling: Telling,
  connection: Told & Parameters<typeof isWellAgain>[0],
): Promise<void> => {
  const { toldUnwell: code } = connection;
  if (code === null || !isWellAgain(connection)) return;
  await record(telling, connection, code, { type: 'connection.recovered', code });
  await telling.stores.connections.noteReading(connection.id, connection.revision, { toldUnwell: null });
};

const record = async (
  { stores, world }: Telling,
  { id, organization }: Told,
  code: string,
  about: Extract<EventAbout, { type: 'connection.degraded' | 'connection.recovered' }>,
): Promise<void> => {
  const at = world.now();
  const key = `${words[about.type]}|${id}|${at.toISOString()}|${code}`;
  await stores.events.record([{ key, organization, connection: id, at, about }]);
};

const words = { 'connection.degraded': 'degraded', 'connection.recovered': 'recovered' } as const;
