/**
 * Whether creates and updates are still within their limits as they are about to be done. They were counted before the first of them
 * (`count-writes.ts`), but by the snapshot as it was then: what is done is decided from what the tenant says meanwhile, which may be more.
 */

import { guard, nothing, sum } from '../core/guard.ts';
import type { Exceeded } from '../model/plan.ts';
import { countedNow, limitsWrites } from './exceeded.ts';
import { counted, type Pending } from './pending.ts';
import type { Provisioning } from './provisioning.ts';
import { windowStart } from './window.ts';

/** The limits that these would pass, on top of what was let pass. Those of the other limits are let pass. */
export const exceededNow = async (work: Provisioning, pending: readonly Pending[]): Promise<readonly Exceeded[]> => {
  const { writeRoom: room, record, engine } = work;
  const writes = sum(pending.filter((one) => isCounted(work, one)).map(counted));
  if (!limitsWrites(record) || writes.creates + writes.updates === 0) return [];
  // Asked once a turn: of a large run it is long, and only this run writes to the target while it holds the lease.
  room.before ??= await countedNow({ stores: engine.stores, record, since: windowStart(work) }, new Set());
  const { taken, active } = room.before;
  const wanted = {
    ...nothing,
    creates: room.passed.creates + writes.creates,
    updates: room.passed.updates + writes.updates,
  };
  const exceeded = guard(wanted, taken, record.limits, { active, membersOf: () => 0 });
  const isOver = (limit: 'creates' | 'updates'): boolean => exceeded.some((one) => one.limit === limit);
  room.passed = {
    ...nothing,
    creates: isOver('creates') ? room.passed.creates : wanted.creates,
    updates: isOver('updates') ? room.passed.updates : wanted.updates,
  };
  return exceeded;
};

/** As they were counted before: a reference is a step of its own, and what completes what this turn made was counted with that. */
const isCounted = ({ remoteIds }: Provisioning, { planned: { operation }, step }: Pending): boolean =>
  step === undefined &&
  (operation.action === 'create' || (operation.action === 'update' && !remoteIds.has(operation.ref.id)));
