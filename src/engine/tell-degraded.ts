/** Has others told that a connection is not well any more: by the same word, and with the same code, as its health says it. */

import type { Connection, Problem } from '../model/connection.ts';
import type { DegradedStatus } from '../model/event.ts';
import type { Engine } from './engine.ts';

export const tellDegraded = async (
  { stores, world }: Pick<Engine, 'stores' | 'world'>,
  { id, organization }: Pick<Connection, 'id' | 'organization'>,
  status: DegradedStatus,
  { code, owner }: Pick<Problem, 'code' | 'owner'>,
): Promise<void> => {
  const at = world.now();
  const key = `degraded|${id}|${at.toISOString()}|${code}`;
  const about = { type: 'connection.degraded', status, code, owner } as const;
  await stores.events.record([{ key, organization, connection: id, at, about }]);
};
