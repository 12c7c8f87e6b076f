/**
 * How much a run would create and update, counted before the first of it is done, where the target limits that. Everything is planned once for the
 * count alone: over a limit nothing of that kind is done, not the first five hundred.
 */

import { type Amounts, guard, nothing, sum } from '../core/guard.ts';
import type { Exceeded } from '../model/plan.ts';
import type { Gathered } from './gather.ts';
import { counted } from './pending.ts';
import type { Provisioning } from './provisioning.ts';
import { wouldWrite } from './wave-objects.ts';
import { windowStart } from './window.ts';

export const exceededWrites = async (work: Provisioning, gathered: Gathered): Promise<readonly Exceeded[]> => {
  const { creates, updates } = work.record.limits;
  if ((creates === null && updates === null) || work.run.dryRun) return [];
  const { ledger } = work.engine.stores;
  const taken = await ledger.taken(work.record.id, windowStart(work));
  const base = { linked: await ledger.countActive(work.record.id), membersOf: () => 0 };
  return guard(await wantedWrites(work, gathered), taken, work.record.limits, base);
};

const wantedWrites = async (work: Provisioning, gathered: Gathered): Promise<Amounts> => {
  let total = { creates: 0, updates: 0 };
  for await (const items of gathered.items(null)) {
    const { creates, updates } = sum((await wouldWrite(work, items)).map(counted));
    total = { creates: total.creates + creates, updates: total.updates + updates };
    work.watch.check();
  }
  return { ...nothing, ...total };
};
