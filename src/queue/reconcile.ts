/**
 * Makes the queue what the store says it should be: schedules, and a wake-up for everything that is due. It runs on every scheduler at the start
 * and every half minute, it is harmless to run twice, and what it has to repair is what Redis lost.
 */

import { isAtRest } from '../core/at-rest.ts';
import { isProbeDue } from '../core/quarantine.ts';
import type { Connection, ConnectionState } from '../model/connection.ts';
import type { ConnectionId, TargetId } from '../model/ids.ts';
import { isOfTarget, type Run } from '../model/run.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { Stores } from '../store/stores.ts';
import { restsUntil, type Waiting } from './follow-up.ts';
import { probeKey, provisionKey, purgeKey, schedulerId, syncKey } from './names.ts';
import { intervalsOf, offsetOf } from './schedules.ts';
import { wakeFor } from './wake-for.ts';
import type { Wakeups } from './wakeups.ts';

export type Reconciled = { readonly schedules: number; readonly wakeups: number; readonly requested: number };

/** What it looks at in the queues, and mends there. */
export type Jobs = {
  readonly tick: {
    getJobSchedulers(
      from: number,
      to: number,
      ascending: boolean,
    ): Promise<readonly { readonly key: string; readonly every?: number | string; readonly offset?: number | null }[]>;
    removeJobScheduler(id: string): Promise<unknown>;
  };
  readonly maintenance: { add(name: string, payload: object, options: object): Promise<unknown> };
} & Readonly<
  Record<
    'sync' | 'provision',
    { getDeduplicationJobId(key: string): Promise<string | null>; getJob(id: string): Promise<Waiting | undefined> }
  >
>;

export type Reconciler = {
  readonly stores: Stores;
  readonly queues: Jobs;
  readonly wakeups: Wakeups;
  readonly now: () => Date;
  /** The clock that BullMQ goes by, in ms. */
  readonly machineNow: () => number;
  /** The run of a connection or target that goes next. */
  readonly next: (of: { readonly connection: ConnectionId } | { readonly target: TargetId }) => Promise<Run | null>;
  /** Asks for a provision run of a target that is behind. */
  readonly requestProvision: (target: TargetRecord) => Promise<void>;
};

export const reconcile = async (reconciler: Reconciler): Promise<Reconciled> => {
  const { inactive, ...connections } = await reconcileConnections(reconciler);
  const wakeups = await reconcileRuns(reconciler, inactive);
  return { ...connections, wakeups };
};

type Inactive = ReadonlyMap<ConnectionId, ConnectionState>;

const reconcileConnections = async (
  reconciler: Reconciler,
): Promise<Pick<Reconciled, 'schedules' | 'requested'> & { readonly inactive: Inactive }> => {
  const { stores, queues, wakeups } = reconciler;
  const existing = await existingSchedules(queues);
  const inactive = new Map<ConnectionId, ConnectionState>();
  let schedules = 0;
  let requested = 0;
  for await (const connections of stores.connections.all()) {
    for (const connection of connections) {
      const targets = await stores.targets.of(connection.id);
      if ([connection, ...targets].some(({ state }) => state === 'deleting')) await requestPurge(queues, connection);
      await probeWhoIsDue(reconciler, connection, targets);
      if (connection.state !== 'active') {
        inactive.set(connection.id, connection.state);
        continue;
      }
      if (!isScheduled(existing, connection)) {
        await wakeups.schedule(connection);
        schedules += 1;
      }
      for (const mode of ['delta', 'full'] as const) existing.delete(schedulerId(connection.id, mode));
      requested += await requestWhereBehind(reconciler, connection, targets);
    }
  }
  // What is left belongs to connections that are paused or gone.
  for (const id of existing.keys()) await queues.tick.removeJobScheduler(id);
  return { schedules, requested, inactive };
};

type Existing = Map<string, { readonly every: number; readonly offset: number }>;

const existingSchedules = async (queues: Jobs): Promise<Existing> => {
  const all = await queues.tick.getJobSchedulers(0, -1, true);
  return new Map(all.map(({ key, every, offset }) => [key, { every: Number(every), offset: Number(offset ?? 0) }]));
};

const isScheduled = (existing: Existing, connection: Connection): boolean =>
  (['delta', 'full'] as const).every((mode) => {
    const id = schedulerId(connection.id, mode);
    const every = intervalsOf(connection)[mode];
    const found = existing.get(id);
    return found?.every === every && found.offset === offsetOf(id, every);
  });

