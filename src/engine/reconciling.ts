/** What every part of one reconcile run needs. */

import type { Discrepancy } from '../model/discrepancy.ts';
import type { SourceId } from '../model/ids.ts';
import type { Counters, ReconcileRun } from '../model/run.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Lease } from '../store/leases.ts';
import type { Inventory, Target } from '../target/target.ts';
import type { Engine } from './engine.ts';
import type { Watch } from './lease-keeper.ts';
import type { ReconcilePlace } from './reconcile-place.ts';

export type Reconciling = {
  readonly engine: Engine;
  readonly run: ReconcileRun;
  readonly record: TargetRecord;
  readonly target: Target;
  readonly inventory: Inventory;
  readonly lease: Lease;
  readonly watch: Watch;
  /** Whom an operation is on of which it is not known yet what became: nothing is said of them. */
  readonly open: ReadonlySet<SourceId>;
  readonly counters: () => Counters;
  count(name: 'read' | 'unchanged', by: number): void;
  /** Makes the counters durable together with the place they are counted to. */
  checkpoint(place: ReconcilePlace): Promise<void>;
};

export const note = async ({ engine, lease, run }: Reconciling, found: readonly Discrepancy[]): Promise<void> => {
  if (found.length > 0) await engine.stores.discrepancies.note(lease, run.id, found);
};
