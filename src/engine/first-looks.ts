/**
 * First looks: whom the source did not know when it was asked, though they were there a short while ago. They are kept as escrows, also of a member whose
 * account stays as it is, until a second look proves it or the source shows them again.
 */

import type { SourceId } from '../model/ids.ts';
import { group, type Ref, user } from '../model/source-object.ts';
import { escrowObjects } from './escrow.ts';
import type { Provisioning } from './provisioning.ts';

export const lookedOnce =
  'asked once, the source does not show it in scope, where it was by the last reads; it is asked again before anything is taken away';

/**
 * Lets go of what needs no more care. Whoever a membership still waits to lose keeps the first look: without it every look would be the first, and the
 * membership would stay for as long as the snapshot holds them. Not while the target takes no groups, when no membership is tried: it and the look at the
 * group would keep each other.
 */
export const letGo = async (work: Provisioning, refs: readonly Ref[]): Promise<void> => {
  const awaited = await awaitedLooks(work, refs);
  const free = refs.filter(({ id }) => !awaited.has(id));
  if (free.length > 0) await work.engine.stores.ledger.release(work.lease, free);
  const kept = refs.filter(({ id }) => awaited.has(id));
  if (kept.length > 0)
    await escrowObjects(
      work,
      kept.map((ref) => ({ ref, reason: 'absence_unproven', detail: lookedOnce })),
    );
};

const awaitedLooks = async (work: Provisioning, refs: readonly Ref[]): Promise<ReadonlySet<SourceId>> => {
  const looked = await lookedAt(work, refs);
  const awaited = new Set<SourceId>();
  if (looked.length === 0 || !work.takesGroups) return awaited;
  const ids = looked.map(({ id }) => id);
  for await (const waiting of work.engine.stores.ledger.waitingOn(work.record.id, ids)) {
    const removals = waiting.filter(({ path, want }) => path === 'members' && want === 'remove');
    // A group that is left alone waits without a look of its own, and for as long as it is away.
    const owners = await lookedAt(
      work,
      removals.map(({ owner }) => owner),
    );
    const pending = new Set(owners.map(({ id }) => id));
    for (const { owner, to } of removals) if (pending.has(owner.id)) awaited.add(to);
  }
  return awaited;
};

/**
 * The same of groups that were tried again: one that somebody waits to be put out of, who was looked at once, is due again when they are. What a look that
 * came soon after the group was due said of it does not put it off.
 */
export const letGroupsGo = async (work: Provisioning, groups: readonly Ref[]): Promise<void> => {
  const { ledger } = work.engine.stores;
  const awaiting = new Map<SourceId, Ref>();
  for await (const waiting of ledger.waitingFor(work.record.id, groups)) {
    const removals = waiting.filter(({ path, want }) => path === 'members' && want === 'remove');
    const ids = new Set<SourceId>();
    for (const as of [user, group]) {
      const looked = await lookedAt(
        work,
        removals.map(({ to }) => as(to)),
      );
      for (const { id } of looked) ids.add(id);
    }
    for (const { owner, to } of removals) if (ids.has(to)) awaiting.set(owner.id, owner);
  }
  // Before the others are let go: whoever was in no escrow in between would be forgotten, should the worker die there.
  if (awaiting.size > 0)
    await escrowObjects(
      work,
      [...awaiting.values()].map((ref) => ({ ref, reason: 'absence_unproven', detail: lookedOnce })),
      'anew',
    );
  const free = groups.filter(({ id }) => !awaiting.has(id));
  if (free.length > 0) await ledger.release(work.lease, free);
};

/** The source shows them now: what it said before is no first look any more. */
export const forgetLooks = async (work: Provisioning, shown: readonly Ref[]): Promise<void> => {
  const looked = shown.length === 0 ? [] : await lookedAt(work, shown);
  if (looked.length > 0) await work.engine.stores.ledger.release(work.lease, looked);
};

const lookedAt = async ({ engine, record }: Provisioning, refs: readonly Ref[]): Promise<readonly Ref[]> => {
  const about = await engine.stores.ledger.about(record.id, refs);
  return refs.filter(({ id }) => about.get(id)?.escrow?.reason === 'absence_unproven');
};
