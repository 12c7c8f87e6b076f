/** Looks at the target: for an object that may exist there already, and for the trace of an operation whose answer we never got. */

import { isUnassigned, own, sameValue } from '../core/attributes.ts';
import { judge, type Lookup, lookups, type Mark, type Match, unmatched } from '../core/matching.ts';
import { isOfLeaving, type MetAgain, notFree, type PlannedOperation, shownOf } from '../core/plan.ts';
import { holds } from '../core/told.ts';
import { TargetError } from '../model/errors.ts';
import type { EscrowReason, Link, Operation, RemoteObject, Why } from '../model/operation.ts';
import type { Attributes, Ref, SourceObject } from '../model/source-object.ts';
import type { Claims } from '../store/ledger.ts';
import { type AskKnown, isMarkedForAnother, isShownAs, isUnclaimed, markOn } from './marked.ts';
import { metAgain } from './met-again.ts';
import { claim, isDry, type Provisioning, rulesFor } from './provisioning.ts';
import { longestBehindMs } from './unseen-members.ts';

/** `mark`: whose id it carries. */
export type Found =
  | Exclude<Match, { readonly kind: 'match' }>
  | (Extract<Match, { readonly kind: 'match' }> & { readonly mark: Mark });

/** Asks the target by the matching rules in order; the first rule with a verified hit decides. */
export const findMatch = async (work: Provisioning, object: SourceObject): Promise<Found> => {
  const rules = work.record.matching[object.ref.type];
  for (const lookup of lookups(object, rules)) {
    const match = await ask(work, object.ref, lookup, isLookedAt(work));
    if (match.kind !== 'none') return match;
  }
  return unmatched(object, rules);
};

/** Whether somebody looks at what is done before it is done. */
const isLookedAt = ({ aim }: Pick<Provisioning, 'aim'>): boolean => aim.kind !== 'provision';

/** `mayClaim`: whether a group that carries no id of ours may be taken for this one. */
const ask = async (work: Provisioning, ref: Ref, lookup: Lookup, mayClaim: boolean): Promise<Found> => {
  const claimed = await work.target.find(ref.type, lookup.rule.to, lookup.value, work.watch.signal);
  if (claimed.length === 0) return { kind: 'none' };
  await work.creates.over(ref.id);
  const ids = claimed.map(({ remoteId }) => remoteId);
  const { stores } = work.engine;
  const { links, ended } = ofThisSystem(
    work,
    claimed,
    await stores.ledger.linkedRemotes(work.record.id, ref.type, ids),
  );
  const match = judge(ref, lookup, claimed, links);
  if (match.kind !== 'match') return match;
  const attribute = lookup.rule.to;
  const asked = isKnownIn(work);
  const { remote } = match;
  const before = ended.get(remote.remoteId) ?? [];
  const mark = await markOn(stores, work.record, ref, remote, before);
  if (await isMarkedForAnother(stores, work.record, { ref, remote, mark }, asked, isLookedAt(work)))
    return { kind: 'linked_elsewhere', attribute, mark };
  if (!mayClaim && isUnclaimed(work.record, ref, remote, before)) return { kind: 'unclaimed_group', attribute };
  return claim(work, remote.remoteId, ref.id) ? { ...match, mark } : { kind: 'linked_elsewhere', attribute };
};

/**
 * At what may be another system an id is not whose the record says, unless that is shown; whose it was says nothing there. Once the plan is carried out only
 * links that were shown are left.
 */
const ofThisSystem = (work: Provisioning, claimed: readonly RemoteObject[], { links, ended }: Claims): Claims => {
  if (work.reached === 'same') return { links, ended };
  const shown = new Map(claimed.map((remote) => [remote.remoteId, remote]));
  const isShown = (link: Link): boolean => {
    const remote = shown.get(link.remoteId);
    return !isDry(work) || (remote !== undefined && isShownAs(work.record, link, remote));
  };
  return { links: new Map([...links].filter(([, link]) => isShown(link))), ended: new Map() };
};

/** Whether the tenant knows somebody, whatever the scope. */
const isKnownIn =
  ({ source, watch: { signal } }: Provisioning): AskKnown =>
  async (ref) =>
    (await source().confirm([ref], { kind: 'all' }, signal)).get(ref.id) !== 'gone' ||
    (await source().deletions([ref], signal)).has(ref.id);

export type Trace =
  /** `link` as it is from now on: null when the object is gone, undefined when it stays as it was. */
  | { readonly kind: 'applied'; readonly link: Link | null | undefined }
  | { readonly kind: 'no_trace' }
  | { readonly kind: 'unclear'; readonly reason: EscrowReason; readonly detail: string };

/**
 * What became of an operation whose answer is open. Membership is repeatable, so it is simply planned again. Throws `TargetError` when the target
 * cannot be asked now: then the answer stays open. `isRefused`: the target answered, and said that it is there already.
 */
export const lookAfter = async (
  work: Provisioning,
  planned: PlannedOperation,
  link: Link | null,
  isRefused = false,
): Promise<Trace> => {
  try {
    return await look(work, planned, link, isRefused);
  } catch (error) {
    if (error instanceof TargetError && error.fault === 'rejected')
      return { kind: 'unclear', reason: 'target_rejected', detail: error.message };
    throw error;
  }
};

