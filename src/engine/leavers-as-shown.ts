/**
 * After a restore the link of somebody who left may be older than what became of their account since. Whether something is taken away is decided as ever; but
 * where it is not, as from whoever is just coming back, nobody would ask the target again what they are there. So the run that looks at everybody notes it.
 * Of whom it shows nothing, nothing is noted: a reader that is behind knows nobody, and without the link nobody would switch them off again.
 */

import { keyOf } from '../core/plan.ts';
import type { Link, Outcome } from '../model/operation.ts';
import type { GoneReason, Ref } from '../model/source-object.ts';
import { settleOutcomes } from './escrow.ts';
import { causeOf, isDry, linksNow, type Provisioning, passOf } from './provisioning.ts';
import { isNews, sighted } from './sights.ts';

export type Leaver = { readonly ref: Ref; readonly why: GoneReason };

export const noteLeaversAsShown = async (work: Provisioning, leavers: readonly Leaver[]): Promise<void> => {
  if (work.sights === null || isDry(work) || leavers.length === 0) return;
  const recorded = await linksNow(
    work,
    leavers.map(({ ref }) => ref),
  );
  const shown = await sighted(work, recorded, () => true);
  const pass = passOf(work);
  const news = leavers.flatMap(({ ref, why }) => {
    const link = recorded.has(ref.id) ? shown.get(ref.id) : undefined;
    if (link === undefined || !isNews(work, ref.id)) return [];
    const { remoteId } = link;
    const operation = { key: keyOf(pass, ref, 'adopt'), ref, action: 'update', remoteId, attributes: {} } as const;
    return [{ operation: { ...operation, before: {} }, why, link: asLeaver(link) }];
  });
  if (news.length === 0) return;
  // Nothing is written to the target, so it counts against no limit.
  const intents = news.map(({ operation, why }) => ({
    operation,
    cause: { ...causeOf(work, { planned: { operation, why } }), limited: false },
  }));
  await work.engine.stores.ledger.intend(work.lease, intents);
  const at = work.engine.world.now();
  await settleOutcomes(
    work,
    news.map(
      ({ operation: { key, ref }, link }): Outcome => ({ key, ref, action: 'update', at, result: 'applied', link }),
    ),
  );
};

/** Whoever is off, and gone, was switched off for leaving. */
const asLeaver = (link: Link): Link => ({ ...link, hasLeft: link.hasLeft || link.state === 'disabled' });
