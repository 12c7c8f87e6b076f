/** Decides who is in scope: which stored objects still are, once the read is complete, and which scopes hold nobody that another does not. */

import type { SourceId } from '../model/ids.ts';
import type { Scope } from '../model/scope.ts';
import type { Ref, SourceObject } from '../model/source-object.ts';

/** The objects a scope of kind `groups` reaches: the groups, their members, and with `nested` the members of member groups. */
export type Reached = ReadonlySet<SourceId>;

/** Which groups to follow next, given what a group just read holds. Cycles end by themselves: a group is followed once. */
export const follow = (
  scope: Extract<Scope, { kind: 'groups' }>,
  followed: ReadonlySet<SourceId>,
  members: readonly Ref[],
): readonly SourceId[] =>
  scope.nested
    ? members.filter((member) => member.type === 'group' && !followed.has(member.id)).map((member) => member.id)
    : [];

/** Users are in when they are members of a followed group; groups are in when they are followed themselves. */
export const leavers = (objects: readonly SourceObject[], users: Reached, groups: Reached): readonly Ref[] =>
  objects.filter(({ ref }) => !(ref.type === 'user' ? users : groups).has(ref.id)).map(({ ref }) => ref);

/**
 * Whether the one holds nobody that the other does not, as far as that can be said without reading: a group inside one of the other is known by nothing
 * but its members.
 */
export const isWithin = (inner: Scope, outer: Scope): boolean =>
  outer.kind === 'all' ||
  (inner.kind === 'groups' &&
    inner.groups.every((group) => outer.groups.includes(group)) &&
    (outer.nested || !inner.nested));
