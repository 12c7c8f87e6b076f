/**
 * After a restore a run goes by what the target shows, and the next one by the links again. So whatever was shown of an account that was not brought to
 * what is wanted, because the plan does not hold that or the target refused it, is written down: or the next run would find nothing to do there.
 */

import { keyOf } from '../core/plan.ts';
import { accountOf, untold } from '../core/told.ts';
import type { Cause, Link, Outcome } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';
import { settleOutcomes } from './escrow.ts';
import type { Done, Pending } from './pending.ts';
import { causeOf, isDry, linksNow, type Provisioning, passOf } from './provisioning.ts';
import { isNews } from './sights.ts';

/** Of what was not done, the accounts and groups. Before its failures are settled: whatever is settled without one lets go of an escrow. */
export const noteAsShown = async (work: Provisioning, pending: readonly Pending[]): Promise<void> =>
  await noteSeen(
    work,
    pending.flatMap(({ planned: { operation } }) => ('members' in operation ? [] : [operation.ref])),
  );

/** What the plan left out, and what the target refused. */
export const staysAsItIs = ({ outcome }: Done): boolean =>
  outcome.result === 'escrowed' || (outcome.result === 'skipped' && outcome.reason === 'not_in_plan');

/** For what it is to be tried again, and nothing else: nobody is taken over by being looked at. */
export const noteSeen = async (work: Provisioning, refs: readonly Ref[]): Promise<void> => {
  if (isDry(work)) return;
  const news = new Map(refs.filter(({ id }) => isNews(work, id)).map((ref) => [ref.id, ref]));
  if (news.size === 0) return;
  const recorded = await linksNow(work, [...news.values()]);
  await noteLinks(
    work,
    [...recorded.values()].map((link) => ({
      link: shownOrGone(work, link),
      why: 'retry' as const,
    })),
  );
};

/** Where nothing was shown: one answer may be of a reader that is behind. So it stays linked. */
export const shownOrGone = (work: Provisioning, link: Link): Link =>
  work.sights?.get(link.ref.id)?.link ?? untold(link);

/** Nothing is written to the target, so it counts against no limit. */
export const noteLinks = async (
  work: Provisioning,
  links: readonly { readonly link: Link; readonly why: Cause['why'] }[],
): Promise<void> => {
  if (links.length === 0) return;
  const pass = passOf(work);
  const noted = links.map(({ link, why }) => {
    const { ref, remoteId } = link;
    const operation = { key: keyOf(pass, ref, 'adopt'), ref, action: 'update', remoteId, attributes: {} } as const;
    return { operation: { ...operation, before: {} }, why, link };
  });
  const intents = noted.map(({ operation, why }) => ({
    operation,
    cause: { ...causeOf(work, { planned: { operation, why } }), limited: false },
  }));
  await work.engine.stores.ledger.intend(work.lease, intents);
  const at = work.engine.world.now();
  await settleOutcomes(
    work,
    noted.map(
      ({ operation: { key, ref }, link }): Outcome => ({ key, ref, action: 'update', at, result: 'applied', link }),
    ),
  );
  for (const { link } of links) work.remoteIds.set(link.ref.id, accountOf(link) ?? null);
};
