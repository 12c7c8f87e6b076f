/**
 * After a restore the link of somebody who was away may be older than what became of their account since. Whether something is taken away is decided as
 * ever; but where it is not, as from whoever is just coming back, nobody would ask the target again what they are there. So the run that looks at everybody
 * notes it, of whoever is away, and of whoever it missed because they came back in the midst of it. Of whom it shows nothing the link stays: a reader that is
 * behind knows nobody, and without the link nobody would switch them off again.
 */

import { batches } from '../core/batches.ts';
import { refOf } from '../model/change.ts';
import type { Cause, Link } from '../model/operation.ts';
import type { GoneReason, Ref } from '../model/source-object.ts';
import { noteLinks, shownOrGone } from './as-shown.ts';
import type { Gathered } from './gather.ts';
import { isDry, linksNow, type Provisioning } from './provisioning.ts';
import { isNews, sighted } from './sights.ts';
import { withUnlisted } from './unlisted.ts';

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

export const noteLeaversAsShown = async (work: Provisioning, leavers: readonly Leaver[]): Promise<void> => {
  if (!isDry(work)) await noteAway(work, leavers);
};

/**
 * Whoever came after the version that the run looks at may have been away while it looked at who is here, and here while it looked at who is away. To be called
 * once it has: whoever comes later was noted as away.
 */
export const noteReturnedAsShown = async (work: Provisioning): Promise<void> => {
  if (!isDry(work)) await noteReturned(work);
};

/** What a run that plans leaves to the one that carries it out, where there is nothing to carry out. */
export const noteAllAway = async (work: Provisioning, gathered: Gathered): Promise<void> => {
  for await (const { unlisted } of withUnlisted(work, gathered.items(null)))
    for (const some of batches(unlisted, 1_000)) await noteAway(work, await leaversAmong(work, some));
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

type Away = { readonly ref: Ref; readonly why: Cause['why'] };

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
      return link === undefined || !isNews(work, ref.id) ? [] : [{ link: asLeaver(shownOrGone(work, link)), why }];
    }),
  );
};

/** Whoever is off, and gone, was switched off for leaving. */
const asLeaver = (link: Link): Link => ({ ...link, hasLeft: link.hasLeft || link.state === 'disabled' });
