/** Decides which of the removals a run wants are done: within the limits, approved by a person, or kept for one. */

import { isHeld, leavingBy, sum } from '../core/guard.ts';
import { takenBy } from '../core/plan-content.ts';
import { isDestructive } from '../model/operation.ts';
import type { Exceeded, Plan } from '../model/plan.ts';
import type { Away } from './away-as-shown.ts';
import { exceededBy } from './exceeded.ts';
import { counted, type Pending } from './pending.ts';
import { permitted } from './permit.ts';
import type { Provisioning } from './provisioning.ts';
import { EditedMeanwhile } from './reactions.ts';
import { windowStart } from './window.ts';

export type Judged = {
  readonly go: readonly Pending[];
  readonly held: readonly Pending[];
  readonly notInPlan: readonly Pending[];
  readonly exceeded: readonly Exceeded[];
  /** Not judged at all, because it is not known whether it is about somebody protected. */
  readonly inDoubt: readonly Pending[];
  /** Who left, where what the target shows of them is still to be noted. */
  readonly away: readonly Away[];
  /** What differs from the plan that was approved, in words; null when nothing does. */
  readonly moved: string | null;
};

const nothingElse = { held: [], notInPlan: [], exceeded: [], inDoubt: [], away: [], moved: null } as const;

export const judgeRemovals = async (work: Provisioning, wanted: readonly Pending[]): Promise<Judged> => {
  const { aim } = work;
  switch (aim.kind) {
    case 'plan':
      // What the whole plan passes is counted once it is there.
      return { ...nothingElse, go: wanted };
    case 'apply': {
      const { go, rest } = await permitted(work, aim.plan, wanted);
      return { ...nothingElse, go, notInPlan: rest };
    }
    case 'provision':
      return aim.approved === null ? await withinLimits(work, wanted) : await withApproval(work, aim.approved, wanted);
  }
};

const withinLimits = async (work: Provisioning, wanted: readonly Pending[]): Promise<Judged> => {
  const exceeded = await exceededRemovals(work, wanted);
  const held = wanted.filter((one) => isHeld(counted(one), exceeded));
  return { ...nothingElse, go: wanted.filter((one) => !isHeld(counted(one), exceeded)), held, exceeded };
};

/**
 * An approval is for exactly what was looked at. Once a run has found that nothing else is held, and begun, whoever continues does the rest of the plan,
 * which is then less than all of it.
 */
const withApproval = async (work: Provisioning, plan: Plan, wanted: readonly Pending[]): Promise<Judged> => {
  const judged = await withinLimits(work, wanted);
  if (plan.standing.state !== 'approved' || judged.held.length === 0) return judged;
  if (plan.standing.begun === null) {
    const moved = await differenceFrom(work, plan, judged.held);
    if (moved !== null) return { ...judged, moved };
    // Its approval was taken back at this moment.
    if ((await work.engine.stores.plans.begin(work.lease, plan.id, work.run.id)) === null) throw new EditedMeanwhile();
  }
  const { go, rest } = await permitted(work, plan, wanted);
  const others = await withinLimits(work, rest);
  return { ...others, go: [...go, ...others.go] };
};

/** What of the removals differs from a plan of what is over the limits, in words; null: nothing, or none of them is over a limit any more. */
export const movedFrom = async (work: Provisioning, plan: Plan, wanted: readonly Pending[]): Promise<string | null> => {
  const { held } = await withinLimits(work, wanted);
  return held.length === 0 ? null : await differenceFrom(work, plan, held);
};

const differenceFrom = async (work: Provisioning, plan: Plan, held: readonly Pending[]): Promise<string | null> => {
  const added = new Set(held.flatMap(({ planned }) => takenBy(planned.operation)));
  const dropped: string[] = [];
  for await (const staged of work.engine.stores.plans.scan(plan))
    for (const { operation } of staged)
      if (isDestructive(operation.action))
        for (const line of takenBy(operation)) if (!added.delete(line)) dropped.push(line);
  if (added.size + dropped.length === 0) return null;
  return `The plan ${plan.id} was approved, but it is not what would be taken away now: ${few('more', [...added])}, ${few('less', dropped)}.`;
};

const mostNamed = 5;
const few = (what: 'more' | 'less', lines: readonly string[]): string =>
  lines.length === 0
    ? `nothing ${what}`
    : `${lines.length} ${what} (${lines.slice(0, mostNamed).join('; ')}${lines.length > mostNamed ? '; …' : ''})`;

const exceededRemovals = (work: Provisioning, wanted: readonly Pending[]): Promise<readonly Exceeded[]> => {
  const { stores } = work.engine;
  const amounts = wanted.map(counted);
  return exceededBy({ stores, record: work.record, since: windowStart(work) }, sum(amounts), leavingBy(amounts));
};
