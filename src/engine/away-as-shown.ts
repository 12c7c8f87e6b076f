/**
 * After a restore the link of somebody who was away may be older than what became of their account since. Whether something is taken away is decided as
 * ever; but where it is not, as from whoever is just coming back, nobody would ask the target again what they are there. So the run that looks at everybody
 * notes it, of whoever is away, of whoever is protected, to whom nothing is written, and of whoever it missed because they came back in the midst of it. Of
 * whom it shows nothing the link stays: a reader that is behind knows nobody, and without the link nobody would switch them off again.
 */

import { sameAttributes } from '../core/attributes.ts';
import { batches } from '../core/batches.ts';
import { refOf } from '../model/change.ts';
import { switchPath } from '../model/mapping.ts';
import type { Cause, Link } from '../model/operation.ts';
import type { GoneReason, Ref } from '../model/source-object.ts';
import { noteLinks, shownOrGone } from './as-shown.ts';
import type { Item } from './gather.ts';
import { isDry, isUntouchable, linksNow, objectsOf, type Provisioning } from './provisioning.ts';
import { isNews, sighted } from './sights.ts';

export type Leaver = { readonly ref: Ref; readonly why: GoneReason };

/** Of whoever is not listed, those of whom it is known why they are gone. */
export const leaversAmong = async (
  { engine: { stores }, run }: Provisioning,
  unlisted: readonly Ref[],
): Promise<readonly Leaver[]> => {
  const remembered = await stores.snapshots.recall(run.connection, unlisted);
  return unlisted.flatMap((ref) => {
    const why = remembered.get(ref.id)?.gone ?? null;
    return why === null ? [] : [{ ref, why }];
  });
};

/** Whoever is here, and is told nothing: nobody would ask the target later what became of their account. Of nobody else the target is asked once more. */
export const protectedAmong = async (work: Provisioning, items: readonly Item[]): Promise<readonly Away[]> => {
  if (work.sights === null) return [];
  const objects = await objectsOf(work, items);
  const recorded = await work.engine.stores.ledger.links(
    work.record.id,
    [...objects.values()].map(({ ref }) => ref),
  );
  return [...recorded.values()].flatMap(({ ref, remoteId }) => {
    const object = objects.get(ref.id);
    return object !== undefined && isUntouchable(work, object, remoteId) ? [{ ref, why: 'retry' }] : [];
  });
};

/** Hands back those of whom it is still to be noted: a run that plans leaves that to the one that carries it out, or does it where there is nothing to carry out. */
export const noteAwayAsShown = async (work: Provisioning, away: readonly Away[]): Promise<readonly Away[]> => {
  if (work.sights === null) return [];
  if (isDry(work)) return away;
  await noteAway(work, away);
  return [];
};

/**
 * Whoever came after the version that the run looks at may have been away while it looked at who is here, and here while it looked at who is away. To be called
 * once it has: whoever comes later was noted as away.
 */
export const noteReturnedAsShown = async (work: Provisioning): Promise<void> => {
  if (!isDry(work)) await noteReturned(work);
};

/** Of a run that planned, where nothing is to be carried out. */
export const noteAllAway = async (work: Provisioning, away: readonly Away[]): Promise<void> => {
  for (const some of batches(away, 1_000)) await noteAway(work, some);
  await noteReturned(work);
};

const noteReturned = async (work: Provisioning): Promise<void> => {
  if (work.sights === null) return;
  for await (const recorded of work.engine.stores.snapshots.changesAfter(work.run.connection, work.through))
    await noteAway(
      work,
      recorded.flatMap(({ change }) =>
        change.kind === 'created' ? [{ ref: refOf(change), why: 'retry' } as const] : [],
      ),
    );
};

export type Away = { readonly ref: Ref; readonly why: Cause['why'] };

const noteAway = async (work: Provisioning, away: readonly Away[]): Promise<void> => {
  if (work.sights === null || away.length === 0) return;
  const recorded = await linksNow(
    work,
    away.map(({ ref }) => ref),
  );
  await sighted(work, recorded, () => true);
  await noteLinks(
    work,
    away.flatMap(({ ref, why }) => {
      const link = recorded.get(ref.id);
      // Of whom it refuses to show, the record stays: nothing is to be told them that nobody looked at.
      if (link === undefined || !isNews(work, ref.id) || work.sights?.get(ref.id)?.isHidden) return [];
      const noted = asLeaver(work, link, shownOrGone(work, link));
      return noted === link ? [] : [{ link: noted, why }];
    }),
  );
};

/**
 * An account that is off, of which the record says that it is on: who switched it off, nobody knows. Where leavers are switched off it most likely was for
 * leaving, in the time that was lost, and whoever comes back is switched on. Where leavers are left as they are it was no leaving, and may have been somebody
 * at the target: the record stays as it is, so that nobody switches it on by it, and a reconcile run shows it.
 */
const asLeaver = ({ record: { deprovision } }: Provisioning, link: Link, shown: Link): Link => {
  if (link.state !== 'active' || shown.state !== 'disabled') return shown;
  return deprovision.kind === 'none' ? butForItsSwitch(link, shown) : { ...shown, hasLeft: true };
};

/** What was recorded, where there is nothing else that is shown otherwise. */
const butForItsSwitch = (link: Link, shown: Link): Link => {
  const others = Object.entries(shown.pushed).filter(([path]) => path !== switchPath);
  const ofSwitch = Object.entries(link.pushed).filter(([path]) => path === switchPath);
  const pushed = Object.fromEntries([...others, ...ofSwitch]);
  return sameAttributes(pushed, link.pushed) ? link : { ...link, pushed };
};
