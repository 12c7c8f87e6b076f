/**
 * What a target shows of accounts whose links may not be believed as they are. After the database was put back a link says what the target was told, and it
 * was told more since. At what may be another system it may not even say whose account it is. Each is asked for once in a turn, right before something is
 * decided about it.
 */

import pLimit from 'p-limit';
import { own, sameAttributes } from '../core/attributes.ts';
import { shownOf } from '../core/plan.ts';
import { mayBeGone, untold } from '../core/told.ts';
import type { SourceId } from '../model/ids.ts';
import { switchPath } from '../model/mapping.ts';
import type { Link, RemoteObject } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import { glanceAt } from './glance.ts';
import { isShownAs } from './marked.ts';
import { linksNow, type Provisioning, rulesFor, type Sight, withPlanned } from './provisioning.ts';

/** The links as they would be, once what is planned so far was done; of the others, where they are asked, by what the target shows. */
export const linksAsShown = (
  work: Provisioning,
  refs: readonly Ref[],
  isAsked: (link: Link) => boolean,
): Promise<Map<SourceId, Link>> =>
  withPlanned(work, refs, async (others) => await sighted(work, await linksNow(work, others), isAsked));

/** `isAsked`: of whom something is decided by what the target shows. */
export const sighted = (
  work: Provisioning,
  links: Map<SourceId, Link>,
  isAsked: (link: Link) => boolean,
): Promise<Map<SourceId, Link>> => asSeen(work, links, (link) => isAsked(link) && !isSincePlan(work, link), lookAt);

/** What was made while a plan is carried out is on record as it is, also in later turns, and one of the target's readers may not show it yet. */
const isSincePlan = ({ aim }: Provisioning, { since }: Link): boolean =>
  aim.kind === 'apply' && since >= aim.plan.createdAt;

/** Without those that the target does not show as ours, whatever their ids. */
export const shownAsOurs = (work: Provisioning, links: ReadonlyMap<SourceId, Link>): Promise<Map<SourceId, Link>> =>
  asSeen(work, new Map(links), () => true, lookWhose);

const asSeen = async (
  work: Provisioning,
  links: Map<SourceId, Link>,
  isAsked: (link: Link) => boolean,
  look: (work: Provisioning, link: Link) => Promise<Sight>,
): Promise<Map<SourceId, Link>> => {
  const { sights } = work;
  if (sights === null) return links;
  // Whatever was written in this turn is on record as it is.
  const stale = [...links.values()].filter((link) => !work.remoteIds.has(link.ref.id) && isAsked(link));
  const limit = pLimit(work.target.capabilities.concurrency);
  await Promise.all(
    stale
      .filter(({ ref }) => !sights.has(ref.id))
      .map((link) => limit(async () => sights.set(link.ref.id, await look(work, link)))),
  );
  const seen = new Map(links);
  for (const { ref } of stale) {
    const link = sights.get(ref.id)?.link ?? null;
    if (link === null) seen.delete(ref.id);
    else seen.set(ref.id, link);
  }
  return seen;
};

/** The account is as wanted, and the link does not say so. */
export const isNews = ({ sights, remoteIds }: Pick<Provisioning, 'sights' | 'remoteIds'>, id: SourceId): boolean =>
  !remoteIds.has(id) && (sights?.get(id)?.isNews ?? false);

/** What was noted once is no news: to note it lets go of an escrow, and with it of when the source was asked first. */
const nothing = (link: Link): Sight => ({ link: null, isNews: !mayBeGone(link) });

/**
 * One that it refuses to show holds up nobody else. What it is, nobody knows: whoever is here is told everything once more. Of a target that takes no groups
 * any more none is asked for, and none is told anything.
 */
const lookAt = async (work: Provisioning, link: Link): Promise<Sight> => {
  if (isTakenNoMore(work, link)) return { link, isNews: false };
  const { remote } = await glanceAt(work.target, link, work.watch.signal);
  if (remote === 'refused') return { link: untold(link), isNews: true, isHidden: true };
  return remote === null ? nothing(link) : asShown(work, link, remote);
};

/** An id that it refuses to be asked by is not one of its own. */
const lookWhose = async (work: Provisioning, link: Link): Promise<Sight> => {
  if (isTakenNoMore(work, link)) return nothing(link);
  const { remote } = await glanceAt(work.target, link, work.watch.signal);
  if (remote === null || remote === 'refused' || !isShownAs(work.record, link, remote)) return nothing(link);
  return asShown(work, link, remote);
};

const isTakenNoMore = ({ takesGroups }: Provisioning, { ref }: Link): boolean => ref.type === 'group' && !takesGroups;

/** Off for leaving, as far as anybody can know, where leavers are switched off: by a mapping that says nothing of the switch, it is on record that it is off. */
const asShown = (work: Provisioning, link: Link, { attributes }: RemoteObject): Sight => {
  const active = own(attributes, 'active');
  const state = active === true ? 'active' : active === false ? 'disabled' : link.state;
  const wentOff = state === 'disabled' && link.state === 'active' && work.record.deprovision.kind !== 'none';
  const switched = wentOff ? { [switchPath]: false } : {};
  const pushed = { ...link.pushed, ...shownOf(attributes, rulesFor(work, link.ref.type)), ...switched };
  const shown: Link = { ...link, state, since: state === link.state ? link.since : work.engine.world.now(), pushed };
  return { link: shown, isNews: state !== link.state || !sameAttributes(pushed, link.pushed) };
};
