/**
 * Holds the members that groups have at the target against those they should have: everybody in the snapshot's group who has an account. What is still
 * on its way (changes after the target's position, members that wait) is no discrepancy. Many targets show nobody of any group; then nothing is said.
 */

import { batches } from '../core/batches.ts';
import type { Discrepancy } from '../model/discrepancy.ts';
import type { RemoteId, SourceId } from '../model/ids.ts';
import type { Link } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import { membersShown } from './glance.ts';
import { movedSince, nobodyMoved } from './known-members.ts';
import type { Moved } from './provisioning.ts';
import type { ReconcilePlace, Step } from './reconcile-place.ts';
import { note, type Reconciling } from './reconciling.ts';

/** Goes on until all groups are looked at, or the slice is over. */
export const compareMembers = async (
  work: Reconciling,
  from: ReconcilePlace,
  { after }: Extract<Step, { at: 'members' }>,
): Promise<ReconcilePlace> => {
  const over: ReconcilePlace = { ...from, step: { at: 'compare' } };
  if ((await work.engine.stores.ledger.position(work.record.id)) === null) return over;
  const moved = await movedSince(work)(work.watch.signal);
  const membersShown = from.membersShown || (await showsMembers(work));
  if (!membersShown) return over;
  for await (const links of work.engine.stores.ledger.scanLinks(work.record.id, 'group')) {
    for (const group of links) {
      const { id } = group.ref;
      if ((after !== null && id <= after) || group.membersAt === null || work.open.has(id)) continue;
      await compareGroup(work, group, moved.get(id) ?? nobodyMoved);
      const place: ReconcilePlace = { ...from, membersShown, step: { at: 'members', after: id } };
      await work.checkpoint(place);
      if (work.watch.sliceOver()) return place;
    }
  }
  return { ...over, membersShown };
};

/** Whether one of the first groups that should have members shows any. */
const showsMembers = async (work: Reconciling): Promise<boolean> => {
  const groups: RemoteId[] = [];
  for await (const links of work.engine.stores.ledger.scanLinks(work.record.id, 'group')) {
    for (const { remoteId, membersAt } of links) if (membersAt !== null) groups.push(remoteId);
    if (groups.length >= mostAsked) break;
  }
  return await work.inventory.showsMembers(groups.slice(0, mostAsked), work.watch.signal);
};
const mostAsked = 20;

const compareGroup = async (work: Reconciling, group: Link, moved: Moved): Promise<void> => {
  const shown = await membersShown(work.inventory, group.remoteId, work.watch.signal);
  if (shown === null) return;
  const waiting = await waitingIn(work, group.ref);
  const isUnsettled = ({ id }: Ref): boolean =>
    moved.joined.has(id) || moved.left.has(id) || waiting.has(id) || work.open.has(id);
  const { ours, strangers } = await toldApart(work, shown);
  const { ref, remoteId } = group;
  await note(
    work,
    strangers.map((stranger) => ({ kind: 'member_unknown', ref, remoteId, stranger })),
  );
  const { snapshots, ledger } = work.engine.stores;
  const wanted = new Set<SourceId>();
  for await (const members of snapshots.members(work.run.connection, ref.id)) {
    for (const { id } of members) wanted.add(id);
    const absent = members.filter((member) => !ours.has(member.id) && !isUnsettled(member));
    const links = await ledger.links(work.record.id, absent);
    await note(
      work,
      [...links.values()].map(
        (link): Discrepancy => ({ kind: 'member_missing', ref, remoteId, member: memberOf(link) }),
      ),
    );
  }
  const surplus = [...ours.values()].filter((link) => !wanted.has(link.ref.id) && !isUnsettled(link.ref));
  for (const some of batches(surplus, 1_000)) {
    // Who left altogether loses memberships with the account, by the limits of a deprovision.
    const present = await snapshots.find(work.run.connection, [ref, ...some.map((link) => link.ref)]);
    // A group that is gone in the tenant goes as a whole, or is left alone with whoever is in it.
    if (!present.has(ref.id)) return;
    await note(
      work,
      some
        .filter((link) => present.has(link.ref.id))
        .map((link): Discrepancy => ({ kind: 'member_surplus', ref, remoteId, member: memberOf(link) })),
    );
  }
};

const memberOf = ({ ref, remoteId }: Link) => ({ ref, remoteId });

const waitingIn = async (work: Reconciling, group: Ref): Promise<ReadonlySet<SourceId>> => {
  const waiting = new Set<SourceId>();
  for await (const some of work.engine.stores.ledger.waitingFor(work.record.id, [group]))
    for (const { to, path } of some) if (path === 'members') waiting.add(to);
  return waiting;
};

/** Of the members of one group: those with a link of ours, by whose they are, and the rest. */
const toldApart = async (work: Reconciling, shown: readonly RemoteId[]) => {
  const ours = new Map<SourceId, Link>();
  const strangers: RemoteId[] = [];
  for (const some of batches(shown, 1_000)) {
    const links = new Map<RemoteId, Link>();
    for (const type of ['user', 'group'] as const)
      for (const [id, link] of (await work.engine.stores.ledger.linkedRemotes(work.record.id, type, some)).links)
        links.set(id, link);
    for (const id of some) {
      const link = links.get(id);
      if (link === undefined) strangers.push(id);
      else ours.set(link.ref.id, link);
    }
  }
  return { ours, strangers };
};
