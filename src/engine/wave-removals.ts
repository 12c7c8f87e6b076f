/**
 * The last wave: whoever left loses membership, then the account. Everything is counted before anything is done: over a limit none of that kind
 * is done. And nobody loses anything on absence alone: the source is asked about each of them again, right before.
 */

import { guard } from '../core/guard.ts';
import { type PlannedOperation, planExpired, planGone, planLinked, planMembers } from '../core/plan.ts';
import type { SourceId } from '../model/ids.ts';
import type { Link, Operation } from '../model/operation.ts';
import { isDestructive } from '../model/operation.ts';
import type { GoneReason, Ref } from '../model/source-object.ts';
import type { Standing } from '../source/source.ts';
import { carryOut, type Done, type Pending } from './carry-out.ts';
import { chunks } from './chunks.ts';
import type { Gathered, Item } from './gather.ts';
import { linksOf, type Provisioning, passOf } from './provisioning.ts';
import type { Tally } from './tally.ts';
import { contextFor, referred } from './wave-objects.ts';
import { settleMembers, waitFor } from './wave-references.ts';

export type RemovalsEnd = { readonly held: boolean };

export const provisionRemovals = async (work: Provisioning, gathered: Gathered, tally: Tally): Promise<RemovalsEnd> => {
  const wanted = await planRemovals(work, gathered, tally);
  const allowed = await withinLimits(work, wanted, tally);
  // Members first: an account should not linger in groups when the run breaks off in between.
  for (const action of ['remove_members', 'disable', 'delete'] as const) {
    const some = allowed.pending.filter(({ planned }) => planned.operation.action === action);
    for (const batch of chunks(some, 500)) {
      await carryOutConfirmed(work, batch, tally);
      // What was taken away must be counted before more is: a run that breaks off here goes on with less left of its limit.
      await tally.checkpoint('removals', { through: work.through, wave: 'removals', after: null });
    }
  }
  return { held: allowed.held };
};

type Wanted = {
  readonly pending: readonly Pending[] /** Members whose own account goes too: they are counted there. */;
  readonly leaving: ReadonlySet<SourceId>;
};

const planRemovals = async (work: Provisioning, gathered: Gathered, tally: Tally): Promise<Wanted> => {
  const pending: Pending[] = [];
  for await (const items of gathered.items(null)) pending.push(...(await planChunk(work, gathered, items, tally)));
  if (gathered.kind === 'everything') pending.push(...(await planUnlisted(work, tally)));
  if (work.record.deprovision.kind === 'delete_after_days' && work.run.scope === null)
    pending.push(...(await planDeletions(work, work.record.deprovision.days)));
  const leaving = new Set(
    pending
      .filter(({ planned }) => planned.operation.action !== 'remove_members')
      .map(({ planned }) => planned.operation.ref.id),
  );
  pending.push(...(await planMemberRemovals(work, gathered)));
  return { pending, leaving };
};

const planChunk = async (
  work: Provisioning,
  gathered: Gathered,
  items: readonly Item[],
  tally: Tally,
): Promise<readonly Pending[]> => {
  const refs = items.map(({ ref }) => ref);
  const objects = await work.engine.stores.snapshots.find(work.run.connection, refs);
  const links = await linksOf(work, [...refs, ...referred(work, objects.values())]);
  const remembered = await work.engine.stores.snapshots.recall(
    work.run.connection,
    refs.filter(({ id }) => !objects.has(id)),
  );
  const pass = passOf(work);
  const unlinked: Ref[] = [];
  const pending = items.flatMap((item): Pending[] => {
    const object = objects.get(item.ref.id);
    const link = links.get(item.ref.id) ?? null;
    if (object !== undefined) {
      const plan = link === null ? null : planLinked(object, link, contextFor(work, item, links, pass));
      return plan?.kind === 'do' ? destructive(plan.operations, link) : [];
    }
    // It left after the versions this run looks at, or it was never in: a later run, or nobody, takes care of it.
    const why =
      gathered.left.get(item.ref.id) ??
      (item.why === 'retry' ? remembered.get(item.ref.id)?.gone : undefined) ??
      undefined;
    if (why === undefined) return [];
    if (link === null) unlinked.push(item.ref);
    return goneOperations(work, item.ref, link, why, pass, tally);
  });
  if (unlinked.length > 0 && !work.run.dryRun) await work.engine.stores.ledger.release(work.lease, unlinked);
  return pending;
};

