/** What is known of a target once a run has gone through all of it: how far it was brought, and whose members are as wanted. */

import type { SourceId } from '../model/ids.ts';
import { dueEscrows } from './due-escrows.ts';
import { letGo, letGroupsGo } from './first-looks.ts';
import type { Gathered } from './gather.ts';
import { oweHeld, payLooks } from './owed-looks.ts';
import { linksOf, type Provisioning } from './provisioning.ts';
import { newReconcileRun } from './request-runs.ts';
import type { Tally } from './tally.ts';

/** Only a run that looked at everything up to its version moves the position; any other notes only whose members are as wanted. */
export const settle = async (work: Provisioning, gathered: Gathered, held: boolean): Promise<void> => {
  await settleGroups(work, gathered, held);
  if (held) await oweHeld(work, gathered);
  if (gathered.kind === 'scope' || gathered.kind === 'repair' || held) return;
  await releaseGroups(work, gathered);
  await compareIfAddedLater(work);
  await work.engine.stores.ledger.advance(work.lease, gathered.through);
  await payLooks(work, gathered);
  await work.engine.failpoint('provision.advanced');
};

/**
 * A target that is added to a tenant which was read before may hold accounts of people who left meanwhile, of which there is no link: the first plan is of
 * who is here, and no run takes anything from somebody without a link. A reconcile run lists them.
 */
const compareIfAddedLater = async ({ engine, connection, record, target }: Provisioning): Promise<void> => {
  const { firstReadAt } = connection;
  if (target.inventory === null || firstReadAt === null || firstReadAt >= record.createdAt) return;
  if ((await engine.stores.ledger.position(record.id)) !== null) return;
  const wanted = { id: engine.newRunId(), trigger: 'commit', at: engine.world.now() } as const;
  await engine.stores.runs.request(newReconcileRun(record, wanted));
};

/** Groups whose members were all pushed for the first time, and those the position will not speak for. */
const settleGroups = async (work: Provisioning, gathered: Gathered, held: boolean): Promise<void> => {
  // No group was told anything.
  if (!work.takesGroups) return;
  // What is held back must be found again: groups that are to lose someone stay where they are, unless that was noted (engine/note-removals.ts).
  const mayMove = (id: SourceId): boolean =>
    !held || (gathered.edges.get(id) ?? []).every(({ want }) => want === 'add');
  for await (const items of gathered.groups()) {
    const links = await linksOf(
      work,
      items.map(({ ref }) => ref),
    );
    const reached = [...links.values()].filter(
      ({ membersAt, ref }) => (membersAt === null || gathered.kind === 'scope' || held) && mayMove(ref.id),
    );
    if (reached.length > 0)
      await work.engine.stores.ledger.membersPushed(
        work.lease,
        reached.map(({ ref }) => ref),
        gathered.through,
      );
  }
};

/**
 * Groups that were due, were tried again or are of a look at everybody, and did not fail again (then they would be due later) need no more care; whoever
 * has no account yet is waited for.
 */
const releaseGroups = async (work: Provisioning, gathered: Gathered): Promise<void> => {
  const { ledger } = work.engine.stores;
  const retried = new Set<SourceId>();
  for await (const items of gathered.groups())
    for (const { ref, why } of items) if (why === 'retry' || gathered.kind === 'everything') retried.add(ref.id);
  if (retried.size === 0) return;
  for await (const escrows of dueEscrows(ledger, work.run)) {
    const due = escrows.map(({ ref }) => ref).filter(({ id }) => retried.has(id));
    if (due.length > 0) await letGroupsGo(work, due);
  }
};

/**
 * Nothing is wanted of the target, and it waits for somebody to let it be written to: no run tries anything again there, so nobody else lets go of whoever
 * was due. They are found without: as long as it waits, every run looks at everybody. What this run met again is told as it is.
 */
export const releaseDue = async (work: Provisioning, tally: Tally): Promise<void> => {
  const { failed, skipped } = tally.counters();
  const met = new Set([...Object.keys(failed), ...(skipped['confirmed_present'] ? ['source_unsure'] : [])]);
  for await (const escrows of dueEscrows(work.engine.stores.ledger, work.run)) {
    const due = escrows.filter(({ reason }) => !met.has(reason)).map(({ ref }) => ref);
    if (due.length > 0) await letGo(work, due);
  }
};
