/** What a delta round tells of memberships and managers. */

import { type SourceId, sourceId } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import type { Ref } from '../../model/source-object.ts';
import type { Entity } from './pages.ts';
import { digest } from './places.ts';
import { managerInDelta } from './to-source-object.ts';

/** Whom it adds to any group. */
export const addedIn = (changes: readonly ObjectMessage[]): readonly Ref[] =>
  changes.flatMap((change) => (change.type === 'members' && 'added' in change.members ? change.members.added : []));

/** Which memberships ended in this round, each as a short text. */
export type Leaving = Set<string>;

export const noteLeaving = (left: Leaving, changes: readonly ObjectMessage[]): void => {
  for (const change of changes)
    if (change.type === 'members' && 'removed' in change.members)
      for (const { id } of change.members.removed) left.add(membership(change.group.id, id));
};

/** A list that is behind may still show somebody whose leaving was told in this round, and is not told again. */
export const withoutLeft = <Told extends ObjectMessage>(changes: readonly Told[], left: Leaving): readonly Told[] =>
  left.size === 0
    ? changes
    : changes.map((change) =>
        change.type === 'members' && 'added' in change.members
          ? {
              ...change,
              members: {
                ...change.members,
                added: change.members.added.filter(({ id }) => !left.has(membership(change.group.id, id))),
              },
            }
          : change,
      );

/**
 * What a round that goes on after a break has to know of what it told before. Of more, which is a round of more leavings than a day has in a large tenant,
 * the newest: what is missed then, a full sync mends.
 */
export const keptOf = (left: Leaving): readonly string[] => [...left].slice(-mostKept);
const mostKept = 5_000;

const membership = (group: SourceId, member: SourceId): string => digest([group, member]).slice(0, 12);

/** A group of which a change of members is told is shown for that. */
export const withoutTold = (groups: readonly Ref[], changes: readonly ObjectMessage[]): readonly Ref[] => {
  const told = new Set(changes.flatMap((change) => (change.type === 'members' ? [change.group.id] : [])));
  return groups.filter(({ id }) => !told.has(id));
};

/** Of whose manager it says something, be it that there is none. */
export const noteManaged = (managed: Set<SourceId>, items: readonly Entity[]): void => {
  for (const item of items) if (managerInDelta(item) !== undefined) managed.add(sourceId(item.id));
};
