/**
 * Of the memberships that a repair would put right those that the target does not show as right by now. As with accounts (engine/repair.ts) what was found is
 * no word on what is there: it may have been mended meanwhile, by another repair or at the target. Where the target shows nothing of a group, all of them.
 */

import { TargetError } from '../model/errors.ts';
import type { RemoteId } from '../model/ids.ts';
import type { Link } from '../model/operation.ts';
import type { Edge } from './gather.ts';
import { linksOf, type Provisioning } from './provisioning.ts';

export const notMended = async (work: Provisioning, group: Link, edges: readonly Edge[]): Promise<readonly Edge[]> => {
  if (work.run.amends?.kind !== 'repair' || edges.length === 0) return edges;
  const shown = await membersShown(work, group);
  if (shown === null) return edges;
  // Of whose account is to be made anew the group shows the old one at most.
  const links = await linksOf(
    work,
    edges.map(({ member }) => member),
  );
  return edges.filter(({ member, want }) => {
    const link = links.get(member.id);
    return link === undefined || shown.has(link.remoteId) !== (want === 'add');
  });
};

/** Null: the group is gone, or its members cannot be read. */
const membersShown = async (
  { target, watch }: Pick<Provisioning, 'target' | 'watch'>,
  { remoteId }: Link,
): Promise<ReadonlySet<RemoteId> | null> => {
  try {
    const members = await target.inventory?.members(remoteId, watch.signal);
    return members == null ? null : new Set(members);
  } catch (error) {
    if (error instanceof TargetError && error.fault === 'rejected') return null;
    throw error;
  }
};
