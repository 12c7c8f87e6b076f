/**
 * Looks at everybody that a target is owed, though nobody asked for one. A run that meets no groups at the target passes all of them by, and the position
 * moves on all the same. So the memberships that changed are noted one by one, and the next run that meets groups looks at all of them.
 */

import { batches } from '../core/batches.ts';
import type { WaitingReference } from '../model/operation.ts';
import type { Owed } from '../store/ledger.ts';
import type { Gathered, Met } from './gather.ts';
import { isDry, linksOf, type Provisioning } from './provisioning.ts';
import { waitFor } from './wave-references.ts';

/** A look is noted to be owed before anybody is passed by. A run of one group, or one that amends another, moves no position, and owes nothing. */
export const meetTarget = async (work: Provisioning): Promise<Met> => {
  const { engine, run, record, takesGroups: groups, lease } = work;
  const before = await engine.stores.ledger.owed(record.id);
  const owed: Owed = { groups: groups ? before.groups : { after: run.id } };
  const isOfPosition = run.scope === null && run.amends === null && !isDry(work);
  if (isOfPosition && owed.groups?.after !== before.groups?.after) await engine.stores.ledger.noteOwed(lease, owed);
  return { groups, owesLook: groups && before.groups !== null };
};

/** Whoever looked at everybody has paid, but for what its own earlier turns passed by. */
export const payLooks = async (work: Provisioning, { kind }: Gathered): Promise<void> => {
  const { engine, run, record, takesGroups, lease } = work;
  if (kind !== 'everything') return;
  const { groups } = await engine.stores.ledger.owed(record.id);
  if (groups === null || !takesGroups || groups.after === run.id) return;
  await engine.stores.ledger.noteOwed(lease, { groups: null });
};

/**
 * Of groups that were told their members, before the target took none any more: who came and who left since, to be made up for when it takes them again.
 * Any other group is told all its members then.
 */
export const noteMemberships = async (work: Provisioning, { kind, edges }: Gathered): Promise<void> => {
  if (kind === 'scope' || kind === 'repair') return;
  const links = await linksOf(
    work,
    [...edges.keys()].map((id) => ({ type: 'group', id })),
  );
  for (const link of links.values()) {
    const since = link.membersAt ?? link.membersSince;
    if (since === null) continue;
    const missed = (edges.get(link.ref.id) ?? [])
      .filter(({ version }) => version > since)
      .map(
        ({ member, want, version }): WaitingReference => ({
          ...{ owner: link.ref, path: 'members', to: member.id, want },
          ...(want === 'remove' ? { version } : {}),
        }),
      );
    for (const some of batches(missed, 1_000)) await waitFor(work, some);
  }
};
