/**
 * Who is in a group at the target, as far as the record goes: whoever is in it in the tenant, has an account, and was put into it, with nothing about them
 * still to be done. It says rather too little than too much: an adapter that has to replace a group as a whole does so only where all of them are shown. But
 * whoever was put in a moment ago, and was not seen, is known to what changes the group itself: that can wait until a reader shows them, or they are put in.
 */

import { batches } from '../core/batches.ts';
import { coverOf, isOpen } from '../core/protection.ts';
import type { SourceId } from '../model/ids.ts';
import type { Link, Member, Operation } from '../model/operation.ts';
import type { Run } from '../model/run.ts';
import { group, type Ref, user } from '../model/source-object.ts';
import type { TargetRecord } from '../model/target-record.ts';
import type { KnownMembers } from '../target/target.ts';
import { firstMembersOf, mostKnown } from './first-members.ts';
import { looksOf, type Moved, type Provisioning } from './provisioning.ts';
import { maybeUnseen } from './unseen-members.ts';

type Needs = Pick<Provisioning, 'engine' | 'run' | 'record' | 'shield' | 'moved' | 'firstMembers'>;

export const knownMembers = async (
  work: Needs,
  operation: Operation,
  link: Link | null,
  signal: AbortSignal,
): Promise<KnownMembers> => {
  const { ledger, snapshots } = work.engine.stores;
  // Of a group that has gone from the snapshot since this was planned it does not say any more who was in it.
  const isHere = (await snapshots.find(work.run.connection, [operation.ref])).size > 0;
  const isMade = link?.by === 'created' && isHere;
  const concerned = new Set('members' in operation ? operation.members.map(({ ref }) => ref.id) : []);
  const { open, waiting, hasLeavers } = await openMembers(work, operation.ref, concerned, signal);
  const unseen = operation.action === 'update' ? await unseenMembers(work, operation.ref, waiting) : [];
  if (link === null || link.membersAt === null)
    return {
      members: [...firstMembersOf(work.firstMembers, operation), ...unseen],
      // Once somebody may have been put into it, it is so only of what puts all of them there again, and not of what renames it, or adds some.
      isOurs:
        isMade &&
        !hasLeavers &&
        (link.membersSince === null || !(await hasOthers(work, operation.ref, concerned, signal))),
    };
  const members: Member[] = [...unseen];
  let isAll = true;
  for await (const refs of snapshots.members(work.run.connection, link.ref.id)) {
    signal.throwIfAborted();
    const others = refs.filter(({ id }) => !concerned.has(id));
    const links = [...(await ledger.links(work.record.id, others)).values()];
    // Some targets do not show who is switched off; and whoever is open may have been put into it by a request whose end is not known.
    const active = links.filter(({ ref, state }) => state === 'active' && !open.has(ref.id));
    const putIn = await withoutProtected(work, active);
    // Who has no account cannot be in it. Any other who is left out here may be, and is not put there again.
    isAll &&= putIn.length === links.length;
    for (const { ref, remoteId } of putIn) members.push({ ref, remoteId });
    if (members.length >= mostKnown) break;
  }
  return { members, isOurs: isMade && !hasLeavers && isAll };
};

/** All of them: whoever is left out would be put out. Who else changes a group puts all who wait into it first (`wave-references.ts`). */
const unseenMembers = async (work: Needs, of: Ref, waiting: ReadonlySet<SourceId>): Promise<readonly Member[]> => {
  const refused = waiting.size === 0 ? undefined : (await maybeUnseen(work, [of])).get(of.id);
  if (refused === undefined) return [];
  const members: Member[] = [];
  for (const ids of batches([...waiting.difference(refused)], batchSize)) {
    const links = await work.engine.stores.ledger.links(work.record.id, [...ids.map(user), ...ids.map(group)]);
    const active = [...links.values()].filter(({ state }) => state === 'active');
    for (const { ref, remoteId } of await withoutProtected(work, active)) members.push({ ref, remoteId });
  }
  return members;
};

