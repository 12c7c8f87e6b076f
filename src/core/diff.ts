/** What differs between the committed version and the draft, as changes. */

import type { Change } from '../model/change.ts';
import type { EdgePair, Pair } from '../model/draft.ts';
import type { SourceId } from '../model/ids.ts';
import type { Membership, Ref } from '../model/source-object.ts';

export const diff = (pair: Pair): Change => {
  if (pair.after === null) return { kind: 'removed', before: pair.before, why: pair.why };
  return pair.before === null
    ? { kind: 'created', after: pair.after }
    : { kind: 'updated', before: pair.before, after: pair.after };
};

/**
 * Membership changes of edges the draft itself adds or removes. An edge counts only when both ends are in the snapshot. Edges of groups that
 * came or went are left to whoever handles that group whole, edges of members that came or went to `diffPresence`.
 */
export const diffEdges = (edges: EdgePair, flips: Flips, presentAfter: ReadonlySet<SourceId>): Change | null =>
  !presentAfter.has(edges.group) || flips.appeared.has(edges.group)
    ? null
    : membersChange(
        edges.group,
        edges.added.filter((member) => presentAfter.has(member.id) && !flips.appeared.has(member.id)),
        edges.removed.filter((member) => presentAfter.has(member.id) && !flips.appeared.has(member.id)),
      );

/** Membership changes because the members themselves came (`added`) or went (`removed`), one change per group. */
export const diffPresence = (
  kind: 'added' | 'removed',
  memberships: readonly Membership[],
  flips: Flips,
): readonly Change[] => {
  const byGroup = Map.groupBy(
    memberships.filter(({ group }) => !flips.appeared.has(group) && !flips.vanished.has(group)),
    ({ group }) => group,
  );
  return [...byGroup].flatMap(([group, edges]) => {
    const members = edges.map(({ member }) => member);
    const change = kind === 'added' ? membersChange(group, members, []) : membersChange(group, [], members);
    return change === null ? [] : [change];
  });
};

export const membersChange = (group: SourceId, added: readonly Ref[], removed: readonly Ref[]): Change | null =>
  added.length + removed.length === 0 ? null : { kind: 'members', group: { type: 'group', id: group }, added, removed };

/** Objects that are in the snapshot now and were not before, and the other way round. */
export type Flips = { readonly appeared: ReadonlySet<SourceId>; readonly vanished: ReadonlySet<SourceId> };
