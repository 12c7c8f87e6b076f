/**
 * Keeps on record how reading a tenant goes (`core/health.ts`), so that no connection is told to be well whose syncs come to no end, and has others told
 * when it is not well any more, and when it is again.
 */

import { isNewTrouble, problemIn, troubleAfterCheck, troubleAfterRun } from '../core/health.ts';
import type { CheckReport } from '../model/check.ts';
import type { Connection, Problem, Trouble } from '../model/connection.ts';
import type { SyncRun } from '../model/run.ts';
import type { Engine } from './engine.ts';
import { tellDegraded, tellIfRecovered } from './tell-health.ts';

type Noting = Pick<Engine, 'stores' | 'world'>;
/** What a run or a check went by: of a connection that was edited since, it says nothing. */
type GoneBy = Pick<Connection, 'id' | 'revision'>;

/** A run ended: it committed what it read, or is held by a problem. Of one that went as the one before it nothing is written. */
export const noteEnd = async (noting: Noting, run: SyncRun, by: GoneBy, held: Problem | null): Promise<void> => {
  if (held !== null) return await noteTrouble(noting, run, held, by);
  const connection = await meantBy(noting, run, by);
  if (connection === null) return;
  if (connection.firstReadAt === null || connection.trouble !== null) {
    const note = { firstReadAt: connection.firstReadAt ?? noting.world.now(), trouble: null };
    await noting.stores.connections.noteReading(run.connection, connection.revision, note);
  }
  await tellIfRecovered(noting, { ...connection, trouble: null });
};

/** A run came to no end by this, or waits. */
export const noteTrouble = async (noting: Noting, run: SyncRun, problem: Problem, by: GoneBy | null): Promise<void> => {
  const connection = await meantBy(noting, run, by);
  if (connection === null) return;
  await keep(noting, connection, troubleAfterRun(connection.trouble, problem, noting.world.now()));
};

/** A check of the tenant passed, or failed. */
export const noteCheck = async (noting: Noting, by: GoneBy, report: CheckReport): Promise<void> => {
  const connection = await asOf(noting, by);
  if (connection === null) return;
  const trouble = troubleAfterCheck(connection.trouble, report, noting.world.now());
  await keep(noting, connection, trouble);
  if (problemIn(report) === null) await tellIfRecovered(noting, { ...connection, trouble });
};

/** The connection as it is now, with what was found since the run began; null where the run says nothing of it: one group is not the tenant. */
const meantBy = async (noting: Noting, run: SyncRun, by: GoneBy | null): Promise<Connection | null> => {
  if (run.scope !== null) return null;
  return by === null ? await noting.stores.connections.get(run.connection) : await asOf(noting, by);
};

const asOf = async ({ stores }: Noting, { id, revision }: GoneBy): Promise<Connection | null> => {
  const connection = await stores.connections.get(id);
  return connection?.revision === revision ? connection : null;
};

const keep = async (noting: Noting, connection: Connection, trouble: Trouble | null): Promise<void> => {
  if (trouble === connection.trouble) return;
  // Before it is noted: told twice is better than never.
  if (trouble !== null && isNewTrouble(connection, trouble))
    await tellDegraded(noting, connection, 'degraded', trouble.problem);
  await noting.stores.connections.noteReading(connection.id, connection.revision, { trouble });
};
