/**
 * The order in which things are taken away: memberships first, for an account should not linger in groups when the run breaks off in between. It is the same
 * whenever the removals of a run are planned, so that a run that goes on knows by one place what it has tried.
 */

import { forMembers, type Pending } from './pending.ts';

export const inOrderOfRemoval = (pending: readonly Pending[]): readonly Pending[] =>
  pending
    .map((one) => ({ one, place: placeOfRemoval(one) }))
    .toSorted((a, b) => (a.place < b.place ? -1 : 1))
    .map(({ one }) => one);

/** Without what comes before, or is, the place. Members one by one: those who are left may be cut into other operations now. */
export const removalsAfter = (pending: readonly Pending[], place: string | null): readonly Pending[] =>
  place === null
    ? pending
    : pending.flatMap((one) =>
        'members' in one.planned.operation
          ? (forMembers(one, (member) => placeIn(one, member) > place) ?? [])
          : placeIn(one, '') > place
            ? [one]
            : [],
      );

/** Once it is done, with all of its members. */
export const placeOfRemoval = (one: Pending): string => {
  const { operation } = one.planned;
  return placeIn(one, 'members' in operation ? (operation.members.at(-1)?.ref.id ?? '') : '');
};

/** Members of one operation are in the order of their ids. */
const placeIn = ({ planned: { operation, why } }: Pending, member: string): string =>
  `${order.indexOf(operation.action)}|${operation.ref.id}|${why === 'leavers' ? 0 : 1}|${member}`;

const order = ['remove_members', 'disable', 'delete'];
