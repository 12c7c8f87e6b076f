/** What a provision run would take away, from the state now: who left, who was disabled, who went from a group. */

import { batches } from '../core/batches.ts';
import { type PlannedOperation, planExpired, planGone, planLinked, planMembers } from '../core/plan.ts';
import type { SourceId } from '../model/ids.ts';
import { isDestructive, type Link } from '../model/operation.ts';
import type { GoneReason, Ref } from '../model/source-object.ts';
import type { Pending } from './carry-out.ts';
import type { Gathered, Item } from './gather.ts';
import { linksOf, objectsOf, type Provisioning, passOf } from './provisioning.ts';
import type { Tally } from './tally.ts';
import { contextFor, referred } from './wave-objects.ts';
import { refsOf } from './wave-references.ts';

export type Wanted = {
  readonly pending: readonly Pending[] /** Members whose own account goes too: they are counted there. */;
  readonly leaving: ReadonlySet<SourceId>;
};

export const planRemovals = async (work: Provisioning, gathered: Gathered, tally: Tally): Promise<Wanted> => {
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
  const objects = await objectsOf(work, items);
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
    for (const some of batches(members, 1_000)) {
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
    const link = groups.get(group);
    const since = link?.membersAt ?? link?.membersSince ?? null;
    if (since === null) continue;
    for (const { member, want, version } of edges) if (want === 'remove' && version > since) note(group, member);
  }
  for await (const items of gathered.groups()) {
    const owners = items.map(({ ref }) => ref);
    for await (const waiting of work.engine.stores.ledger.waitingFor(work.record.id, owners)) {
      for (const { owner, path, to, want } of waiting)
        if (path === 'members' && want === 'remove')
          for (const member of await refsOf(work, [to])) note(owner.id, member);
    }
  }
  return new Map([...removals].map(([group, members]) => [group, [...members.values()]]));
};