/** A run that is queued, waiting and due, or whose worker died, must have a job; one that waits for its connection needs none before that goes on. */
const reconcileRuns = async (reconciler: Reconciler, inactive: Inactive): Promise<number> => {
  const { stores, wakeups } = reconciler;
  let repaired = 0;
  const seen = new Set<string>();
  for await (const runs of stores.runs.unfinished()) {
    for (const run of runs) {
      if (isAtRest(run, inactive.get(run.connection) ?? 'active')) continue;
      const key = isOfTarget(run) ? provisionKey(run.target) : syncKey(run.connection);
      if (seen.has(key)) continue;
      seen.add(key);
      if (await isSeenTo(reconciler, run, key)) continue;
      await wakeFor(wakeups, run);
      repaired += 1;
    }
  }
  return repaired;
};

/** A key whose job is gone is a ghost; adding the job again heals it. A job that rests, though what goes next is due, missed a wake-up. */
const isSeenTo = async ({ queues, now, machineNow, next }: Reconciler, run: Run, key: string): Promise<boolean> => {
  const queue = queues[isOfTarget(run) ? 'provision' : 'sync'];
  const id = await queue.getDeduplicationJobId(key);
  const job = id === null ? undefined : await queue.getJob(id);
  if (job === undefined) return false;
  if ((restsUntil(job) ?? 0) <= machineNow() + soonMs) return true;
  const goesNext = await next(isOfTarget(run) ? { target: run.target } : { connection: run.connection });
  return goesNext === null || (goesNext.notBefore !== null && goesNext.notBefore > now());
};

/** Who rests no longer than this comes by themselves. Clocks of machines are less far apart (`engine/clock`). */
const soonMs = 60_000;

/** How long a target is left alone after a provision run that failed, or that somebody canceled. */
const restMs = 600_000;

/** A commit whose provision runs were never asked for, or a new target: the target is behind and nothing is under way. */
const requestWhereBehind = async (
  reconciler: Reconciler,
  connection: Connection,
  targets: readonly TargetRecord[],
): Promise<number> => {
  const { stores } = reconciler;
  const { version } = await stores.snapshots.head(connection.id);
  if (version === 0) return 0;
  let requested = 0;
  for (const target of targets) {
    if (target.state !== 'active' || ((await stores.ledger.position(target.id)) ?? -1) >= version) continue;
    if (!(await maySend(reconciler, target.id, version))) continue;
    await reconciler.requestProvision(target);
    requested += 1;
  }
  return requested;
};

/**
 * Not while a run is under way, held for a person, or just failed, nor when one found nothing to do that a person would let the target be written to for. And never because somebody had a look (a dry run) or tried one group: who asked
 * for that did not ask for everybody.
 */
const maySend = async ({ stores, now }: Reconciler, target: TargetId, version: number): Promise<boolean> => {
  const [latest] = (await stores.runs.list({ target, kind: 'provision' }, null, 1)).items;
  if (latest === undefined) return true;
  if (latest.finishedAt === null || latest.state === 'held' || latest.dryRun || latest.scope !== null) return false;
  // It has looked at this version, and found nothing that anybody would have to decide on.
  if (latest.state === 'succeeded' && latest.version === version) return false;
  const rests = latest.state === 'failed' || latest.state === 'canceled';
  return !rests || now().getTime() - latest.finishedAt.getTime() > restMs;
};

/** Neither a repair nor a run: whoever is held back is asked from time to time whether it is mended. */
const probeWhoIsDue = async (
  { queues, now }: Reconciler,
  connection: Connection,
  targets: readonly TargetRecord[],
): Promise<void> => {
  const isDue = ({ state, quarantine }: Pick<Connection | TargetRecord, 'state' | 'quarantine'>): boolean =>
    state === 'quarantined' && quarantine !== null && isProbeDue(quarantine, now());
  const options = (id: ConnectionId | TargetId) => ({ priority: 5, deduplication: { id: probeKey(id) } });
  if (isDue(connection)) {
    const { id } = connection;
    await queues.maintenance.add('probe', { what: 'probe_connection', connection: id }, options(id));
  }
  for (const { id } of targets.filter(isDue))
    await queues.maintenance.add('probe', { what: 'probe_target', target: id }, options(id));
};

const requestPurge = async (queues: Jobs, connection: Connection): Promise<void> => {
  await queues.maintenance.add(
    'purge',
    { what: 'purge', connection: connection.id },
    { priority: 10, deduplication: { id: purgeKey(connection.id), keepLastIfActive: true } },
  );
};
