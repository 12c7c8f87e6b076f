/**
 * The last wave: whoever left loses membership, then the account. Everything is counted before anything is done: over a limit none of that kind
 * is done. And nobody loses anything on absence alone: the source is asked about each of them again, right before.
 */

import { batches } from '../core/batches.ts';
import type { PlannedOperation } from '../core/plan.ts';
import type { SourceId } from '../model/ids.ts';
import type { Operation } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import type { Standing } from '../source/source.ts';
import { carryOut } from './carry-out.ts';
import { escrowObjects } from './escrow.ts';
import type { Gathered } from './gather.ts';
import { type Judged, judgeRemovals } from './judge-removals.ts';
import { counted, type Done, type Pending } from './pending.ts';
import { planRemovals } from './plan-removals.ts';
import { isDry, type Provisioning, placeAt } from './provisioning.ts';
import { stage } from './stage.ts';
import type { Tally } from './tally.ts';
import { settleMembers, waitFor } from './wave-references.ts';

export const provisionRemovals = async (work: Provisioning, gathered: Gathered, tally: Tally): Promise<Judged> => {
  const wanted = await planRemovals(work, gathered, tally);
  const judged = await judgeRemovals(work, wanted);
  for (const one of judged.notInPlan) tally.skip('not_in_plan', Math.max(1, counted(one).members));
  await keepHeld(work, judged.held, tally);
  // Members first: an account should not linger in groups when the run breaks off in between.
  for (const action of ['remove_members', 'disable', 'delete'] as const) {
    const some = judged.go.filter(({ planned }) => planned.operation.action === action);
    for (const batch of batches(some, 500)) {
      await carryOutConfirmed(work, batch, tally);
      // A plan counts all of it anew when it is broken off here, for nothing of it is done.
      if (work.aim.kind !== 'plan') await tally.checkpoint('removals', placeAt(work, 'removals'));
    }
  }
  return judged;
};

const keepHeld = async (work: Provisioning, held: readonly Pending[], tally: Tally): Promise<void> => {
  if (held.length === 0) return;
  tally.skip('guard_hold', held.length);
  for (const some of batches(held, 500)) await stage(work, some);
};

/** Asks the source again, drops what it contradicts, and carries out the rest. */
const carryOutConfirmed = async (work: Provisioning, pending: readonly Pending[], tally: Tally): Promise<void> => {
  const standings = await work.source().confirm(peopleOf(pending), work.connection.scope, work.watch.signal);
  const evident: Pending[] = [];
  const contradicted: Ref[] = [];
  for (const one of pending) {
    const { operation } = one.planned;
    if ('members' in operation) {
      const members = await evidentMembers(work, operation, standings);
      if (members.length > 0)
        evident.push({ ...one, planned: { ...one.planned, operation: { ...operation, members } } });
      if (members.length === operation.members.length) continue;
      await keepMembers(work, operation, new Set(members.map(({ ref }) => ref.id)), tally);
      contradicted.push(operation.ref);
    } else if (isEvident(one.planned, standings.get(operation.ref.id))) {
      evident.push(one);
    } else {
      contradicted.push(operation.ref);
      tally.skip('confirmed_present');
    }
  }
  await carryOut(work, evident, async (done) => {
    await settleMembers(work, done, tally);
    countDeprovisions(done, tally);
  });
  await holdBack(work, contradicted);
};

type MemberOperation = Extract<Operation, { action: 'add_members' | 'remove_members' }>;

/** Members whom the source still lists stay, and are asked about again later. */
const keepMembers = async (
  work: Provisioning,
  { ref: owner, members }: MemberOperation,
  evident: ReadonlySet<SourceId>,
  tally: Tally,
): Promise<void> => {
  const kept = members.filter(({ ref }) => !evident.has(ref.id));
  tally.skip('confirmed_present', kept.length);
  await waitFor(
    work,
    kept.map(({ ref }) => ({ owner, path: 'members', to: ref.id, want: 'remove' })),
  );
};

const holdBack = async (work: Provisioning, contradicted: readonly Ref[]): Promise<void> => {
  if (contradicted.length === 0 || isDry(work)) return;
  const detail =
    'the snapshot says it left, the source says it is there, or cannot tell; nothing is taken away until both agree';
  await escrowObjects(
    work,
    contradicted.map((ref) => ({ ref, reason: 'source_unsure', detail })),
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

const peopleOf = (pending: readonly Pending[]): readonly Ref[] => [
  ...new Map(
    pending
      .flatMap(({ planned: { operation } }) =>
        'members' in operation ? operation.members.map(({ ref }) => ref) : [operation.ref],
      )
      .map((ref) => [ref.id, ref]),
  ).values(),
];

const hasLeft = (standing: Standing | undefined): boolean => standing === 'gone' || standing === 'out_of_scope';

const isEvident = ({ why }: PlannedOperation, standing: Standing | undefined): boolean =>
  why === 'disabled_in_source' ? standing === 'disabled' || hasLeft(standing) : hasLeft(standing);

/** Members who left altogether, or whom the source does not list in this group now. */
const evidentMembers = async (
  work: Provisioning,
  operation: MemberOperation,
  standings: ReadonlyMap<SourceId, Standing>,
) => {
  const staying = operation.members.filter(({ ref }) => !hasLeft(standings.get(ref.id)));
  const still =
    staying.length === 0
      ? new Map<SourceId, boolean>()
      : await work.source().confirmMembers(
          operation.ref.id,
          staying.map(({ ref }) => ref),
          work.watch.signal,
        );
  return operation.members.filter(({ ref }) => hasLeft(standings.get(ref.id)) || still.get(ref.id) === false);
};
