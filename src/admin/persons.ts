/** What somebody has a right to: to see all that is kept of them, and to have it erased. */

import type { Kept } from '../engine/kept-of-person.ts';
import { newSyncRun } from '../engine/request-runs.ts';
import type { Connection } from '../model/connection.ts';
import type { ConnectionId, PlanId, SourceId, TargetId } from '../model/ids.ts';
import { runId } from '../model/ids.ts';
import type { Link } from '../model/operation.ts';
import type { TargetRecord } from '../model/target-record.ts';
import { newId } from '../store/ids.ts';
import { holdsOutsiders } from './plans.ts';
import { found, Refused } from './refused.ts';
import { type Room, wake } from './room.ts';

/** `withheld_plan`: what this plan holds on them is for those alone who may choose the scope. */
export type Exported = Kept | { readonly kind: 'withheld_plan'; readonly target: TargetRecord; readonly plan: PlanId };
export type Left = { readonly target: TargetId; readonly link: Link };

/** It looks through what is kept of a whole tenant. */
const longestMs = 120_000;

export const personCommands = (room: Room) => {
  const { connections, runs } = room.stores;
  return {
    /** In batches, as they are taken. */
    async exportPerson(
      id: ConnectionId,
      person: SourceId,
      { seesOutsiders }: { readonly seesOutsiders: boolean },
    ): Promise<AsyncIterable<readonly Exported[]>> {
      const connection = found(await connections.get(id), 'connection');
      const kept = found(await room.engine.keptOf(connection, person, AbortSignal.timeout(longestMs)), 'person');
      return seesOutsiders ? kept : withoutOutsiders(room, connection, kept);
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

/** Whom the saved scope does not let in is named to nobody who could not let them in, by the list of a plan or by this. */
async function* withoutOutsiders(
  { stores: { plans } }: Room,
  connection: Connection,
  batches: AsyncIterable<readonly Kept[]>,
): AsyncGenerator<readonly Exported[]> {
  const withheld = new Map<PlanId, boolean>();
  for await (const batch of batches) {
    const shown: Exported[] = [];
    for (const kept of batch) {
      if (kept.kind !== 'planned_operation') {
        shown.push(kept);
        continue;
      }
      const { target, plan: id } = kept;
      const known = withheld.get(id);
      // What is staged for a plan that is not written down may be of any scope.
      const plan = known === undefined ? await plans.get(id) : null;
      const isWithheld = known ?? (plan === null || holdsOutsiders(plan, connection));
      withheld.set(id, isWithheld);
      if (!isWithheld) shown.push(kept);
      else if (known === undefined) shown.push({ kind: 'withheld_plan', target, plan: id });
    }
    if (shown.length > 0) yield shown;
  }
}
