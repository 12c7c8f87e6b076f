/** Commands on taking back what a provision run did. */

import type { LeftOutReason } from '../core/undo.ts';
import { freshMs } from '../engine/aim.ts';
import { leftOutIn, leftOutOf } from '../engine/undo.ts';
import { type PlanId, type RunId, runId } from '../model/ids.ts';
import { isEnded, type ProvisionRun } from '../model/run.ts';
import { newId } from '../store/ids.ts';
import type { Page } from '../store/snapshot-store.ts';
import { type PlannedFor, plannedFor } from './plans.ts';
import type { Within } from './reached.ts';
import { found, Refused } from './refused.ts';
import type { Room } from './room.ts';
import { type Requested, requestAmending } from './runs.ts';

/** An operation of the run that is not undone, why, and the run that is why, if one is (`by` of core/undo.ts). */
export type LeftOutFor = PlannedFor & { readonly reason: LeftOutReason; readonly by: RunId | null };

/** Undos at one target; whoever took back more than that has the next one planned, which holds nothing. */
const mostLookedAt = 200;

export const undoCommands = (room: Room, newRunId: () => RunId = () => runId(newId('run'))) => {
  const { runs, ledger, plans } = room.stores;

  /** The run that took back all of it: what an earlier undo left out or could not do may be done by another. */
  const undoneBy = async ({ id, target }: Within<ProvisionRun>): Promise<RunId | null> => {
    const applied = await plans.list({ target, kind: 'undo', state: 'applied' }, null, mostLookedAt);
    for (const plan of applied.items) {
      if (plan.amends?.run !== id || plan.standing.state !== 'applied') continue;
      const by = await runs.get(plan.standing.begun);
      if (by?.state !== 'succeeded' || Object.keys(by.counters.skipped).length > 0) continue;
      const leftOut = await plans.operations({ target, id: leftOutOf(plan.id) }, {}, null, 1);
      if (leftOut.items.length === 0) return by.id;
    }
    return null;
  };

  const undoable = async (id: RunId): Promise<Within<ProvisionRun>> => {
    const run = found(await runs.get(id), 'run');
    if (run.kind !== 'provision')
      throw new Refused('not_a_provision_run', 'Only a provision run writes to a target; there is nothing to undo.');
    if (!isEnded(run.state))
      throw new Refused('run_not_ended', `The run is ${run.state}. Cancel it, or wait until it has ended.`);
    const ageMs = room.world.now().getTime() - (run.startedAt ?? run.createdAt).getTime();
    if (ageMs >= freshMs)
      throw new Refused('undo_too_late', 'What the run found before it wrote is not kept long enough any more.');
    const { items } = await ledger.entries(run.target, run.id, null, 1);
    if (items.length === 0) throw new Refused('nothing_to_undo', 'The run wrote nothing to its target.');
    const by = await undoneBy(run);
    if (by !== null)
      throw new Refused(
        'nothing_to_undo',
        `All that the run did was taken back by the run ${by}; nothing of it is left.`,
      );
    return run;
  };

  return {
    /** Has a plan made of what brings the target back to before this run. Nothing of it is done before somebody approves it. */
    async requestUndo(id: RunId): Promise<Requested> {
      const { target } = await undoable(id);
      return await requestAmending(room, newRunId, target, { kind: 'undo', run: id });
    },

    /** What the run did and the plan of its undo does not take back. */
    async listLeftOut(id: PlanId, after: string | null, limit: number): Promise<Page<LeftOutFor>> {
      const plan = found(await plans.get(id), 'plan');
      const { items, next } = await plans.operations({ target: plan.target, id: leftOutOf(id) }, {}, after, limit);
      const named = await plannedFor(room, plan.connection, items);
      return {
        items: named.map((one) => {
          const { reason, by } = leftOutIn(one.staged);
          return { ...one, reason, by };
        }),
        next,
      };
    },
  };
};
