/** Keeps on record how reading a tenant goes (`core/health.ts`), so that no connection is told to be well whose syncs come to no end. */

import { troubleAfterRun } from '../core/health.ts';
import type { Connection, Problem } from '../model/connection.ts';
import type { SyncRun } from '../model/run.ts';
import type { Engine } from './engine.ts';

type Noting = Pick<Engine, 'stores' | 'world'>;

/** A run ended: it committed what it read, or is held by a problem. Of one that went as the one before it nothing is written. */
export const noteEnd = async (
  noting: Noting,
  run: SyncRun,
  { firstReadAt, trouble, revision }: Connection,
  held: Problem | null,
): Promise<void> => {
  if (held !== null) return await noteTrouble(noting, run, held, { revision });
  // One group that can be read says nothing of the others.
  if (run.scope !== null || (firstReadAt !== null && trouble === null)) return;
  const note = { firstReadAt: firstReadAt ?? noting.world.now(), trouble: null };
  await noting.stores.connections.noteReading(run.connection, revision, note);
};

/** A run came to no end by this, or waits. `by`: what it went by; of a connection that was edited since, it says nothing. */
export const noteTrouble = async (
  noting: Noting,
  run: SyncRun,
  problem: Problem,
  by: Pick<Connection, 'revision'> | null,
): Promise<void> => {
  const { connections } = noting.stores;
  const connection = run.scope === null ? await connections.get(run.connection) : null;
  if (connection === null || (by !== null && by.revision !== connection.revision)) return;
  const trouble = troubleAfterRun(connection.trouble, problem, noting.world.now());
  if (trouble !== connection.trouble) await connections.noteReading(run.connection, connection.revision, { trouble });
};
