/**
 * After a restore the link of somebody who left may be older than what became of their account since. Whether something is taken away is decided as ever; but
 * where it is not, as from whoever is just coming back, nobody would ask the target again what they are there. So the run that looks at everybody notes it.
 * Of whom it shows nothing, nothing is noted: a reader that is behind knows nobody, and without the link nobody would switch them off again.
 */

import type { Link } from '../model/operation.ts';
import type { GoneReason, Ref } from '../model/source-object.ts';
import { noteLinks } from './as-shown.ts';
import { isDry, linksNow, type Provisioning } from './provisioning.ts';
import { isNews, sighted } from './sights.ts';

export type Leaver = { readonly ref: Ref; readonly why: GoneReason };

export const noteLeaversAsShown = async (work: Provisioning, leavers: readonly Leaver[]): Promise<void> => {
  if (work.sights === null || isDry(work) || leavers.length === 0) return;
  const recorded = await linksNow(
    work,
    leavers.map(({ ref }) => ref),
  );
  const shown = await sighted(work, recorded, () => true);
  await noteLinks(
    work,
    leavers.flatMap(({ ref, why }) => {
      const link = recorded.has(ref.id) ? shown.get(ref.id) : undefined;
      return link === undefined || !isNews(work, ref.id) ? [] : [{ link: asLeaver(link), why }];
    }),
  );
};

/** Whoever is off, and gone, was switched off for leaving. */
const asLeaver = (link: Link): Link => ({ ...link, hasLeft: link.hasLeft || link.state === 'disabled' });
