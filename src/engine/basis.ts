/** What a plan is made from, as it is now. */

import { acceptedText, isOutdated, isToBeRead } from '../core/accepted.ts';
import { type BasisNow, type Now, whatMoved } from '../core/plan-basis.ts';
import { type Connection, defaultAttributes } from '../model/connection.ts';
import type { ConnectionId } from '../model/ids.ts';
import type { Basis, Plan } from '../model/plan.ts';
import { scopeKey } from '../model/scope.ts';
import type { TargetInForce, TargetRecord } from '../model/target-record.ts';
import type { Head } from '../store/snapshot-store.ts';
import type { Stores } from '../store/stores.ts';
import { protectionKey, type Ruled, reachKey, rulesKey } from './rules-key.ts';

export const basisOf = async (
  { snapshots, ledger, connections }: Pick<Stores, 'snapshots' | 'ledger' | 'connections'>,
  record: TargetInForce,
): Promise<Basis> => {
  const [head, connection, position, last] = await Promise.all([
    snapshots.head(record.connection),
    connections.get(record.connection),
    ledger.position(record.id),
    ledger.lastWrite(record.id),
  ]);
  return {
    version: head.version,
    scope: head.scope,
    rules: rulesKey(record, connection ?? { attributes: defaultAttributes }),
    protection: protectionKey(record),
    reach: reachKey(record),
    position,
    written: last?.mark ?? null,
    epoch: head.restored?.epoch ?? 0,
  };
};

export const basisNow = async (
  stores: Pick<Stores, 'snapshots' | 'ledger' | 'connections'>,
  record: TargetInForce,
): Promise<Now> => {
  const [basis, connection] = await Promise.all([basisOf(stores, record), stores.connections.get(record.connection)]);
  return { ...basis, wanted: connection === null ? '' : scopeKey(connection.scope) };
};

/** What moved since the plan was made, in words. */
export const movedSince = async (stores: Stores, plan: Plan, now: Now): Promise<readonly string[]> => {
  const basis: BasisNow = { ...now, changed: await hasChangedSince(stores, plan.connection, plan.basis.version) };
  return whatMoved(plan.kind, plan.basis, basis);
};

/** By what somebody lets a target be written to: the rules, the scope that was read, and the epoch of the database. */
export const acceptedBy = (
  record: Ruled,
  connection: Pick<Connection, 'attributes'>,
  head: Pick<Head, 'scope' | 'restored'>,
): string => acceptedText(rulesKey(record, connection), head);

/**
 * Why nothing that goes by what is on record of this target may be done there: the record is older than the target, or it is of another system, and nobody
 * has looked since. Null: it may.
 */
export const unseenIn = async (
  { snapshots, ledger }: Pick<Stores, 'snapshots' | 'ledger'>,
  record: TargetRecord,
): Promise<'restored' | 'unproved' | null> => {
  const head = await snapshots.head(record.connection);
  if (isToBeRead(head) || isOutdated(record, head, await ledger.rules(record.id))) return 'restored';
  return (await ledger.reach(record.id)).refused === reachKey(record) ? 'unproved' : null;
};

const hasChangedSince = async (
  { snapshots }: Pick<Stores, 'snapshots'>,
  connection: ConnectionId,
  version: number,
): Promise<boolean> => {
  for await (const changes of snapshots.changesAfter(connection, version)) if (changes.length > 0) return true;
  return false;
};