/**
 * Whether anybody else who is in the group in the tenant has an account: they may have been put into it by a run that did not come to its end. The first of
 * them is enough, so that a large group is not looked through for each piece that it is filled by.
 */
const hasOthers = async (
  { engine: { stores }, run: { connection }, record }: Needs,
  of: Ref,
  concerned: ReadonlySet<SourceId>,
  signal: AbortSignal,
): Promise<boolean> => {
  for await (const refs of stores.snapshots.members(connection, of.id)) {
    signal.throwIfAborted();
    const others = refs.filter(({ id }) => !concerned.has(id));
    if (others.length > 0 && (await stores.ledger.links(record.id, others)).size > 0) return true;
  }
  return false;
};

const batchSize = 500;

/** Not who is protected: they are left out of what joins a group as well. They may be in it all the same, from before. */
const withoutProtected = async (work: Needs, links: readonly Link[]): Promise<readonly Link[]> => {
  const { shield } = work;
  if (isOpen(shield)) return links;
  const seen = await looksOf(
    work,
    links.map(({ ref }) => ref),
  );
  return links.filter(
    ({ ref, remoteId }) => coverOf(shield, { ref, remoteId, seen: seen.get(ref.id) }) !== 'protected',
  );
};

/**
 * Without those whom the operation itself is about. `open`: of whom something is still to be done in this group: they came since the target was brought to
 * its version, or they wait. `waiting`: the latter, but for those the operation is about.
 * `hasLeavers`: who left it may be in it at the target as long as nothing has taken them out, and nobody puts them there again.
 */
const openMembers = async (
  { engine, record, moved }: Pick<Provisioning, 'engine' | 'record' | 'moved'>,
  group: Ref,
  concerned: ReadonlySet<SourceId>,
  signal: AbortSignal,
): Promise<{
  readonly open: ReadonlySet<SourceId>;
  readonly waiting: ReadonlySet<SourceId>;
  readonly hasLeavers: boolean;
}> => {
  const { joined, left } = (await moved(signal)).get(group.id) ?? nobodyMoved;
  const open = new Set(joined);
  const leavers = new Set(left);
  const waits = new Set<SourceId>();
  for await (const waiting of engine.stores.ledger.waitingFor(record.id, [group])) {
    signal.throwIfAborted();
    for (const { path, to, want } of waiting) {
      if (path !== 'members') continue;
      open.add(to);
      if (want === 'remove') leavers.add(to);
      else waits.add(to);
    }
  }
  return { open, waiting: waits.difference(concerned), hasLeavers: leavers.difference(concerned).size > 0 };
};

export const nobodyMoved: Moved = { joined: new Set(), left: new Set() };

/** By group, who came into it and who left it since the target was brought to its version; read once for each version of the snapshot. */
export const movedSince = ({
  engine,
  run,
  record,
}: Pick<Provisioning, 'engine'> & {
  readonly run: Pick<Run, 'connection'>;
  readonly record: Pick<TargetRecord, 'id'>;
}) => {
  const { ledger, snapshots } = engine.stores;
  let read: { readonly version: number; readonly moved: ReadonlyMap<SourceId, Moved> } | null = null;
  return async (signal: AbortSignal): Promise<ReadonlyMap<SourceId, Moved>> => {
    const { version } = await snapshots.head(run.connection);
    if (read?.version === version) return read.moved;
    const moved = new Map<SourceId, Moved>();
    for await (const recorded of snapshots.changesAfter(run.connection, (await ledger.position(record.id)) ?? 0)) {
      signal.throwIfAborted();
      for (const { change } of recorded) {
        if (change.kind !== 'members') continue;
        const group = moved.get(change.group.id) ?? { joined: new Set(), left: new Set() };
        for (const { id } of change.added) group.joined.add(id);
        for (const { id } of change.removed) group.left.add(id);
        moved.set(change.group.id, group);
      }
    }
    read = { version, moved };
    return moved;
  };
};
