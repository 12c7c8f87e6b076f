/** Whom a turn put into groups of which not everybody was put in yet: before the next of them are, those before are known to be in it. */

import type { SourceId } from '../model/ids.ts';
import type { Link, Member, Operation } from '../model/operation.ts';
import type { Applied } from '../target/target.ts';

export type FirstMembers = Map<SourceId, Map<SourceId, Member>>;

/** So many show well enough whether a list is whole. */
export const mostKnown = 5_000;

/** Without those whom this operation concerns. */
export const firstMembersOf = (firstMembers: FirstMembers, operation: Operation): readonly Member[] => {
  const concerned = new Set('members' in operation ? operation.members.map(({ ref }) => ref.id) : []);
  return [...(firstMembers.get(operation.ref.id)?.values() ?? [])].filter(({ ref }) => !concerned.has(ref.id));
};

export const noteFirstMembers = (
  firstMembers: FirstMembers,
  operation: Operation,
  link: Link | null,
  { refused = [] }: Applied,
): void => {
  if (!('members' in operation) || link === null || link.membersAt !== null) return;
  const members = firstMembers.get(operation.ref.id) ?? new Map<SourceId, Member>();
  firstMembers.set(operation.ref.id, members);
  const left = new Set(refused.map(({ member }) => member));
  for (const member of operation.members.filter(({ remoteId }) => !left.has(remoteId)))
    if (operation.action === 'remove_members') members.delete(member.ref.id);
    else if (members.size < mostKnown) members.set(member.ref.id, member);
};
