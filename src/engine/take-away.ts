/**
 * Takes away what was judged, a few at a time: it is looked whether anybody edited what the run goes by, the source is asked about exactly these people,
 * and they are sent before that is a minute old. Whoever has to wait longer, because the target is slow or asks to wait, is asked about again.
 */

import { batches } from '../core/batches.ts';
import { operationKey, type SourceId } from '../model/ids.ts';
import type { Action } from '../model/operation.ts';
import { assertAsRead } from './as-read.ts';
import { carryOut } from './carry-out.ts';
import { confirmRemovals } from './confirm-removals.ts';
import { escrowObjects } from './escrow.ts';
import { forgetLooks, lookedOnce } from './first-looks.ts';
import { counted, type Done, isFoundGone, membersOf, type Pending } from './pending.ts';
import { isDry, type Provisioning, placeAt } from './provisioning.ts';
import { ConfirmationTooSlow } from './reactions.ts';
import { scopeOfSnapshot } from './scope-of-snapshot.ts';
import { stopIfRefused } from './stop-if-refused.ts';
import type { Tally } from './tally.ts';
import { removalsOf, settleMembers, waitFor } from './wave-references.ts';

/** Resolves with what a second look is due for. */
export const takeAway = async (
  work: Provisioning,
  pending: readonly Pending[],
  tally: Tally,
): Promise<readonly Pending[]> => {
  const leaving = new Map(
    pending.flatMap((one) =>
      'members' in one.planned.operation ? [] : [[one.planned.operation.ref.id, one] as const],
    ),
  );
  const unproven: Pending[] = [];
  // Members first: an account should not linger in groups when the run breaks off in between.
  for (const action of ['remove_members', 'disable', 'delete'] as const) {
    const some = pending.filter((one) => actionOf(one) === action);
    const looked = isDry(work) ? planAway(work, some, leaving, tally) : sendAway(work, some, leaving, tally);
    unproven.push(...(await looked));
  }
  return unproven;
};

const actionOf = ({ planned }: Pending): Action => planned.operation.action;

type Leaving = ReadonlyMap<SourceId, Pending>;

/** A plan counts all of it anew when it is broken off here, for nothing of it is done. */
const planAway = async (
  work: Provisioning,
  pending: readonly Pending[],
  leaving: Leaving,
  tally: Tally,
): Promise<readonly Pending[]> => {
  const unproven: Pending[] = [];
  for (const some of batches(pending, plannedAtOnce))
    unproven.push(...(await carryOutConfirmed(work, some, leaving, tally)).unproven);
  return unproven;
};

const plannedAtOnce = 500;

const sendAway = async (
  work: Provisioning,
  pending: readonly Pending[],
  leaving: Leaving,
  tally: Tally,
): Promise<readonly Pending[]> => {
  const unproven: Pending[] = [];
  let left = inRequests(work, pending);
  let most = takenAtOnce(work);
  while (left.length > 0) {
    await assertAsRead(work);
    const batch = firstOf(left, most);
    const done = await carryOutConfirmed(work, batch, leaving, tally);
    unproven.push(...done.unproven);
    left = [...done.again.map((one) => anew(work, one)), ...left.slice(batch.length)];
    await tally.checkpoint('removals', placeAt(work, 'removals'));
    stopIfRefused(work, tally);
    const [first] = left;
    if (done.isAnySent || done.again.length === 0 || first === undefined) continue;
    // It took the source longer to answer than its answer is good for: about fewer people it answers sooner.
    if (batch.length > 1) most = Math.ceil(batch.length / 2);
    else if (weightOf([first]) > 1) left = [...inPieces(first, Math.ceil(weightOf([first]) / 2)), ...left.slice(1)];
    else throw new ConfirmationTooSlow();
  }
  return unproven;
};

/** A few rounds of requests at the target's concurrency, in twenties: so many questions one request to Graph carries. */
export const takenAtOnce = ({ target }: Pick<Provisioning, 'target'>): number =>
  Math.ceil((roundsAtOnce * target.capabilities.concurrency) / questionsAtOnce) * questionsAtOnce;
const roundsAtOnce = 4;
const questionsAtOnce = 20;
/** Members count one by one, for each is asked about. */
const peopleAtOnce = 500;

