/**
 * Looks at everybody that a target is owed, though nobody asked for one. A run leaves alone who is protected, and passes all groups by where the target
 * takes none; and the position moves on all the same. So when the one ends, or the other, the next run looks at everybody. Of groups that were passed by,
 * the memberships that changed are noted one by one. And whom a look at everybody finds, by other rules or because somebody asked for it, no change tells
 * of: where it comes to no end, the next run takes another.
 */

import { batches } from '../core/batches.ts';
import type { WaitingReference } from '../model/operation.ts';
import type { Owed, OwedLook } from '../store/ledger.ts';
import type { Gathered, Known, Met } from './gather.ts';
import { isDry, linksOf, type Provisioning } from './provisioning.ts';
import { type Protected, protectionKey } from './rules-key.ts';
import { waitFor } from './wave-references.ts';

/**
 * A look is noted to be owed before anybody is passed by, or known not to be protected any more, and before anything is written by other rules, which may
 * be taken back half-way. A target that was never brought to any version gets one in any case. A run that only plans leaves no debts.
 */
export const meetTarget = async (work: Provisioning, known: Known): Promise<Met> => {
  const { engine, record, takesGroups: groups, lease } = work;
  const { ledger } = engine.stores;
  const [before, position] = [await ledger.owed(record.id), await ledger.position(record.id)];
  const owed = owedNow(before, work, known === 'other_rules' && position !== null);
  if (!isDry(work) && !isSame(before, owed)) await ledger.noteOwed(lease, owed);
  return { groups, position, owesLook: isDue(owed, groups) };
};

type Meeting = Pick<Provisioning, 'run' | 'record' | 'takesGroups'>;

/** Whoever is protected besides from now on is looked at in vain, once. */
const owedNow = (before: Owed, { run, record, takesGroups }: Meeting, byOtherRules: boolean): Owed => {
  const protectedBy = protectionKey(record);
  const isNew = isOtherwise(before, protectedBy) || (byOtherRules && before.protection === null);
  // Its earlier turns went by the former protection.
  const after = run.place === null ? null : run.id;
  return {
    groups: takesGroups ? before.groups : { after: run.id },
    protection: isNew ? { after } : before.protection,
    protectedBy,
  };
};

const isOtherwise = (before: Owed, protectedBy: string): boolean =>
  before.protectedBy !== null && before.protectedBy !== protectedBy;

const isDue = ({ groups, protection }: Owed, takesGroups: boolean): boolean =>
  (takesGroups && groups !== null) || protection !== null;

/** Whether the next run would look at everybody. */
export const owesLook = (owed: Owed, record: Protected, takesGroups: boolean): boolean =>
  isDue(owed, takesGroups) || isOtherwise(owed, protectionKey(record));

/** Whoever looked at everybody has paid, but for what its own earlier turns passed by. */
export const payLooks = async (work: Provisioning, { kind }: Gathered): Promise<void> => {
  const { engine, run, record, takesGroups, lease } = work;
  if (kind !== 'everything') return;
  const before = await engine.stores.ledger.owed(record.id);
  const unpaid = (look: OwedLook | null): OwedLook | null => (look?.after === run.id ? look : null);
  const owed: Owed = {
    ...before,
    groups: takesGroups ? unpaid(before.groups) : before.groups,
    protection: unpaid(before.protection),
  };
  if (!isSame(before, owed)) await engine.stores.ledger.noteOwed(lease, owed);
};

/** What was found, and is held, no change tells of: only another look at everybody finds it again. By other rules, or where one was owed, it is owed still. */
export const oweHeld = async (work: Provisioning, { kind }: Gathered): Promise<void> => {
  if (kind === 'everything' && work.run.mode === 'full') await owePassedBy(work);
};

/** Somebody was protected in this run, and is not in the next one. */
export const owePassedBy = async ({ engine, run, record, lease }: Provisioning): Promise<void> => {
  const before = await engine.stores.ledger.owed(record.id);
  await engine.stores.ledger.noteOwed(lease, { ...before, protection: { after: run.id } });
};

const isSame = (one: Owed, other: Owed): boolean =>
  isSameLook(one.groups, other.groups) &&
  isSameLook(one.protection, other.protection) &&
  one.protectedBy === other.protectedBy;
const isSameLook = (one: OwedLook | null, other: OwedLook | null): boolean =>
  one === null || other === null ? one === other : one.after === other.after;

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
