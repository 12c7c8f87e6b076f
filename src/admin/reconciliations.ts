/** Commands on what targets really hold: having it compared with our links, looking at what was found, and asking for a plan that puts it right. */

import { newReconcileRun } from '../engine/request-runs.ts';
import { type Discrepancy, type DiscrepancyKind, type Reconciliation, repairable } from '../model/discrepancy.ts';
import { type RunId, runId, type SourceId, type TargetId } from '../model/ids.ts';
import { isEnded, type ReconcileRun } from '../model/run.ts';
import type { Ref, SourceObject } from '../model/source-object.ts';
import { newId } from '../store/ids.ts';
import type { Page } from '../store/snapshot-store.ts';
import type { Within } from './reached.ts';
import { found, Refused } from './refused.ts';
import type { Room } from './room.ts';
import { type Requested, refuseInactiveTarget, refuseUnseen, requestAmending, requestOfTarget } from './runs.ts';

/** A discrepancy, and what the person or group it is about looks like, or last looked like. */
export type FoundOf = { readonly discrepancy: Discrepancy; readonly object: SourceObject | null };

export const reconciliationCommands = (room: Room, newRunId: () => RunId = () => runId(newId('run'))) => {
  const { targets, runs, discrepancies, snapshots } = room.stores;

  const reconcileRun = async (id: RunId): Promise<Within<ReconcileRun>> => {
    const run = found(await runs.get(id), 'run');
    if (run.kind === 'reconcile') return run;
    throw new Refused('not_a_reconcile_run', 'Only a reconcile run finds discrepancies.');
  };
  const reconciliationOf = async (id: RunId): Promise<Reconciliation> => {
    const run = await reconcileRun(id);
    const reconciliation = await discrepancies.get(run.id);
    if (reconciliation !== null) return reconciliation;
    if (isEnded(run.state))
      throw new Refused(
        'run_without_result',
        `The run ended before it came to a result: ${run.state}. Ask for another.`,
      );
    throw new Refused('run_not_ended', `The run is ${run.state}; what it finds is not complete yet.`);
  };

  return {
    /** Has everything the target holds compared with our links. Nothing is written to the target. */
    async requestReconcile(id: TargetId): Promise<Requested> {
      const target = found(await targets.get(id), 'target');
      refuseInactiveTarget(target);
      await refuseUnseen(room, target);
      const run = newReconcileRun(target, { id: newRunId(), trigger: 'api', at: room.world.now() });
      return await requestOfTarget(room, run);
    },

    async listDiscrepancies(
      id: RunId,
      filter: { readonly kind?: DiscrepancyKind },
      after: string | null,
      limit: number,
    ): Promise<Page<FoundOf>> {
      const run = await reconcileRun(id);
      const { items, next } = await discrepancies.page({ target: run.target, run: run.id }, filter, after, limit);
      const refs = new Map<SourceId, Ref>();
      for (const item of items) if (item.kind !== 'unknown') refs.set(item.ref.id, item.ref);
      const remembered = await snapshots.recall(run.connection, [...refs.values()]);
      const objectOf = (item: Discrepancy): SourceObject | null =>
        item.kind === 'unknown' ? null : (remembered.get(item.ref.id)?.object ?? null);
      return { items: items.map((discrepancy) => ({ discrepancy, object: objectOf(discrepancy) })), next };
    },

    /** Has a plan made of what puts right what the run found. Nothing of it is done before somebody approves it. */
    async requestRepair(id: RunId): Promise<Requested> {
      const { target, counts } = await reconciliationOf(id);
      if (repairable.every((kind) => counts[kind] === 0))
        throw new Refused('nothing_to_repair', 'The run found nothing that a plan could put right.');
      return await requestAmending(room, newRunId, target, { kind: 'repair', run: id });
    },
  };
};
