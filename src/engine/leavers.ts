/**
 * What is kept of people who left is not kept for good. Once nothing is to be done about them at any target, and has not been for long, goes what they
 * looked like, what they were called, and which accounts were theirs. That they were there, and when and why they left, stays: who asks about them is
 * told so (engine/explain.ts).
 */

import { batches } from '../core/batches.ts';
import { isOver } from '../core/leavers.ts';
import type { Connection } from '../model/connection.ts';
import type { SourceId } from '../model/ids.ts';
import type { Operation } from '../model/operation.ts';
import type { Remembered } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Lease, LeaseKey } from '../store/leases.ts';
import type { Stores } from '../store/stores.ts';
import type { Engine } from './engine.ts';
import { type Watch, withLeases } from './lease-keeper.ts';
import { isUnderWay } from './persons.ts';

const batchSize = 500;
/** Runs have their turns in between. */
const mostTurns = 100;

/** `before`: whoever left before it, and of whom nothing was done since. What somebody else is at work on is left for the next time. */
export const stripLeavers = async (
  engine: Engine,
  connection: Connection,
  before: Date,
  signal: AbortSignal,
): Promise<void> => {
  const { stores, world } = engine;
  if (!(await isAnybody(stores, connection, before))) return;
  const targets = await stores.targets.of(connection.id);
  const keys: readonly [LeaseKey, ...LeaseKey[]] = [connection.id, ...targets.map(({ id }) => id)];
  let stripped = 0;
  for (let turn = 0; turn < mostTurns; turn += 1) {
    const work = (leases: readonly Lease[], watch: Watch) =>
      stripSome(engine, { connection, targets, leases, before, watch });
    const done = await withLeases(engine, keys, work, signal);
    stripped += done?.stripped ?? 0;
    if (done === null || done.isAll) break;
  }
  if (stripped > 0) world.log.info('leavers.stripped', { connection: connection.id, people: stripped });
};

const isAnybody = async (stores: Stores, { id }: Connection, before: Date): Promise<boolean> => {
  for await (const _ of stores.snapshots.leftBefore(id, before)) return true;
  return false;
};

type Held = {
  readonly connection: Connection;
  readonly targets: readonly TargetRecord[];
  /** Of the connection, then of its targets. */
  readonly leases: readonly Lease[];
  readonly before: Date;
  readonly watch: Watch;
};

/** As many as fit into a turn. */
const stripSome = async (
  { stores }: Engine,
  { connection, targets, leases: [own, ...others], before, watch }: Held,
): Promise<{ readonly stripped: number; readonly isAll: boolean }> => {
  if (own === undefined) throw new Error('The connection has no lease.');
  if (await isUnderWay(stores, connection)) return { stripped: 0, isAll: true };
  let stripped = 0;
  for await (const page of stores.snapshots.leftBefore(connection.id, before))
    for (const batch of batches(page, batchSize)) {
      const needed = await neededOf(stores, connection, targets, batch, before);
      const ids = batch.map(({ object }) => object.ref.id).filter((id) => !needed.has(id));
      watch.check();
      for (const lease of others) await stores.ledger.letGo(lease, ids);
      // Last, for it is how they are found again if this is broken off.
      await stores.snapshots.strip(own, ids);
      stripped += ids.length;
      if (watch.sliceOver()) return { stripped, isAll: false };
    }
  return { stripped, isAll: true };
};

/** Of whom something is to be done still, or was of late. */
const neededOf = async (
  stores: Stores,
  connection: Connection,
  targets: readonly TargetRecord[],
  leavers: readonly Remembered[],
  before: Date,
): Promise<ReadonlySet<SourceId>> => {
  const refs = leavers.map(({ object }) => object.ref);
  const needed = new Set<SourceId>();
  // The list of whom the last full sync saw may name them until there is another.
  const { fullAt } = await stores.snapshots.head(connection.id);
  for (const { object, left } of leavers)
    if (left?.at == null || fullAt === null || fullAt <= left.at) needed.add(object.ref.id);
  for (const record of targets) {
    if (record.state === 'deleting') continue;
    const position = await stores.ledger.position(record.id);
    const about = await stores.ledger.about(record.id, refs);
    for (const { object, version } of leavers) {
      const known = about.get(object.ref.id);
      const isBrought = position === null || position >= version;
      if (known === undefined || !isBrought || !isOver(known, record, before)) needed.add(object.ref.id);
    }
    for await (const operations of pendingAt(stores, record)) noteNamed(operations, needed);
  }
  return needed;
};

/** What was sent and is not known yet, and what a person decides on. */
async function* pendingAt(stores: Stores, { id: target }: TargetRecord): AsyncGenerator<readonly Operation[]> {
  for await (const intents of stores.ledger.openIntents(target)) yield intents.map(({ operation }) => operation);
  for (const state of ['waiting', 'approved'] as const) {
    let after: string | null = null;
    do {
      const page = await stores.plans.list({ target, state }, after, 100);
      for (const plan of page.items)
        for await (const steps of stores.plans.scan(plan)) yield steps.map(({ operation }) => operation);
      after = page.next;
    } while (after !== null);
  }
}

const noteNamed = (operations: readonly Operation[], named: Set<SourceId>): void => {
  for (const operation of operations) {
    named.add(operation.ref.id);
    if ('members' in operation) for (const { ref } of operation.members) named.add(ref.id);
  }
};
