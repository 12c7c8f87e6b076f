/** What a plan is made from, as it is now. */

import { type BasisNow, whatMoved } from '../core/plan-basis.ts';
import type { ConnectionId } from '../model/ids.ts';
import type { Basis, Plan } from '../model/plan.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Head } from '../store/snapshot-store.ts';
import type { Stores } from '../store/stores.ts';
import { rulesKey } from './rules-key.ts';

export const basisOf = async (
  { snapshots, ledger }: Pick<Stores, 'snapshots' | 'ledger'>,
  record: Pick<TargetRecord, 'id' | 'connection' | 'mapping' | 'matching' | 'deprovision'>,
): Promise<Basis> => {
  const [head, position, last] = await Promise.all([
    snapshots.head(record.connection),
    ledger.position(record.id),
    ledger.lastWrite(record.id),
  ]);
  return {
    version: head.version,
    scope: head.scope,
    rules: rulesKey(record),
    position,
    written: last?.mark ?? null,
  };
};

/** What moved since the plan was made, in words. */
export const movedSince = async (stores: Stores, plan: Plan, now: Basis): Promise<readonly string[]> => {
  const basis: BasisNow = { ...now, changed: await hasChangedSince(stores, plan.connection, plan.basis.version) };
  return whatMoved(plan.kind, plan.basis, basis);
};

/** By what somebody lets a target be written to: the rules, and the scope that was read. */
export const acceptedBy = (record: Parameters<typeof rulesKey>[0], head: Pick<Head, 'scope'>): string =>
  `${rulesKey(record)}|${head.scope ?? ''}`;

const hasChangedSince = async (
  { snapshots }: Pick<Stores, 'snapshots'>,
  connection: ConnectionId,
  version: number,
): Promise<boolean> => {
  for await (const changes of snapshots.changesAfter(connection, version)) if (changes.length > 0) return true;
  return false;
};
