/** What differs between the committed version and the draft, as changes. */

import type { Change } from '../model/change.ts';
import type { EdgePair, Pair } from '../model/draft.ts';
import type { SourceId } from '../model/ids.ts';
import type { Membership, Ref, SourceObject } from '../model/source-object.ts';
import { isUnassigned, own, sameAttributes } from './attributes.ts';
import type { Asked } from './fold.ts';

/** `asked`: what was read. Null: what is different is that less of it was read, and that is no change of anybody. */
export const diff = (pair: Pair, asked: Asked): Change | null => {
  if (pair.after === null) return { kind: 'removed', before: pair.before, why: pair.why };
  if (pair.before === null) return { kind: 'created', after: pair.after };
  const before = withoutForgotten(pair.before, pair.after, asked[pair.ref.type]);
  const isOfLess = before !== pair.before && sameAttributes(before.attributes, pair.after.attributes);
  return isOfLess ? null : { kind: 'updated', before, after: pair.after };
};

/** What was not asked for any more was not lost. */
const withoutForgotten = (before: SourceObject, { attributes: now }: SourceObject, asked: readonly string[]) => {
  const isForgotten = (name: string): boolean => !asked.includes(name) && isUnassigned(own(now, name));
  const all = Object.entries(before.attributes);
  const kept = all.filter(([name]) => !isForgotten(name));
  return kept.length === all.length ? before : { ...before, attributes: Object.fromEntries(kept) };
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
