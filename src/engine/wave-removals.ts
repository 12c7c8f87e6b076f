/**
 * The last wave: whoever left loses membership, then the account. Everything is counted before anything is done: over a limit none of that kind
 * is done. And nobody loses anything on absence alone: the source is asked about each of them again, right before.
 */

import { secondLookMs } from '../core/absence.ts';
import { batches } from '../core/batches.ts';
import type { SourceId } from '../model/ids.ts';
import type { Ref } from '../model/source-object.ts';
import { carryOut } from './carry-out.ts';
import { confirmRemovals, peopleOf } from './confirm-removals.ts';
import { escrowObjects } from './escrow.ts';
import { withEvidence } from './evidence.ts';
import type { Gathered } from './gather.ts';
import { type Judged, judgeRemovals } from './judge-removals.ts';
import { counted, type Done, type Pending } from './pending.ts';
import { leaveSpared, planRemovals } from './plan-removals.ts';
import { isDry, type Provisioning, placeAt } from './provisioning.ts';
import { SecondLookDue } from './reactions.ts';
import { guardedAfterAll } from './shield.ts';
import { spare } from './sift.ts';
import { stage } from './stage.ts';
import type { Tally } from './tally.ts';
import { settleMembers, waitFor } from './wave-references.ts';

export const provisionRemovals = async (work: Provisioning, gathered: Gathered, tally: Tally): Promise<Judged> => {
  const { wanted, carefree, inDoubt } = await planRemovals(work, gathered, tally);
  const judged = await withoutGuarded(
    work,
    { ...(await judgeRemovals(work, await withEvidence(work, gathered, wanted))), inDoubt },
    tally,
  );
  for (const one of judged.notInPlan) tally.skip('not_in_plan', Math.max(1, counted(one).members));
  await keepHeld(work, judged.held, tally);
  const leaving = new Map(
    judged.go.flatMap((one) =>
      'members' in one.planned.operation ? [] : [[one.planned.operation.ref.id, one] as const],
    ),
  );
  const unproven: Pending[] = [];
  // Members first: an account should not linger in groups when the run breaks off in between.
  for (const action of ['remove_members', 'disable', 'delete'] as const) {
    const some = judged.go.filter(({ planned }) => planned.operation.action === action);
    for (const batch of batches(some, 500)) {
      unproven.push(...(await carryOutConfirmed(work, batch, leaving, tally)));
      // A plan counts all of it anew when it is broken off here, for nothing of it is done.
      if (work.aim.kind !== 'plan') await tally.checkpoint('removals', placeAt(work, 'removals'));
    }
  }
  // What a person approved is done by this run, so it waits for the second look itself, once everybody had the first.
  if (unproven.some(({ released }) => released !== undefined))
    throw new SecondLookDue(work.engine.timing.secondLookMs ?? secondLookMs);
  // Not sooner: whoever was looked at before has that noted in the escrow.
  if (!isDry(work))
    for (const some of batches(carefree, 500)) await work.engine.stores.ledger.release(work.lease, some);
  return judged;
};

/** A run that only plans takes nothing away; whoever is found by this is left out when the plan is carried out. */
const withoutGuarded = async (work: Provisioning, judged: Judged, tally: Tally): Promise<Judged> => {
  if (isDry(work) || judged.go.length === 0) return judged;
  const after = await guardedAfterAll(work, peopleOf(judged.go));
  if (after.size === 0) return judged;
  const { go, kept, inDoubt } = await spare(work, judged.go, after);
  await leaveSpared(work, kept, tally);
  return { ...judged, go, inDoubt: [...judged.inDoubt, ...inDoubt] };
};

const keepHeld = async (work: Provisioning, held: readonly Pending[], tally: Tally): Promise<void> => {
  if (held.length === 0) return;
  tally.skip('guard_hold', held.length);
  for (const some of batches(held, 500)) await stage(work, some);
};

/** Resolves with what a second look is due for. */
const carryOutConfirmed = async (
  work: Provisioning,
  pending: readonly Pending[],
  leaving: ReadonlyMap<SourceId, Pending>,
  tally: Tally,
): Promise<readonly Pending[]> => {
  const { evident, contradicted, unproven } = await confirmRemovals(work, pending, leaving);
  await carryOut(work, evident, async (done) => {
    await settleMembers(work, done, tally);
    countDeprovisions(done, tally);
  });
  await leave(work, contradicted, 'source_unsure');
  await leave(work, unproven, 'absence_unproven');
  tally.skip('confirmed_present', weightOf(contradicted));
  tally.skip('absence_unproven', weightOf(unproven.filter(({ released }) => released === undefined)));
  return unproven;
};

const membersOf = (pending: readonly Pending[]): readonly Ref[] =>
  pending.flatMap(({ planned: { operation } }) =>
    'members' in operation ? operation.members.map(({ ref }) => ref) : [],
  );

const weightOf = (pending: readonly Pending[]): number =>
  pending.reduce((sum, one) => sum + Math.max(1, counted(one).members), 0);

const details = {
  source_unsure:
    'the snapshot says it left, the source says it is there, or cannot tell; nothing is taken away until both agree',
  absence_unproven:
    'the source does not know it, but it was there a short while ago; it is asked again before anything is taken away',
} as const;

/** Left alone, and asked about again later: members too, whose group is looked at for that. */
const leave = async (work: Provisioning, pending: readonly Pending[], reason: keyof typeof details): Promise<void> => {
  if (pending.length === 0 || isDry(work)) return;
  await waitFor(
    work,
    pending.flatMap(({ planned: { operation } }) =>
      'members' in operation
        ? operation.members.map(({ ref }) => ({
            owner: operation.ref,
            path: 'members',
            to: ref.id,
            want: 'remove' as const,
          }))
        : [],
    ),
  );
  // The first look at an account is noted with the first of its memberships, should the run get no further.
  const looked = reason === 'absence_unproven' ? membersOf(pending) : [];
  const refs = [...pending.map(({ planned }) => planned.operation.ref), ...looked];
  await escrowObjects(
    work,
    [...new Map(refs.map((ref) => [ref.id, ref])).values()].map((ref) => ({ ref, reason, detail: details[reason] })),
  );
};

const countDeprovisions = (done: readonly Done[], tally: Tally): void => {
  for (const { outcome } of done) {
    if (outcome.action === 'remove_members') continue;
    if (outcome.result === 'skipped') {
      if (outcome.reason !== 'postponed') tally.skip(outcome.reason);
      continue;
    }
    if (outcome.result === 'applied') tally.add(outcome.action === 'delete' ? 'removed' : 'disabled');
    else tally.fail(outcome.reason);
  }
};
