/** The connection and target of a run, as they are now; the run is refused where nothing may be done with them. */

import type { Connection } from '../model/connection.ts';
import type { TargetId } from '../model/ids.ts';
import type { TargetInForce } from '../model/target-record.ts';
import type { Engine } from './engine.ts';
import { inForceForRun, type MappingRefused } from './in-force.ts';
import { RunRefused } from './reactions.ts';

export type Configured = { readonly connection: Connection; readonly record: TargetInForce };

/** `refused`: why nothing is written by its mapping. */
export const configured = async (
  engine: Engine,
  id: TargetId,
): Promise<Configured & { readonly refused: MappingRefused | null }> => {
  const record = await engine.stores.targets.get(id);
  if (record === null || record.state === 'deleting')
    throw new RunRefused({ code: 'target_removed', message: 'The target was removed.', owner: 'your_team' });
  const connection = await engine.stores.connections.get(record.connection);
  if (connection === null || connection.state === 'deleting')
    throw new RunRefused({ code: 'connection_removed', message: 'The connection was removed.', owner: 'your_team' });
  if (record.state !== 'active')
    throw new RunRefused({
      code: `target_${record.state}`,
      message: `The target is ${record.state}; nothing is written to it.`,
      owner: 'your_team',
    });
  return { connection, ...inForceForRun(engine, record) };
};
