/** What is no longer needed goes: a removed connection with everything of it, and history that is older than anyone asks for. */

import { absoluteMs, idleMs } from '../core/sessions.ts';
import { errorFacts } from '../logger.ts';
import type { Connection } from '../model/connection.ts';
import type { ConnectionId } from '../model/ids.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Lease } from '../store/leases.ts';
import type { Engine } from './engine.ts';
import { guardedNow } from './in-force.ts';
import { withLease } from './lease-keeper.ts';
import { stripLeavers } from './leavers.ts';
import { endSubscriptions } from './subscriptions.ts';

/**
 * How long runs, operations and changes are kept for whoever asks what happened. `previews`: what these hold may be of people whom the saved scope never
 * let in. A run that plans is over within a day of its start.
 */
export const keptDays = { runs: 90, operations: 90, changes: 30, events: 30, previews: 1 } as const;
/** A link that is over says so to whoever follows it for so long. */
const setupLinkDays = 7;

/** How long a removal waits for the tenant. */
const goodbyeMs = 10_000;

/**
 * Removes a connection that is being deleted, or those of its targets that are. Nothing is written to a target: what was provisioned there stays
 * as it is. `goodbye`: until when the tenant is waited for.
 */
export const purge = async (
  engine: Engine,
  id: ConnectionId,
  goodbye: AbortSignal = AbortSignal.timeout(goodbyeMs),
): Promise<void> => {
  const { stores, world } = engine;
  const connection = await stores.connections.get(id);
  const isRemoved = connection?.state === 'deleting';
  for (const target of await stores.targets.of(id)) {
    if (!isRemoved && target.state !== 'deleting') continue;
    await stores.ledger.erase(target.id);
    await stores.plans.erase(target.id);
    await stores.discrepancies.erase(target.id);
    await stores.targets.remove(target.id);
    world.log.info('target.purged', { target: target.id, connection: id });
  }
  if (!isRemoved) return;
  await stores.snapshots.erase(id);
  await stores.runs.erase(id);
  if (connection !== null) await stores.events.erase(connection.organization, id);
  if (connection !== null) await endSubscriptions(engine, connection, goodbye);
  await stores.subscriptions.erase(id);
  await stores.connections.remove(id);
  world.log.info('connection.purged', { connection: id });
};

/** `leaversKeptDays`: how long it is kept what people looked like who left; null: for good. */
export const prune = async (engine: Engine, leaversKeptDays: number | null, signal: AbortSignal): Promise<void> => {
  const { stores, world } = engine;
  const now = world.now();
  await stores.runs.prune(daysAgo(engine, keptDays.runs));
  await stores.calls.prune(now);
  await stores.sessions.prune(new Date(now.getTime() - absoluteMs), new Date(now.getTime() - idleMs));
  await stores.consents.prune(now);
  await stores.setupLinks.prune(daysAgo(engine, setupLinkDays));
  await stores.events.prune(daysAgo(engine, keptDays.events));
  await stores.deliveries.prune(daysAgo(engine, keptDays.events));
  for await (const connections of stores.connections.all())
    for (const connection of connections) {
      await pruneConnection(engine, connection);
      await forgetPreviewed(engine, connection, signal);
    }
  if (leaversKeptDays === null) return;
  for await (const connections of stores.connections.all())
    for (const connection of connections) await leaversOf(engine, connection, daysAgo(engine, leaversKeptDays), signal);
};

/** One customer's trouble keeps no other's people longer. */
const leaversOf = async (engine: Engine, connection: Connection, before: Date, signal: AbortSignal): Promise<void> => {
  if (connection.state === 'deleting') return;
  try {
    await stripLeavers(engine, connection, before, signal);
  } catch (error) {
    signal.throwIfAborted();
    engine.world.log.warn('leavers.not_stripped', { connection: connection.id, ...errorFacts(error) });
  }
};

/** Changes go when they are old and every target has passed them. */
const pruneConnection = async (engine: Engine, connection: Connection): Promise<void> => {
  const { stores } = engine;
  const targets = await stores.targets.of(connection.id);
  for (const target of targets) {
    await stores.ledger.prune(target.id, daysAgo(engine, keptDays.operations));
    await stores.plans.prune(target.id, daysAgo(engine, keptDays.operations), daysAgo(engine, keptDays.previews));
    await stores.discrepancies.prune(target.id, daysAgo(engine, keptDays.runs));
    await forgetLoosened(engine, target);
  }
  const positions = await Promise.all(targets.map(async ({ id }) => (await stores.ledger.position(id)) ?? 0));
  const through = Math.min(await versionAt(engine, connection.id, daysAgo(engine, keptDays.changes)), ...positions);
  await stores.snapshots.prune(connection.id, through);
};

/** What a preview read that came to no end goes with the next read. While there is none, it would stay. */
const forgetPreviewed = async (engine: Engine, { id, state }: Connection, signal: AbortSignal): Promise<void> => {
  if (state === 'deleting') return;
  const [preview, sync] = [await begunLast(engine, id, 'preview'), await begunLast(engine, id, 'sync')];
  if (preview === null || preview.at >= daysAgo(engine, keptDays.previews)) return;
  if (preview.isWhole || (sync !== null && sync.at > preview.at)) return;
  const forget = async (lease: Lease) => (await engine.stores.snapshots.begin(lease, 'forgotten')).discard();
  await withLease(engine, id, forget, signal);
};

/** More than are queued at once. */
const mostQueued = 20;

/** `isWhole`: it came to its end, and forgot by itself what it had read. */
const begunLast = async (
  { stores }: Engine,
  connection: ConnectionId,
  kind: 'preview' | 'sync',
): Promise<{ readonly at: Date; readonly isWhole: boolean } | null> => {
  const { items } = await stores.runs.list({ connection, kind }, null, mostQueued);
  const begun = items.find(({ startedAt }) => startedAt !== null);
  if (begun === undefined || begun.startedAt === null) return null;
  return { at: begun.startedAt, isWhole: begun.state === 'succeeded' || begun.state === 'partially_succeeded' };
};

/** Who was protected until then is named there. */
const forgetLoosened = async (engine: Engine, target: TargetRecord): Promise<void> => {
  const { loosened } = target;
  if (loosened !== null && guardedNow(engine, target).looserFrom === null)
    await engine.stores.targets.forgetLoosened(target.id, loosened.at);
};

/** The version that was committed by then; 0 when there was none. */
const versionAt = async (engine: Engine, connection: ConnectionId, at: Date): Promise<number> => {
  // The runs of a connection that has long been paused are gone already; its head still says when it came to be.
  const head = await engine.stores.snapshots.head(connection);
  if (head.committedAt !== null && head.committedAt < at) return head.version;
  let after: string | null = null;
  do {
    const page = await engine.stores.runs.list({ connection, kind: 'sync', state: 'succeeded' }, after, 200);
    for (const run of page.items)
      if (run.version !== null && run.finishedAt !== null && run.finishedAt < at) return run.version;
    after = page.next;
  } while (after !== null);
  return 0;
};

const daysAgo = (engine: Engine, days: number): Date => new Date(engine.world.now().getTime() - days * 86_400_000);