const firstOf = (pending: readonly Pending[], most: number): readonly Pending[] => {
  let people = 0;
  const end = pending.findIndex((one, nth) => {
    people += weightOf([one]);
    return nth >= most || (nth > 0 && people > peopleAtOnce);
  });
  return end === -1 ? pending : pending.slice(0, end);
};

/** Member operations in pieces that one request carries: what is sent at once was asked about at once. */
const inRequests = ({ target }: Provisioning, pending: readonly Pending[]): readonly Pending[] =>
  pending.flatMap((one) => inPieces(one, target.capabilities.membersPerRequest));

const inPieces = (one: Pending, size: number): readonly Pending[] => {
  const { operation } = one.planned;
  if (!('members' in operation) || operation.members.length <= size) return [one];
  return [...batches(operation.members, size)].map((members, nth) => ({
    ...one,
    planned: { ...one.planned, operation: { ...operation, key: operationKey(`${operation.key}.${nth}`), members } },
  }));
};

/** The same operation as another one: the intent of the first is settled. */
const anew = (work: Provisioning, one: Pending): Pending => ({
  ...one,
  planned: {
    ...one.planned,
    operation: { ...one.planned.operation, key: operationKey(`${one.planned.operation.key}.again${work.nextPass()}`) },
  },
});

type Taken = {
  /** What a second look is due for. */
  readonly unproven: readonly Pending[];
  /** What was confirmed, and not sent before that was too old. */
  readonly again: readonly Pending[];
  readonly isAnySent: boolean;
};

const carryOutConfirmed = async (
  work: Provisioning,
  pending: readonly Pending[],
  leaving: Leaving,
  tally: Tally,
): Promise<Taken> => {
  const scope = await scopeOfSnapshot(work);
  const { evident, contradicted, unproven, shown } = await confirmRemovals(work, pending, scope, leaving);
  const again: Pending[] = [];
  let isAnySent = false;
  await carryOut(work, evident, async (done) => {
    await settleMembers(work, done, tally);
    countDeprovisions(done, tally);
    const late = done.filter(isPostponed);
    again.push(...late.map((one) => one.pending));
    isAnySent ||= late.length < done.length;
  });
  if (!isDry(work)) await forgetLooks(work, shown);
  await leave(work, contradicted, 'source_unsure');
  await leave(work, unproven, 'absence_unproven');
  tally.skip('confirmed_present', weightOf(contradicted));
  tally.skip('absence_unproven', weightOf(unproven.filter(({ released }) => released === undefined)));
  return { unproven, again, isAnySent };
};

/** Had the target asked to wait, the run would have been put back. */
const isPostponed = ({ outcome }: Done): boolean => outcome.result === 'skipped' && outcome.reason === 'postponed';

const weightOf = (pending: readonly Pending[]): number =>
  pending.reduce((sum, one) => sum + Math.max(1, counted(one).members), 0);

const details = {
  source_unsure:
    'the snapshot says it left or is off, the source says otherwise, or cannot tell; nothing is taken away until both agree',
  absence_unproven: lookedOnce,
} as const;

/** Left alone, and asked about again later: members too, whose group is looked at for that. */
const leave = async (work: Provisioning, pending: readonly Pending[], reason: keyof typeof details): Promise<void> => {
  if (pending.length === 0 || isDry(work)) return;
  await waitFor(
    work,
    pending.flatMap(({ planned: { operation }, told }) =>
      'members' in operation
        ? removalsOf(
            operation.ref,
            operation.members.map(({ ref }) => ref),
            told,
          )
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
  tally.gone(done.flatMap((one) => (isFoundGone(one) && one.outcome.result === 'applied' ? [one.outcome.ref.id] : [])));
  for (const { outcome } of done) {
    if (outcome.action === 'remove_members') continue;
    if (outcome.result === 'skipped') {
      if (outcome.reason !== 'postponed') tally.skip(outcome.reason);
      continue;
    }
    if (outcome.result === 'applied') tally.add(outcome.action === 'delete' ? 'removed' : 'disabled');
    else tally.fail(outcome.reason, outcome.ref.id);
  }
};
