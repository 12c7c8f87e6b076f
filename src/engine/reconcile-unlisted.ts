/**
 * Whoever is linked and was not in the list is asked for by id, each of them. A list that did not reach its end says nothing about who was not in it,
 * so then nobody is missing.
 */

import pLimit from 'p-limit';
import type { Discrepancy } from '../model/discrepancy.ts';
import type { Link } from '../model/operation.ts';
import type { ObjectType } from '../model/source-object.ts';
import { glanceAt } from './glance.ts';
import { driftIn } from './reconcile-lists.ts';
import type { ReconcilePlace, Step } from './reconcile-place.ts';
import { note, type Reconciling } from './reconciling.ts';
import { seenAccounts } from './seen-accounts.ts';
import { allOf } from './steps.ts';

/** Goes on until all are looked at, or the slice is over. */
export const lookForUnlisted = async (
  work: Reconciling,
  from: ReconcilePlace,
  { type, after }: Extract<Step, { at: 'look' }>,
): Promise<ReconcilePlace> => {
  const listing = from.listings[type];
  const next: ReconcilePlace = { ...from, step: afterLook(work, type) };
  if (listing === null || listing.incomplete !== null) return next;
  const { ledger, discrepancies } = work.engine.stores;
  const seen = await seenAccounts(discrepancies.seen({ target: work.record.id, run: work.run.id }, type));
  let leftOut = listing.leftOut;
  const at = (step: Step): ReconcilePlace => ({
    ...from,
    listings: { ...from.listings, [type]: { ...listing, leftOut } },
    step,
  });
  for await (const links of ledger.scanLinks(work.record.id, type)) {
    const last = links.at(-1);
    if (last === undefined || (after !== null && last.ref.id <= after)) continue;
    const unseen = links.filter(
      ({ ref, remoteId }) => (after === null || ref.id > after) && !seen.has(remoteId) && !work.open.has(ref.id),
    );
    leftOut += await lookAt(work, unseen);
    const place = at({ at: 'look', type, after: last.ref.id });
    await work.checkpoint(place);
    if (work.watch.sliceOver()) return place;
  }
  return at(next.step);
};

const afterLook = ({ target }: Reconciling, type: ObjectType): Step => {
  if (!target.capabilities.groups) return { at: 'compare' };
  return type === 'user' ? { at: 'look', type: 'group', after: null } : { at: 'members', after: null };
};

/** How many of them are there, though the list did not show them. */
const lookAt = async (work: Reconciling, links: readonly Link[]): Promise<number> => {
  if (links.length === 0) return 0;
  const { signal } = work.watch;
  const limit = pLimit(work.target.capabilities.concurrency);
  const looked = await allOf(links, limit, signal, (link) => glanceAt(work.target, link, signal));
  const remembered = await work.engine.stores.snapshots.recall(
    work.run.connection,
    looked.flatMap(({ link, remote }) => (remote === null ? [link.ref] : [])),
  );
  await note(
    work,
    looked.flatMap(({ link, remote }): readonly Discrepancy[] => {
      if (remote === 'refused') return [];
      if (remote !== null) return driftIn(work, link, remote);
      const { ref, remoteId } = link;
      return [{ kind: 'missing', ref, remoteId, gone: remembered.get(ref.id)?.gone ?? null }];
    }),
  );
  return looked.filter(({ remote }) => remote !== null && remote !== 'refused').length;
};
