/** What a provision run would take away, from the state now: who left, who was disabled, who went from a group. */

import { batches } from '../core/batches.ts';
import { expiredBefore, type PlannedOperation, planExpired, planGone, planLinked, planMembers } from '../core/plan.ts';
import { isToBeOff } from '../core/switch.ts';
import type { SourceId } from '../model/ids.ts';
import { isDestructive, type Link, type Outcome, type WaitingReference, type Why } from '../model/operation.ts';
import type { GoneReason, Ref } from '../model/source-object.ts';
import { isOfPlan } from './aim.ts';
import { type Away, type Leaver, leaversAmong, noteAwayAsShown, protectedAmong } from './away-as-shown.ts';
import { forgetLooks, letGo } from './first-looks.ts';
import type { Gathered, Item } from './gather.ts';
import { notMended } from './not-mended.ts';
import { noteMemberships } from './owed-looks.ts';
import { counted, type Done, type Pending } from './pending.ts';
import { believed, isDry, linksOf, objectsOf, type Provisioning, passOf, rulesFor } from './provisioning.ts';
import { type Spared, spare } from './sift.ts';
import { linksAsShown } from './sights.ts';
import type { Tally } from './tally.ts';
import { asListed, withUnlisted } from './unlisted.ts';
import { contextFor } from './wave-objects.ts';
import { refsOf, removalsOf, stillOut, waitFor } from './wave-references.ts';

/**
 * `carefree`: who has no account to lose any more, or none that may be touched, so that nothing about it is to be tried again. `inDoubt`: what is not to be done as long as it is not
 * known whether it is about somebody protected. `away`: who left or is protected, where what the target shows of them is still to be noted.
 */
export type Removals = {
  readonly wanted: readonly Pending[];
  readonly carefree: readonly Ref[];
  readonly inDoubt: readonly Pending[];
  readonly away: readonly Away[];
};

/** Members of who leaves altogether are removed by operations of their own: they are counted with the account. */
export const planRemovals = async (work: Provisioning, gathered: Gathered, tally: Tally): Promise<Removals> => {
  const accounts: Pending[] = [];
  const carefree: Ref[] = [];
  const away: Away[] = [];
  const chunks =
    gathered.kind === 'everything' ? withUnlisted(work, gathered.items(null)) : asListed(gathered.items(null));
  for await (const { items, unlisted } of chunks) {
    accounts.push(...(await planChunk(work, gathered, items, tally, carefree)));
    away.push(...(await noteAwayAsShown(work, await protectedAmong(work, items))));
    for (const some of batches(unlisted, 1_000)) {
      const leavers = await leaversAmong(work, some);
      accounts.push(...(await planUnlisted(work, some, leavers, tally)));
      away.push(...(await noteAwayAsShown(work, leavers)));
    }
  }
  if (work.record.deprovision.kind === 'delete_after_days' && work.run.scope === null && work.run.amends === null)
    accounts.push(...(await planDeletions(work, work.record.deprovision.days)));
  const { go: deprovisions, inDoubt, spared } = await touchable(work, accounts, tally);
  carefree.push(...spared);
  // A group leaves the groups it is in as a member that goes, by itself: whether it is deleted is another matter, with a limit of its own.
  const leaving = new Set(
    deprovisions.map(({ planned }) => planned.operation.ref).flatMap(({ type, id }) => (type === 'user' ? [id] : [])),
  );
  const members = await touchable(work, await planMemberRemovals(work, gathered, leaving), tally);
  return { wanted: [...deprovisions, ...members.go], carefree, inDoubt: [...inDoubt, ...members.inDoubt], away };
};

/** Without who is protected: what is never done must not fill a limit. */
const touchable = async (
  work: Provisioning,
  pending: readonly Pending[],
  tally: Tally,
): Promise<Omit<Spared, 'kept'>> => {
  const { go, kept, inDoubt, spared } = await spare(work, pending);
  // Whoever is protected and in the snapshot was counted when the first wave came by.
  const isCounted = ({ pending: { planned }, outcome }: Done): boolean =>
    planned.why === 'disabled_in_source' && isProtected(outcome);
  await leaveSpared(work, { kept: kept.filter((one) => !isCounted(one)), spared }, tally);
  return { go, inDoubt, spared };
};

