/**
 * Of the memberships that a repair would put right those that the target does not show as right by now. As with accounts (engine/repair.ts) what was found is
 * no word on what is there: it may have been mended meanwhile, by another repair or at the target. Where the target shows nothing of a group, all of them.
 */

import type { Link } from '../model/operation.ts';
import type { Edge } from './gather.ts';
import { membersShown } from './glance.ts';
import { linksOf, type Provisioning } from './provisioning.ts';

export const notMended = async (work: Provisioning, group: Link, edges: readonly Edge[]): Promise<readonly Edge[]> => {
  if (work.run.amends?.kind !== 'repair' || edges.length === 0) return edges;
  const { inventory } = work.target;
  const members = inventory && (await membersShown(inventory, group.remoteId, work.watch.signal));
  if (members == null) return edges;
  const shown = new Set(members);
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
