/** What somebody has a right to: to see all that is kept of them, and to have it erased. */

import type { Kept } from '../engine/kept-of-person.ts';
import { newSyncRun } from '../engine/request-runs.ts';
import type { ConnectionId, SourceId, TargetId } from '../model/ids.ts';
import { runId } from '../model/ids.ts';
import type { Link } from '../model/operation.ts';
import { newId } from '../store/ids.ts';
import { found, Refused } from './refused.ts';
import { type Room, wake } from './room.ts';

export type Left = { readonly target: TargetId; readonly link: Link };

/** It looks through what is kept of a whole tenant. */
const longestMs = 120_000;

export const personCommands = (room: Room) => {
  const { connections, runs } = room.stores;
  return {
    /** In batches, as they are taken. */
    async exportPerson(id: ConnectionId, person: SourceId): Promise<AsyncIterable<readonly Kept[]>> {
      const connection = found(await connections.get(id), 'connection');
      return found(await room.engine.keptOf(connection, person, AbortSignal.timeout(longestMs)), 'person');
    },

    /** Their accounts at the targets stay; the answer says which. */
    async erasePerson(id: ConnectionId, person: SourceId): Promise<readonly Left[]> {
      const connection = found(await connections.get(id), 'connection');
      const erasure = await room.engine.erasePerson(connection, person, AbortSignal.timeout(longestMs));
      switch (erasure.kind) {
        case 'unknown':
          throw new Refused('not_found', 'There is no such person.');
        case 'in_scope':
          throw new Refused(
            'person_in_scope',
            'They are in the tenant and in the scope, so the next sync would bring them back. Have them taken out of one of these first.',
          );
        case 'not_yet':
          throw new Refused('not_erasable_yet', erasure.why);
        case 'erased': {
          if (connection.state !== 'active') return erasure.left;
          const wanted = { mode: 'full', scope: null, dryRun: false, trigger: 'api' } as const;
          const run = newSyncRun(connection, { ...wanted, id: runId(newId('run')), at: room.world.now() });
          await runs.request(run);
          await wake(room, 'sync', () => room.wakeups.sync(id, 'person'));
          return erasure.left;
        }
      }
    },
  };
};