/** Counts who is left out, and notes who stays in a group because of that. */
export const leaveSpared = async (
  work: Provisioning,
  { kept, spared }: Pick<Spared, 'kept' | 'spared'>,
  tally: Tally,
): Promise<void> => {
  for (const { pending, outcome } of kept)
    if (outcome.result === 'skipped') tally.skip(outcome.reason, Math.max(1, counted(pending).members));
  await waitFor(work, kept.flatMap(removals));
  if (isDry(work)) return;
  // Nothing is tried of them, so no look at them stays for a membership: it and the look at their group would keep each other.
  for (const some of batches(spared, 500)) await forgetLooks(work, some);
  const accounts = kept.filter(
    ({ pending, outcome }) => isProtected(outcome) && !('members' in pending.planned.operation),
  );
  for (const some of batches(accounts, 500))
    await letGo(
      work,
      some.map(({ outcome }) => outcome.ref),
    );
};

const isProtected = (outcome: Outcome): boolean => outcome.result === 'skipped' && outcome.reason === 'protected';

/** Should the protection end one day, they are to be removed then. */
const removals = ({ pending: { planned, told } }: Done): readonly WaitingReference[] =>
  'members' in planned.operation
    ? removalsOf(
        planned.operation.ref,
        planned.operation.members.map(({ ref }) => ref),
        told,
      )
    : [];

const planChunk = async (
  work: Provisioning,
  gathered: Gathered,
  items: readonly Item[],
  tally: Tally,
  carefree: Ref[],
): Promise<readonly Pending[]> => {
  const objects = await objectsOf(work, items);
  const refs = items.map(({ ref }) => ref);
  const missing = refs.filter(({ id }) => !objects.has(id));
  const off = [...objects.values()].filter((object) => isToBeOff(object, rulesFor(work, object.ref.type)));
  const links = await linksAsShown(
    work,
    [...missing, ...off.map(({ ref }) => ref)],
    (link) => objects.has(link.ref.id) || isOff(link),
  );
  const remembered = await work.engine.stores.snapshots.recall(work.run.connection, missing);
  const pass = passOf(work);
  return items.flatMap((item): Pending[] => {
    const object = objects.get(item.ref.id);
    const link = links.get(item.ref.id) ?? null;
    if (object !== undefined) {
      const plan = link === null ? null : planLinked(object, link, contextFor(work, item, links, pass));
      return plan?.kind === 'do' ? destructive(plan.operations, link) : [];
    }
    // It left after the versions this run looks at, or it was never in: a later run, or nobody, takes care of it.
    const why =
      gathered.left.get(item.ref.id) ??
      (item.why === 'retry' || item.why === 'repair' ? remembered.get(item.ref.id)?.gone : undefined) ??
      undefined;
    if (why === undefined) return [];
    const operations = goneOperations(work, item.ref, link, why, pass, tally);
    if (link === null || (operations.length === 0 && (item.why === 'retry' || isOfPlan(work.aim))))
      carefree.push(item.ref);
    return operations;
  });
};

const goneOperations = (
  work: Provisioning,
  ref: Ref,
  link: Link | null,
  why: GoneReason,
  pass: string,
  tally: Tally,
): Pending[] => {
  const can = { ...work.target.capabilities, groups: work.takesGroups };
  const plan = planGone(ref, link, work.record, can, why, { pass });
  // The first wave counted the groups that it met, whether they are there or not.
  if (plan.kind === 'skip' && plan.reason !== 'groups_not_supported') tally.skip(plan.reason);
  if (plan.kind === 'unchanged') tally.add('unchanged');
  return plan.kind === 'do' ? destructive(plan.operations, link) : [];
};

const destructive = (operations: readonly PlannedOperation[], link: Link | null): Pending[] =>
  operations.filter(({ operation }) => isDestructive(operation.action)).map((planned) => ({ planned, link }));

/** Of somebody who left, what matters is whether they are switched off indeed; to switch off who is off already does no harm. */
const isOff = ({ state }: Link): boolean => state === 'disabled';

/** Who is linked, and not in the snapshot any more. */
const planUnlisted = async (
  work: Provisioning,
  unlisted: readonly Ref[],
  leavers: readonly Leaver[],
  tally: Tally,
): Promise<readonly Pending[]> => {
  const links = await linksAsShown(work, unlisted, isOff);
  const pass = passOf(work);
  return leavers.flatMap(({ ref, why }) => {
    const link = links.get(ref.id) ?? null;
    // Who has gone from the target is no news; whose link may be of another system is told.
    return link === null && work.reached === 'same' ? [] : goneOperations(work, ref, link, why, pass, tally);
  });
};

