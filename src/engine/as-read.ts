/**
 * A turn goes by the connection and the target as it read them at its start. It asks here between what it does whether they still are as they were, so
 * that an edit (somebody protected, a lower limit, a pause) reaches everybody whose turn has not come yet. What the engine notes of them itself
 * (quarantine, use of credentials) is no edit. All throw `EditedMeanwhile`.
 */

import { isAtRest } from '../core/at-rest.ts';
import type { Connection } from '../model/connection.ts';
import type { Run } from '../model/run.ts';
import type { Configured } from './configured.ts';
import type { Engine } from './engine.ts';
import { EditedMeanwhile } from './reactions.ts';

export const assertConnectionAsRead = async (
  { stores }: Pick<Engine, 'stores'>,
  { id, revision }: Pick<Connection, 'id' | 'revision'>,
): Promise<void> => {
  const now = await stores.connections.get(id);
  if (now?.revision !== revision) throw new EditedMeanwhile();
};

export const assertAsRead = async (
  engine: Pick<Engine, 'stores'>,
  { connection, record }: Configured,
): Promise<void> => {
  const [now] = await Promise.all([engine.stores.targets.get(record.id), assertConnectionAsRead(engine, connection)]);
  if (now?.revision !== record.revision) throw new EditedMeanwhile();
};

/** Of a run that was taken up in the moment in which its connection was paused or held back. */
export const assertGoesOn = (run: Run, { state }: Pick<Connection, 'state'>): void => {
  if (isAtRest(run, state)) throw new EditedMeanwhile();
};
