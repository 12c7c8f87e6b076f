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

/** Whom this round told to have joined which group: what it told last may not be stored yet. */
export type Joining = Map<SourceId, Set<SourceId>>;

export const noteJoining = (joining: Joining, changes: readonly ObjectMessage[]): void => {
  for (const change of changes) {
    if (change.type !== 'members' || !('added' in change.members)) continue;
    const { added } = change.members;
    const joined = joining.get(change.group.id) ?? new Set();
    for (const { id } of added) joined.add(id);
    if (joined.size > 0) joining.set(change.group.id, joined);
  }
};

/**
 * Which memberships ended in this round, each as a short text. `newest`: what a round that goes on after a break has to know of them. Of more, which is a
 * round of more leavings than a day has in a large tenant, it is the newest: whoever left before those may be back in a group until the next full sync.
 */
export type Leaving = { readonly all: Set<string>; newest: readonly string[] };

export const noneLeft = (): Leaving => ({ all: new Set(), newest: [] });

export const noteLeaving = (left: Leaving, changes: readonly ObjectMessage[]): void => {
  const ended = changes.flatMap((change) =>
    change.type === 'members' && 'removed' in change.members
      ? change.members.removed.map(({ id }) => membership(change.group.id, id))
      : [],
  );
  noteLeft(left, ended);
};

/** `ended`: as `newest` has them. What is kept for later is made anew only where there is news, not with every place that is written. */
export const noteLeft = (left: Leaving, ended: readonly string[]): void => {
  const news = [...new Set(ended)].filter((each) => !left.all.has(each));
  if (news.length === 0) return;
  for (const each of news) left.all.add(each);
  left.newest = [...left.newest, ...news].slice(-mostKept);
};
const mostKept = 5_000;

/** A list that is behind may still show somebody whose leaving was told in this round, and is not told again. */
export const withoutLeft = <Told extends ObjectMessage>(changes: readonly Told[], left: Leaving): readonly Told[] =>
  left.all.size === 0
    ? changes
    : changes.map((change) =>
        change.type === 'members' && 'added' in change.members
          ? {
              ...change,
              members: {
                ...change.members,
                added: change.members.added.filter(({ id }) => !left.all.has(membership(change.group.id, id))),
              },
            }
          : change,
      );

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
