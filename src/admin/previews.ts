/** Commands on previews: asking what another scope would mean before it is saved. */

import { isWithin } from '../core/scope.ts';
import { planOfPreview } from '../engine/aim.ts';
import { newPreviewRun } from '../engine/request-runs.ts';
import { type ConnectionId, type RunId, runId } from '../model/ids.ts';
import type { Plan } from '../model/plan.ts';
import type { PreviewRun } from '../model/run.ts';
import { type Scope, scopeKey } from '../model/scope.ts';
import type { TargetRecord } from '../model/target-record.ts';
import { newId } from '../store/ids.ts';
import { found, Refused } from './refused.ts';
import { type Room, wake } from './room.ts';
import { type Requested, refuseInactive } from './runs.ts';

/** `plan`: null where none was made, or none yet. */
export type PreviewedTarget = { readonly record: TargetRecord; readonly plan: Plan | null };
export type Preview = { readonly run: PreviewRun; readonly targets: readonly PreviewedTarget[] };

export const previewCommands = (room: Room) => {
  const { connections, runs, plans, snapshots, targets } = room.stores;

  return {
    /** Whether it reads nobody who may not be read already: whoever chooses another scope decides who is let in. */
    async isPreviewWithin(id: ConnectionId, proposed: Scope): Promise<boolean> {
      return isWithin(proposed, found(await connections.get(id), 'connection').scope);
    },

    async requestPreview(id: ConnectionId, proposed: Scope): Promise<Requested> {
      const connection = found(await connections.get(id), 'connection');
      refuseInactive(connection);
      if ((await snapshots.head(connection.id)).scope === scopeKey(proposed))
        throw new Refused(
          'scope_unchanged',
          'The tenant was read with this scope already. To see what a target would get, ask for a dry run.',
        );
      const wanted = { id: runId(newId('run')), trigger: 'api', at: room.world.now(), proposed } as const;
      const requested = await runs.request(newPreviewRun(connection, wanted));
      await wake(room, 'sync', () => room.wakeups.sync(id, 'person'));
      room.world.log.info('run.requested', {
        run: requested.run.id,
        kind: requested.run.kind,
        connection: id,
        already_queued: requested.alreadyQueued,
      });
      return requested;
    },

    /** What is known of it so far. */
    async getPreview(id: RunId): Promise<Preview> {
      const run = found(await runs.get(id), 'run');
      if (run.kind !== 'preview') throw new Refused('not_found', 'This run is no preview.');
      const previewed: PreviewedTarget[] = [];
      for (const record of await targets.of(run.connection))
        if (record.state !== 'deleting')
          previewed.push({ record, plan: await plans.get(planOfPreview(run, record.id)) });
      return { run, targets: previewed };
    },
  };
};
