/**
 * What a target shows of accounts whose links are older than it is, because the database was put back: a link says what the target was told, and it
 * was told more since. Each is asked for once in a turn, right before something is decided about it.
 */

import pLimit from 'p-limit';
import { own, sameAttributes } from '../core/attributes.ts';
import { shownOf } from '../core/plan.ts';
import type { SourceId } from '../model/ids.ts';
import type { Link, RemoteObject } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import { linksNow, type Provisioning, rulesFor, withPlanned } from './provisioning.ts';

/** The links as they would be, once what is planned so far was done; of those that are asked, by what the target shows. */
export const linksAsShown = async (
  work: Provisioning,
  refs: readonly Ref[],
  isAsked: (link: Link) => boolean,
): Promise<Map<SourceId, Link>> => withPlanned(work, refs, await sighted(work, await linksNow(work, refs), isAsked));

/** `isAsked`: of whom something is decided by what the target shows. */
export const sighted = async (
  work: Provisioning,
  links: Map<SourceId, Link>,
  isAsked: (link: Link) => boolean,
): Promise<Map<SourceId, Link>> => {
  const { sights } = work;
  if (sights === null) return links;
  // Whatever was written in this turn is on record as it is.
  const stale = [...links.values()].filter((link) => !work.remoteIds.has(link.ref.id) && isAsked(link));
  const limit = pLimit(work.target.capabilities.concurrency);
  await Promise.all(
    stale
      .filter(({ ref }) => !sights.has(ref.id))
      .map((link) =>
        limit(async () => {
          const remote = await work.target.get(link.ref.type, link.remoteId, work.watch.signal);
          sights.set(link.ref.id, remote === null ? { link: null, isNews: true } : asShown(work, link, remote));
        }),
      ),
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

const asShown = (work: Provisioning, link: Link, { attributes }: RemoteObject) => {
  const active = own(attributes, 'active');
  const state = active === true ? 'active' : active === false ? 'disabled' : link.state;
  const pushed = { ...link.pushed, ...shownOf(attributes, rulesFor(work, link.ref.type)) };
  const shown: Link = { ...link, state, since: state === link.state ? link.since : work.engine.world.now(), pushed };
  return { link: shown, isNews: state !== link.state || !sameAttributes(pushed, link.pushed) };
};
