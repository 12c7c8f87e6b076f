/**
 * The database was put back from a backup. Snapshot, links, positions and fences went back in time; the tenants, the targets, and whoever was at work,
 * did not. What follows, in an order in which stopping anywhere means that it is done again:
 * everything is fenced off from before; what was asked for before is not done; everybody is read anew. From then on each target is written to only
 * after somebody has looked at what would be done (see `basis.ts`).
 */

import { epochAfter, hasGoneBack } from '../core/epoch.ts';
import { isEnded } from '../model/run.ts';
import type { Marks, Restore } from '../store/installation.ts';
import type { Engine, Observe } from './engine.ts';
import { newestRuns } from './newest-runs.ts';
import { newSyncRun } from './request-runs.ts';

type Needs = Pick<Engine, 'stores' | 'world' | 'newRunId'> & { readonly observe: Pick<Observe, 'restored'> };

/**
 * Counts one up, and holds it against what was noted outside the database. Answers the restore that it found. One that comes to no end is found again, by
 * whoever looks next: nobody counts on before it did.
 */
export const noticeRestore = async (engine: Needs, marks: Marks): Promise<Restore | null> => {
  const { installation } = engine.stores;
  // Asked before it is counted: nobody notes what the database has not counted yet, so the mark is never ahead of it.
  const named = await installation.id();
  const mark = await marks.highest(named);
  const { id, count } = await installation.count(mark);
  if (id !== named || !hasGoneBack(count, mark)) {
    await marks.note(id, count);
    return null;
  }
  const at = engine.world.now();
  const restore: Restore = { epoch: epochAfter([count, mark ?? 0], at), at, how: 'detected' };
  engine.world.log.error('restore.detected', { counted: count, noted: mark, epoch: restore.epoch });
  await beginEpoch(engine, restore);
  return restore;
};

/** A person knows it where nothing else can: when Redis is new as well, or what was lost is less than what is counted in. */
export const declareRestore = async (
  engine: Needs,
  { by, reason }: { readonly by: string; readonly reason: string },
): Promise<Restore> => {
  const at = engine.world.now();
  const { count } = await engine.stores.installation.count(null);
  const restore: Restore = { epoch: epochAfter([count], at), at, how: 'declared', by, reason };
  engine.world.log.warn('restore.declared', { by, epoch: restore.epoch });
  await beginEpoch(engine, restore);
  return restore;
};

const beginEpoch = async (engine: Needs, restore: Restore): Promise<void> => {
  const { installation } = engine.stores;
  await markUnread(engine);
  await installation.fence(restore.epoch, restore.at);
  const canceled = await cancelUnfinished(engine);
  const connections = await readAnew(engine);
  await installation.begin(restore);
  engine.observe.restored(restore.how);
  engine.world.log.warn('restore.begun', { epoch: restore.epoch, connections, canceled });
};

/**
 * A connection that nobody had read yet when the backup was made has no head, so that nothing would say that its targets are newer than what is on record.
 * A lease makes one. Whoever holds one has a head.
 */
const markUnread = async ({ stores: { connections, leases } }: Needs): Promise<void> => {
  for await (const some of connections.all()) for (const { id } of some) await leases.take(id, 'restore', 1);
};

/** Whoever asked for them, or accepted something for one of them, did so before what was lost. */
const cancelUnfinished = async ({ stores: { runs }, world }: Needs): Promise<number> => {
  let canceled = 0;
  for await (const { id } of newestRuns(runs, { isUnfinished: true }, 200)) {
    const run = await runs.cancel(id, world.now());
    if (run !== null && (run.cancelRequested || isEnded(run.state))) canceled += 1;
  }
  return canceled;
};

/** Whoever is paused or held back is read whole once it goes on: it has no watermark. The reconciler wakes a worker up. */
const readAnew = async ({ stores, world, newRunId }: Needs): Promise<number> => {
  let asked = 0;
  for await (const connections of stores.connections.all()) {
    for (const connection of connections) {
      if (connection.state !== 'active') continue;
      const wanted = { mode: 'full', scope: null, dryRun: false, trigger: 'retry' } as const;
      await stores.runs.request(newSyncRun(connection, { ...wanted, id: newRunId(), at: world.now() }));
      asked += 1;
    }
  }
  return asked;
};