const look = async (
  work: Provisioning,
  { operation, why }: PlannedOperation,
  link: Link | null,
  isRefused: boolean,
): Promise<Trace> => {
  switch (operation.action) {
    case 'create':
      return await lookAfterCreate(work, operation, isRefused);
    case 'update': {
      const remote = await work.target.get(operation.ref.type, operation.remoteId, work.watch.signal);
      if (remote === null || !isAsAsked(remote, operation.attributes)) return { kind: 'no_trace' };
      // Without a link it is the account of somebody who was there before us, and who becomes ours with this update.
      return {
        kind: 'applied',
        link:
          link === null ? await linkAsMet(work, operation.ref, remote) : told(work, link, operation.attributes, why),
      };
    }
    case 'disable': {
      const remote = await work.target.get(operation.ref.type, operation.remoteId, work.watch.signal);
      if (remote === null) return { kind: 'no_trace' };
      return isAsAsked(remote, { active: false })
        ? { kind: 'applied', link: link === null ? undefined : told(work, link, { active: false }, why) }
        : { kind: 'no_trace' };
    }
    case 'delete':
      return !isJustMade(work, link) &&
        (await work.target.get(operation.ref.type, operation.remoteId, work.watch.signal)) === null
        ? { kind: 'applied', link: null }
        : { kind: 'no_trace' };
    case 'add_members':
    case 'remove_members':
      return { kind: 'no_trace' };
  }
};

/**
 * Whether an account or group is gone that the target said it does not know. That one answer may be of a server that is behind, and whoever takes it for
 * true forgets an account that works. So it is asked again, by its id and by what it is matched by. Throws `TargetError` where nothing can be believed.
 */
export const isGoneIndeed = async (
  { target, record, watch: { signal } }: Provisioning,
  { ref, remoteId }: Exclude<Operation, { readonly action: 'create' }>,
  link: Link | null,
): Promise<boolean> => {
  if ((await target.get(ref.type, remoteId, signal)) !== null) return false;
  for (const { to } of record.matching[ref.type]) {
    const value = own(link?.pushed ?? {}, to);
    if (isUnassigned(value)) continue;
    const found = await target.find(ref.type, to, value, signal).catch(noneIfRejected);
    if (found.some((one) => one.remoteId === remoteId)) return false;
  }
  return true;
};

/** All that was asked may be readers that do not know it yet: whoever takes that for true forgets an account that works. It is tried again. */
export const isJustMade = ({ engine }: Provisioning, link: Link | null): boolean =>
  link?.by === 'created' && engine.world.now().getTime() - link.since.getTime() < longestBehindMs;

/** By this attribute the target cannot be asked. One that says that it found somebody, and does not show whom, was asked: they may be there. */
const noneIfRejected = (error: unknown): readonly RemoteObject[] => {
  if (error instanceof TargetError && error.fault === 'rejected' && !contradictions.has(error.code)) return [];
  throw error;
};
const contradictions: ReadonlySet<string | undefined> = new Set(['paging_broken', 'no_id']);

/**
 * By the attributes we sent: what we created carries them, most of all the `externalId`. A group that carries no id, of a target that keeps none, is the
 * one we made, for there was none before it was sent; unless the target has said that it did not make one.
 */
const lookAfterCreate = async (
  work: Provisioning,
  operation: Extract<Operation, { action: 'create' }>,
  isRefused: boolean,
): Promise<Trace> => {
  for (const rule of work.record.matching[operation.ref.type]) {
    const value = own(operation.attributes, rule.to);
    if (isUnassigned(value)) continue;
    const match = await ask(work, operation.ref, { rule, value }, !isRefused);
    if (match.kind === 'match')
      return { kind: 'applied', link: linkTo(work, operation.ref, match.remote, madeBy(rule)) };
    if (match.kind === 'ambiguous')
      return {
        kind: 'unclear',
        reason: 'ambiguous_match',
        detail: `${match.hits} remote objects have the same ${match.attribute}`,
      };
    if (match.kind === 'linked_elsewhere' || match.kind === 'unclaimed_group')
      return { kind: 'unclear', ...notFree(match) };
  }
  return { kind: 'no_trace' };
};

/** Found by `externalId` it is the one we made. Found by another attribute it may have been there before us. */
const madeBy = ({ to }: Lookup['rule']): Link['by'] => (to === 'externalId' ? 'created' : 'matched');

/** We know of it only what we see, also of what we did not send; the next plan brings the rest. */
const linkTo = (work: Provisioning, ref: Ref, remote: RemoteObject, by: Link['by']): Link => ({
  ref,
  remoteId: remote.remoteId,
  by,
  state: own(remote.attributes, 'active') === false ? 'disabled' : 'active',
  since: work.engine.world.now(),
  hasLeft: false,
  pushed: shownOf(remote.attributes, rulesFor(work, ref.type)),
  ...(by === 'matched' ? { looked: true as const } : {}),
  membersSince: null,
  membersAt: null,
});

export const linkAsMet = async (work: Provisioning, ref: Ref, remote: RemoteObject): Promise<Link> => ({
  ...linkTo(work, ref, remote, 'matched'),
  ...asBefore((await metAgain(work, [{ ref, remote }])).get(ref.id)),
});

const asBefore = (before: MetAgain | undefined): MetAgain | null =>
  before === undefined ? null : { by: before.by, membersSince: before.membersSince };

const isAsAsked = (remote: RemoteObject, attributes: Attributes): boolean =>
  Object.keys(attributes).every((path) => sameValue(own(remote.attributes, path), own(attributes, path)));

const told = (work: Provisioning, link: Link, attributes: Attributes, why: Why): Link => {
  const active = own(attributes, 'active');
  const state = active === false ? 'disabled' : active === true ? 'active' : link.state;
  return {
    ...holds(link, attributes),
    state,
    since: state === link.state ? link.since : work.engine.world.now(),
    hasLeft: active === null ? link.hasLeft : active === false && isOfLeaving(why),
  };
};
