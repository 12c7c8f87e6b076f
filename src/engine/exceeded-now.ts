/**
 * Whether what is written is within its limits as it is about to be done. Creates and updates were counted before the first of them (`count-writes.ts`),
 * but by the snapshot as it was then: what is done is decided from what the tenant says meanwhile, which may be more. Whom the target has already is known
 * only once it is asked, so that of accounts that are taken over as many as the limit allows are, and the others wait.
 */

import { type Amounts, guard, limitOf, nothing, sum, writeLimits } from '../core/guard.ts';
import type { Exceeded } from '../model/plan.ts';
import { countedNow } from './exceeded.ts';
import { counted, type Pending } from './pending.ts';
import type { Provisioning } from './provisioning.ts';
import { windowStart } from './window.ts';

/** The limits that these would pass, on top of what was let pass. Those of the other limits are let pass. */
export const exceededNow = async (work: Provisioning, pending: readonly Pending[]): Promise<readonly Exceeded[]> => {
  const { writeRoom: room, record, engine } = work;
  const writes = sum(pending.filter((one) => isCounted(work, one)).map(counted));
  if (writeLimits.every((limit) => record.limits[limit] === null || writes[limit] === 0)) return [];
  // Asked once a turn: of a large run it is long, and only this run writes to the target while it holds the lease.
  room.before ??= await countedNow({ stores: engine.stores, record, since: windowStart(work) }, new Set());
  const { taken, active } = room.before;
  const { passed } = room;
  const wanted = ofEach((limit) => passed[limit] + writes[limit]);
  const exceeded = guard(wanted, taken, record.limits, { active, membersOf: () => 0 });
  const isOver = (limit: (typeof writeLimits)[number]): boolean => exceeded.some((one) => one.limit === limit);
  room.passed = ofEach((limit) => (isOver(limit) ? passed[limit] : wanted[limit]));
  return exceeded;
};

const ofEach = (amount: (limit: (typeof writeLimits)[number]) => number): Amounts => ({
  ...nothing,
  ...{ creates: amount('creates'), updates: amount('updates'), adoptions: amount('adoptions') },
});

/**
 * As they were counted before: a reference is a step of its own, and what completes what this turn made was counted with that. Whoever lost their account in
 * this turn may be given somebody else's.
 */
const isCounted = ({ remoteIds }: Provisioning, one: Pending): boolean => {
  if (one.step !== undefined) return false;
  const limit = limitOf(counted(one));
  return (
    limit === 'creates' ||
    limit === 'adoptions' ||
    (limit === 'updates' && !remoteIds.has(one.planned.operation.ref.id))
  );
};
