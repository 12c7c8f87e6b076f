/**
 * A check that somebody asked for and that passes shows that what is held back is mended. It is still a probe that lets it go, but not at its time, which
 * may be a day away: it is due now.
 */

import { dueNow, isShownByCheck } from '../core/quarantine.ts';
import type { Problem, Quarantine } from '../model/connection.ts';

type Held = { readonly state: string; readonly problem: Problem | null; readonly quarantine: Quarantine | null };
type Kept<Id> = {
  readonly get: (id: Id) => Promise<Held | null>;
  readonly probed: (id: Id, quarantine: Quarantine) => Promise<void>;
};

export const probeSoon = async <Id>(kept: Kept<Id>, id: Id, now: Date): Promise<void> => {
  const held = await kept.get(id);
  if (held?.state !== 'quarantined' || !isShownByCheck(held.problem)) return;
  await kept.probed(id, dueNow(held.quarantine, now));
};
