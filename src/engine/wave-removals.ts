/**
 * The last wave: whoever left loses membership, then the account. Everything is counted before anything is done: over a limit none of that kind
 * is done. And nobody loses anything on absence alone: the source is asked about each of them again, right before.
 */

import { secondLookMs } from '../core/absence.ts';
import { batches } from '../core/batches.ts';
import type { SourceId } from '../model/ids.ts';
import type { Ref } from '../model/source-object.ts';
import { isOfPlan } from './aim.ts';
import { noteAsShown } from './as-shown.ts';
import { noteReturnedAsShown } from './away-as-shown.ts';
import { withEvidence } from './evidence.ts';
import { forgetLooks, letGo } from './first-looks.ts';
import type { Gathered } from './gather.ts';
import { type Judged, judgeRemovals } from './judge-removals.ts';
import { noteRemovals } from './note-removals.ts';
import { counted, type Pending } from './pending.ts';
import { leaveSpared, planRemovals } from './plan-removals.ts';
import { isDry, type Provisioning } from './provisioning.ts';
import { SecondLookDue } from './reactions.ts';
import { spareGuarded } from './spare-guarded.ts';
import { stage } from './stage.ts';
import { takeAway } from './take-away.ts';
import type { Tally } from './tally.ts';

/** `isFor`: where only some of it may be done. Whether that is within the limits, or as it was approved, is decided with all of it. */
export const provisionRemovals = async (
  work: Provisioning,
  gathered: Gathered,
  tally: Tally,
  isFor: (one: Pending) => boolean = () => true,
): Promise<Judged> => {
  const { wanted, carefree, inDoubt, away } = await planRemovals(work, gathered, tally);
  const all = await judgeRemovals(work, await withEvidence(work, wanted));
  const [go, held] = [all.go.filter(isFor), all.held.filter(isFor)];
  const judged = await withoutGuarded(work, { ...all, go, held, inDoubt, away }, tally);
  for (const one of judged.notInPlan) tally.skip('not_in_plan', Math.max(1, counted(one).members));
  await noteAsShown(work, [...judged.notInPlan, ...judged.inDoubt]);
  await noteReturnedAsShown(work);
  await keepHeld(work, judged.held, tally);
  await noteRemovals(work, judged);
  const unproven = await takeAway(work, judged.go, tally);
  // What a person approved is done by this run, so it waits for the second look itself, once everybody had the first.
  if (unproven.some(({ released }) => released !== undefined))
    throw new SecondLookDue(work.engine.timing.secondLookMs ?? secondLookMs);
  if (isOfPlan(work.aim)) await forgetLooks(work, groupsDone(judged, unproven));
  // Not sooner: whoever was looked at before has that noted in the escrow.
  if (!isDry(work)) for (const some of batches(carefree, 500)) await letGo(work, some);
  return judged;
};

/** Groups that nobody waits to be put out of any more: where it is this run that took the second look, no other one lets go of them. */
const groupsDone = ({ go, held, notInPlan, inDoubt }: Judged, unproven: readonly Pending[]): readonly Ref[] => {
  const waiting = groupsOf([...held, ...notInPlan, ...inDoubt, ...unproven]);
  return [...groupsOf(go).values()].filter(({ id }) => !waiting.has(id));
};

const groupsOf = (pending: readonly Pending[]): ReadonlyMap<SourceId, Ref> =>
  new Map(
    pending.flatMap(({ planned: { operation } }) =>
      'members' in operation ? [[operation.ref.id, operation.ref] as const] : [],
    ),
  );

const withoutGuarded = async (work: Provisioning, judged: Judged, tally: Tally): Promise<Judged> => {
  const { go, kept, inDoubt, spared } = await spareGuarded(work, judged.go);
  await leaveSpared(work, { kept, spared }, tally);
  return { ...judged, go, inDoubt: [...judged.inDoubt, ...inDoubt] };
};

const keepHeld = async (work: Provisioning, held: readonly Pending[], tally: Tally): Promise<void> => {
  if (held.length === 0) return;
  tally.skip('guard_hold', held.length);
  for (const some of batches(held, 500)) await stage(work, some);
};
