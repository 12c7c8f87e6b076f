/**
 * How much a run would create and update, counted before the first of it is done, where the target limits that. Everything is planned once for the
 * count alone: over a limit nothing of that kind is done, not the first five hundred.
 */

import { type Amounts, nothing, sum } from '../core/guard.ts';
import type { Exceeded } from '../model/plan.ts';
import { exceededBy, limitsWrites } from './exceeded.ts';
import type { Gathered } from './gather.ts';
import { counted, type Pending } from './pending.ts';
import { permitted } from './permit.ts';
import type { Provisioning } from './provisioning.ts';
import { wouldWrite } from './wave-objects.ts';
import { windowStart } from './window.ts';

export const exceededWrites = async (work: Provisioning, gathered: Gathered): Promise<readonly Exceeded[]> => {
  if (!limitsWrites(work.record) || work.aim.kind !== 'provision') return [];
  const { engine, record } = work;
  const counting = { stores: engine.stores, record, since: windowStart(work) };
  return exceededBy(counting, await wantedWrites(work, gathered), new Set());
};

/** What a person approved is done whatever the limits say. */
const unapproved = async (work: Provisioning, pending: readonly Pending[]): Promise<readonly Pending[]> =>
  work.aim.kind === 'provision' && work.aim.approved !== null
    ? (await permitted(work, work.aim.approved, pending)).rest
    : pending;

const wantedWrites = async (work: Provisioning, gathered: Gathered): Promise<Amounts> => {
  let total = { creates: 0, updates: 0 };
  for await (const items of gathered.items(null)) {
    const { creates, updates } = sum((await unapproved(work, await wouldWrite(work, items))).map(counted));
    total = { creates: total.creates + creates, updates: total.updates + updates };
    work.watch.check();
  }
  return { ...nothing, ...total };
};
