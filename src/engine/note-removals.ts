/**
 * Whom groups are to lose, noted one by one before the first of them is removed, and struck off as they go. From then on the group counts as brought to the
 * run's version. Otherwise a run that breaks off, or is held for something else, would leave no mark of what it did: each run after it would find the same
 * members, remove them again, and count them again, until members who are long gone are over the limit.
 */

import type { Ref } from '../model/source-object.ts';
import type { Judged } from './judge-removals.ts';
import type { Pending } from './pending.ts';
import type { Provisioning } from './provisioning.ts';
import { removalsOf, waitFor } from './wave-references.ts';

/**
 * Of a group that loses somebody now, who is held is noted as well. A group of which nobody is removed stays where it is, and so is found again. Who carries
 * out a plan adds only the members that the plan holds, so no group is brought to any version by that.
 */
export const noteRemovals = async (work: Provisioning, { go, held }: Pick<Judged, 'go' | 'held'>): Promise<void> => {
  if (work.aim.kind !== 'provision' || work.run.amends !== null) return;
  const losing = new Map(go.flatMap((one) => groupOf(work, one)).map((group) => [group.id, group]));
  if (losing.size === 0) return;
  await waitFor(
    work,
    [...go, ...held].flatMap(({ planned: { operation }, told }) =>
      operation.action === 'remove_members' && losing.has(operation.ref.id)
        ? removalsOf(
            operation.ref,
            operation.members.map(({ ref }) => ref),
            told,
          )
        : [],
    ),
  );
  await work.engine.stores.ledger.membersPushed(work.lease, [...losing.values()], work.through);
};

/** The group that loses somebody by this, if it is not noted yet. */
const groupOf = ({ through }: Provisioning, { planned: { operation }, link }: Pending): readonly Ref[] =>
  operation.action === 'remove_members' && (link?.membersAt ?? -1) < through ? [operation.ref] : [];