const goneOperations = (
  work: Provisioning,
  ref: Ref,
  link: Link | null,
  why: GoneReason,
  pass: string,
  tally: Tally,
): Pending[] => {
  const plan = planGone(ref, link, work.record.deprovision, work.target.capabilities, why, { pass });
  if (plan.kind === 'skip') tally.skip(plan.reason);
  if (plan.kind === 'unchanged') tally.add('unchanged');
  return plan.kind === 'do' ? destructive(plan.operations, link) : [];
};

const destructive = (operations: readonly PlannedOperation[], link: Link | null): Pending[] =>
  operations.filter(({ operation }) => isDestructive(operation.action)).map((planned) => ({ planned, link }));

/** Everybody is looked at: also who is linked and not in the snapshot any more. */
const planUnlisted = async (work: Provisioning, tally: Tally): Promise<readonly Pending[]> => {
  const pending: Pending[] = [];
  const pass = passOf(work);
  for (const type of ['user', 'group'] as const) {
    for await (const links of work.engine.stores.ledger.scanLinks(work.record.id, type)) {
      const refs = links.map(({ ref }) => ref);
      const remembered = await work.engine.stores.snapshots.recall(work.run.connection, refs);
      for (const link of links) {
        const gone = remembered.get(link.ref.id)?.gone ?? null;
        if (gone !== null) pending.push(...goneOperations(work, link.ref, link, gone, pass, tally));
      }
    }
  }
  return pending;
};

/** Who was switched off long enough ago, and is still not in the snapshot. */
const planDeletions = async (work: Provisioning, days: number): Promise<readonly Pending[]> => {
  const before = new Date(work.engine.world.now().getTime() - days * 86_400_000);
  const pending: Pending[] = [];
  const pass = passOf(work);
  for await (const links of work.engine.stores.ledger.disabledBefore(work.record.id, before)) {
    const refs = links.map(({ ref }) => ref);
    const remembered = await work.engine.stores.snapshots.recall(work.run.connection, refs);
    for (const link of links) {
      const why = remembered.get(link.ref.id)?.gone ?? null;
      if (why !== null) pending.push({ planned: planExpired(link, why, { pass }), link });
    }
  }
  return pending;
};

const planMemberRemovals = async (work: Provisioning, gathered: Gathered): Promise<readonly Pending[]> => {
  if (!work.target.capabilities.groups) return [];
  const pending: Pending[] = [];
  for (const [id, members] of await membersToRemove(work, gathered)) {
    const links = await linksOf(work, [{ type: 'group', id }, ...members]);
    const group = links.get(id);
    if (group === undefined) continue;
    for (const some of chunks(members, 1_000)) {
      const { remove } = planMembers(group, { add: [], remove: some }, (member) => links.get(member), passOf(work));
      if (remove !== null) pending.push({ planned: remove, link: group });
    }
  }
  return pending;
};

/** What the changes say since the group's members were last pushed, and what the target refused earlier. */
const membersToRemove = async (
  work: Provisioning,
  gathered: Gathered,
): Promise<ReadonlyMap<SourceId, readonly Ref[]>> => {
  const removals = new Map<SourceId, Map<SourceId, Ref>>();
  const note = (group: SourceId, member: Ref): void => {
    const members = removals.get(group) ?? new Map<SourceId, Ref>();
    removals.set(group, members.set(member.id, member));
  };
  const groups = await linksOf(
    work,
    [...gathered.edges.keys()].map((id) => ({ type: 'group', id })),
  );
  for (const [group, edges] of gathered.edges) {
    const since = groups.get(group)?.membersAt ?? null;
    if (since === null) continue;
    for (const { member, want, version } of edges) if (want === 'remove' && version > since) note(group, member);
  }
  for await (const items of gathered.items(null)) {
    const owners = items.filter(({ ref }) => ref.type === 'group').map(({ ref }) => ref);
    for await (const waiting of work.engine.stores.ledger.waitingFor(work.record.id, owners)) {
      for (const { owner, path, to, want } of waiting)
        if (path === 'members' && want === 'remove') note(owner.id, { type: 'user', id: to });
    }
  }
  return new Map([...removals].map(([group, members]) => [group, [...members.values()]]));
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
  const held = verdict.deprovisions.held || verdict.memberRemovals.held;
  if (held) {
    tally.skip(
      'guard_hold',
      (verdict.deprovisions.held ? deprovisions.length : 0) + (verdict.memberRemovals.held ? removals.length : 0),
    );
    work.engine.world.log.warn('guard.held', {
      run: work.run.id,
      target: work.record.id,
      deprovisions: verdict.deprovisions.wanted,
      allowed: verdict.deprovisions.allowed,
    });
  }
  return {
    held,
    pending: [...(verdict.memberRemovals.held ? [] : removals), ...(verdict.deprovisions.held ? [] : deprovisions)],
  };
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