/** Who was switched off long enough ago, and has not been in the snapshot for as long. */
const planDeletions = async (work: Provisioning, days: number): Promise<readonly Pending[]> => {
  const now = work.engine.world.now();
  const pending: Pending[] = [];
  const pass = passOf(work);
  for await (const links of work.engine.stores.ledger.disabledBefore(work.record.id, expiredBefore(days, now))) {
    const onRecord = links.flatMap((link) => (link.ref.type === 'user' ? [[link.ref.id, link] as const] : []));
    const people = [...(await believed(work, new Map(onRecord))).values()];
    const refs = people.map(({ ref }) => ref);
    const remembered = await work.engine.stores.snapshots.recall(work.run.connection, refs);
    for (const link of people) {
      const seen = remembered.get(link.ref.id);
      const planned = seen === undefined ? null : planExpired(link, seen, work.record, { pass, now });
      if (planned !== null) pending.push({ planned, link });
    }
  }
  return pending;
};

const planMemberRemovals = async (
  work: Provisioning,
  gathered: Gathered,
  leaving: ReadonlySet<SourceId>,
): Promise<readonly Pending[]> => {
  if (!work.takesGroups) {
    await noteMemberships(work, gathered);
    return [];
  }
  const pending: Pending[] = [];
  const wanted = await membersToRemove(work, gathered);
  // A group that is not in the snapshot any more goes as a whole, or is left alone as long as it stays away.
  const present = await work.engine.stores.snapshots.find(
    work.run.connection,
    [...wanted.keys()].map((id) => ({ type: 'group', id })),
  );
  for (const [id, { members: unsorted, told }] of wanted) {
    // In an order of their own, so that the same removals are always cut into the same operations.
    const members = unsorted.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const links = await linksOf(work, [{ type: 'group', id }, ...members]);
    const group = links.get(id);
    if (group === undefined) continue;
    if (!present.has(id)) {
      await waitFor(work, removalsOf(group.ref, members, told));
      continue;
    }
    const plan = (some: readonly Ref[], why: Why): void => {
      for (const batch of batches(some, 1_000)) {
        const { remove } = planMembers(group, { add: [], remove: batch }, (member) => links.get(member), passOf(work));
        if (remove !== null) pending.push({ planned: { ...remove, why }, link: group, told });
      }
    };
    plan(
      members.filter((member) => leaving.has(member.id)),
      'leavers',
    );
    plan(
      members.filter((member) => !leaving.has(member.id)),
      'members',
    );
  }
  return pending;
};

/** `told`: by which version each is to be removed, as far as that is known. */
type Leaving = { readonly members: readonly Ref[]; readonly told: ReadonlyMap<SourceId, number> };

/** What the changes say since the group's members were last pushed, and what the target refused earlier. */
const membersToRemove = async (work: Provisioning, gathered: Gathered): Promise<ReadonlyMap<SourceId, Leaving>> => {
  const removals = new Map<SourceId, { readonly members: Map<SourceId, Ref>; readonly told: Map<SourceId, number> }>();
  const note = (group: SourceId, member: Ref, version: number | undefined): void => {
    const of = removals.get(group) ?? { members: new Map(), told: new Map() };
    removals.set(group, of);
    of.members.set(member.id, member);
    // What a reconcile run found is of no version.
    if (version !== undefined && Number.isFinite(version))
      of.told.set(member.id, Math.max(version, of.told.get(member.id) ?? 0));
  };
  const groups = await linksOf(
    work,
    [...gathered.edges.keys()].map((id) => ({ type: 'group', id })),
  );
  for (const [group, edges] of gathered.edges) {
    const link = groups.get(group);
    const since = link?.membersAt ?? link?.membersSince ?? null;
    if (link === undefined || since === null) continue;
    const left = edges.filter(({ want, version }) => want === 'remove' && version > since);
    for (const { member, version } of await notMended(work, link, left)) note(group, member, version);
  }
  for await (const items of gathered.groups()) {
    const owners = items.map(({ ref }) => ref);
    for await (const waiting of work.engine.stores.ledger.waitingFor(work.record.id, owners)) {
      const leaving = waiting.filter(({ path, want }) => path === 'members' && want === 'remove');
      for (const { owner, to, version } of await stillOut(work, leaving))
        for (const member of await refsOf(work, [to])) note(owner.id, member, version);
    }
  }
  return new Map([...removals].map(([group, { members, told }]) => [group, { members: [...members.values()], told }]));
};
