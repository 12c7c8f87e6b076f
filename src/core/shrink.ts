/**
 * Whether a complete read may be committed. A source that shows a part of what it holds, with every sign of success, can only be told from one that
 * lost people by how many are missing; and a group that is suddenly empty is as often a mistake as it is meant.
 */

import type { Problem } from '../model/connection.ts';
import type { SourceId } from '../model/ids.ts';
import type { Limit } from '../model/limit.ts';
import type { ObjectType } from '../model/source-object.ts';
import { allowance } from './guard.ts';

/** What a read takes out of the snapshot. */
export type Shrink = {
  /** Known objects that a full sync did not see, or not in the scope any more; 0 in any other run. */
  readonly missing: Readonly<Record<ObjectType, number>>;
  readonly known: Readonly<Record<ObjectType, number>>;
  /** Groups of the scope that lost all members. */
  readonly emptied: readonly SourceId[];
};

/** Why the read is held; null when it is not. */
export const shrinkProblem = (shrink: Shrink, limit: Limit): Problem | null => {
  const reasons = reasonsOf(shrink, limit);
  if (reasons.length === 0) return null;
  return {
    code: 'read_shrank',
    message: `The read was complete, but ${reasons.join(', and ')}. Nothing of it was kept. If the tenant is right, ask for a full sync with accept_shrink; if not, have it mended.`,
    owner: 'your_team',
  };
};

/** That a read like this one will be held once its scope is saved; null when it will not. */
export const expectedShrink = (shrink: Shrink, limit: Limit): Problem | null => {
  const reasons = reasonsOf(shrink, limit);
  if (reasons.length === 0) return null;
  return {
    code: 'read_would_shrink',
    message: `The first sync after this scope is saved will be held: ${reasons.join(', and ')}. If that is meant, ask for a full sync with accept_shrink then.`,
    owner: 'your_team',
  };
};

const reasonsOf = ({ missing, known, emptied }: Shrink, limit: Limit): readonly string[] => [
  ...types
    .filter(([type]) => missing[type] > allowance(limit, known[type]))
    .map(
      ([type, name]) =>
        `${missing[type]} of ${known[type]} known ${name} are missing; up to ${allowance(limit, known[type])} may be`,
    ),
  ...(emptied.length === 0
    ? []
    : [`no members are left in ${emptied.length === 1 ? 'group' : 'groups'} ${named(emptied)}`]),
];

const types = [
  ['user', 'users'],
  ['group', 'groups'],
] as const;

const mostNamed = 5;
const named = (groups: readonly SourceId[]): string =>
  groups.length <= mostNamed
    ? groups.join(', ')
    : `${groups.slice(0, mostNamed).join(', ')} and ${groups.length - mostNamed} more`;
