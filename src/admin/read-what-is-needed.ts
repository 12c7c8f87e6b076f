/** Nothing is taken away before it is read who is protected, and nothing is done before the rules have what they take: not left to the schedule. */

import { areRead, attributesNeeded, attributesOfRules } from '../core/read-attributes.ts';
import { newSyncRun } from '../engine/request-runs.ts';
import type { Connection } from '../model/connection.ts';
import { runId } from '../model/ids.ts';
import type { TargetRecord } from '../model/target-record.ts';
import { newId } from '../store/ids.ts';
import type { Within } from './reached.ts';
import { type Room, wake } from './room.ts';

/** After an edit that names more, and when a connection or a target goes on: while it did not, nothing was asked for. */
export const readWhatIsNeeded = async (
  room: Room,
  connection: Within<Connection>,
  targets: readonly TargetRecord[],
): Promise<void> => {
  if (connection.state !== 'active') return;
  const needed = targets
    .filter(({ state }) => state === 'active')
    .flatMap((target) => [attributesNeeded(target.protected), attributesOfRules(connection.attributes, target)]);
  const head = await room.stores.snapshots.head(connection.id);
  if (head.version === 0 || needed.every((names) => areRead(names, head.attributes))) return;
  const wanted = { mode: 'full', scope: null, dryRun: false, trigger: 'api' } as const;
  const run = newSyncRun(connection, { ...wanted, id: runId(newId('run')), at: room.world.now() });
  await room.stores.runs.request(run);
  await wake(room, 'sync', () => room.wakeups.sync(connection.id, 'person'));
  room.world.log.info('run.requested', { run: run.id, kind: run.kind, connection: connection.id });
};
