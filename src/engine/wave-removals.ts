/**
 * The last wave: whoever left loses membership, then the account. Everything is counted before anything is done: over a limit none of that kind
 * is done. And nobody loses anything on absence alone: the source is asked about each of them again, right before.
 */

import { batches } from '../core/batches.ts';
import { type Amounts, guard, isHeld, sum } from '../core/guard.ts';
import type { PlannedOperation } from '../core/plan.ts';
import type { SourceId } from '../model/ids.ts';
import type { Operation } from '../model/operation.ts';
import type { Exceeded } from '../model/plan.ts';
import type { Ref } from '../model/source-object.ts';
import type { Standing } from '../source/source.ts';
import { carryOut, stage } from './carry-out.ts';
import { escrowObjects } from './escrow.ts';
import type { Gathered } from './gather.ts';
import { counted, type Done, type Pending, skip } from './pending.ts';
import { planRemovals } from './plan-removals.ts';
import type { Provisioning } from './provisioning.ts';
import type { Tally } from './tally.ts';
import { settleMembers, waitFor } from './wave-references.ts';
import { windowStart } from './window.ts';

export type RemovalsEnd = { readonly exceeded: readonly Exceeded[] };

export const provisionRemovals = async (work: Provisioning, gathered: Gathered, tally: Tally): Promise<RemovalsEnd> => {
  const wanted = await planRemovals(work, gathered, tally);
  const exceeded = await exceededRemovals(work, wanted);
  const held = wanted.filter((one) => isHeld(counted(one), exceeded));
  if (held.length > 0) await noteHeld(work, held, tally);
  const allowed = wanted.filter((one) => !isHeld(counted(one), exceeded));
  // Members first: an account should not linger in groups when the run breaks off in between.
  for (const action of ['remove_members', 'disable', 'delete'] as const) {
    const some = allowed.filter(({ planned }) => planned.operation.action === action);
    for (const batch of batches(some, 500)) {
      await carryOutConfirmed(work, batch, tally);
      const { through, exceeded } = work;
      await tally.checkpoint('removals', { through, wave: 'removals', after: null, exceeded });
    }
  }
  return { exceeded };
};

/** What the day took is asked of the ledger, not counted along: a run that breaks off, or is repeated, goes on with less left of its limit. */
const exceededRemovals = async (work: Provisioning, wanted: readonly Pending[]): Promise<readonly Exceeded[]> => {
  if (wanted.length === 0) return [];
  const { ledger } = work.engine.stores;
  const amounts = sum(wanted.map(counted));
  const taken = await ledger.taken(work.record.id, windowStart(work));
  const linked = (await ledger.countActive(work.record.id)) + taken.deprovisions;
  const sizes = await sizesOf(work, amounts, taken);
  return guard(amounts, taken, work.record.limits, { linked, membersOf: (group) => sizes.get(group) ?? 0 });
};

/** How many members groups have, and had before this run and the day; asked only of groups that lose more than anybody may lose. */
const sizesOf = async (work: Provisioning, wanted: Amounts, taken: Amounts): Promise<ReadonlyMap<SourceId, number>> => {
  const { floor } = work.record.limits.memberRemovalsPerGroup;
  const sizes = new Map<SourceId, number>();
  for (const [group, members] of wanted.byGroup) {
    let size = members + (taken.byGroup.get(group) ?? 0);
    if (size <= floor) continue;
    for await (const some of work.engine.stores.snapshots.members(work.run.connection, group)) size += some.length;
    sizes.set(group, size);
  }
  return sizes;
};

/** Whoever has to decide sees in the operations of the run what was kept back. */
const noteHeld = async (work: Provisioning, held: readonly Pending[], tally: Tally): Promise<void> => {
  tally.skip('guard_hold', held.length);
  for (const some of batches(held, 500))
    await stage(
      work,
      some.map((one) => skip(work, one, 'guard_hold')),
    );
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
  if (contradicted.length === 0 || work.run.dryRun) return;
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
