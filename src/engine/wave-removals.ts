/**
 * The last wave: whoever left loses membership, then the account. Everything is counted before anything is done: over a limit none of that kind
 * is done. And nobody loses anything on absence alone: the source is asked about each of them again, right before.
 */

import { batches } from '../core/batches.ts';
import { guard, type Verdict } from '../core/guard.ts';
import type { PlannedOperation } from '../core/plan.ts';
import type { SourceId } from '../model/ids.ts';
import type { Operation } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import type { Standing } from '../source/source.ts';
import { carryOut, causeOf, type Done, type Pending } from './carry-out.ts';
import type { Gathered } from './gather.ts';
import { planRemovals, type Wanted } from './plan-removals.ts';
import type { Provisioning } from './provisioning.ts';
import type { Tally } from './tally.ts';
import { settleMembers, waitFor } from './wave-references.ts';

export type RemovalsEnd = { readonly held: boolean };

export const provisionRemovals = async (work: Provisioning, gathered: Gathered, tally: Tally): Promise<RemovalsEnd> => {
  const wanted = await planRemovals(work, gathered, tally);
  const allowed = await withinLimits(work, wanted, tally);
  // Members first: an account should not linger in groups when the run breaks off in between.
  for (const action of ['remove_members', 'disable', 'delete'] as const) {
    const some = allowed.pending.filter(({ planned }) => planned.operation.action === action);
    for (const batch of batches(some, 500)) {
      await carryOutConfirmed(work, batch, tally);
      // What was taken away must be counted before more is: a run that breaks off here goes on with less left of its limit.
      await tally.checkpoint('removals', { through: work.through, wave: 'removals', after: null });
    }
  }
  return { held: allowed.held };
};

const withinLimits = async (
  work: Provisioning,
  { pending, leaving }: Wanted,
  tally: Tally,
): Promise<{ pending: readonly Pending[]; held: boolean }> => {
  const deprovisions = pending.filter(({ planned }) => planned.operation.action !== 'remove_members');
  const removals = pending.filter(({ planned }) => planned.operation.action === 'remove_members');
  const done = tally.counters();
  const { user, group } = await work.engine.stores.ledger.countLinks(work.record.id);
  const verdict = guard(
    {
      deprovisions: deprovisions.length + done.disabled + done.removed,
      memberRemovals:
        removals.reduce((sum, { planned }) => sum + stayersOf(planned.operation, leaving), 0) + done.membersRemoved,
    },
    work.record.limits,
    user + group,
  );
  const isHeld = ({ planned }: Pending): boolean =>
    planned.operation.action === 'remove_members' ? verdict.memberRemovals.held : verdict.deprovisions.held;
  const held = pending.filter(isHeld);
  if (held.length > 0) await noteHeld(work, held, verdict, tally);
  return { held: held.length > 0, pending: pending.filter((one) => !isHeld(one)) };
};

/** Whoever has to decide sees in the operations of the run what was kept back. */
const noteHeld = async (
  work: Provisioning,
  held: readonly Pending[],
  verdict: Verdict,
  tally: Tally,
): Promise<void> => {
  tally.skip('guard_hold', held.length);
  work.engine.world.log.warn('guard.held', {
    run: work.run.id,
    target: work.record.id,
    deprovisions: verdict.deprovisions.wanted,
    deprovisions_allowed: verdict.deprovisions.allowed,
    member_removals: verdict.memberRemovals.wanted,
    member_removals_allowed: verdict.memberRemovals.allowed,
  });
  for (const some of batches(held, 500)) {
    await work.engine.stores.ledger.propose(
      work.lease,
      some.map(({ planned }) => ({ operation: planned.operation, cause: causeOf(work, planned) })),
    );
  }
};

/** Members who lose only this group. Who leaves altogether is counted once, as a deprovision. */
const stayersOf = (operation: Operation, leaving: ReadonlySet<SourceId>): number =>
  'members' in operation ? operation.members.filter(({ ref }) => !leaving.has(ref.id)).length : 0;

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
  if (contradicted.length === 0 || work.run.dryRun) return;
  const detail =
    'the snapshot says it left, the source says it is there, or cannot tell; nothing is taken away until both agree';
  await work.engine.stores.ledger.escrow(
    work.lease,
    contradicted.map((ref) => ({ ref, reason: 'source_unsure', detail })),
  );
};

const countDeprovisions = (done: readonly Done[], tally: Tally): void => {
  for (const { outcome } of done) {
    if (outcome.action === 'remove_members' || outcome.result === 'skipped') continue;
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
