/**
 * Whether a complete read may be committed. A source that shows a part of what it holds, with every sign of success, can only be told from one that
 * lost people by how many are missing; one that hides an attribute, from one that cleared it, by of how many; and a group that is suddenly empty is as
 * often a mistake as it is meant.
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
  /** Attributes that more objects lost than the floor of the limit. */
  readonly cleared: readonly Cleared[];
};

/** An attribute of which objects that are still there had a value, and have none any more. */
export type Cleared = Loss & {
  /** How many objects had a value before. */
  readonly known: number;
  /**
   * A read that speaks of a few only says of most of them that they lost it, and the source does not show it of anybody else either: as far as can be
   * told, of nobody.
   */
  readonly hidden: boolean;
};
export type Loss = {
  readonly type: ObjectType;
  readonly attribute: string;
  readonly lost: number;
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

/** How many objects a held read would have taken something from. */
export const shrunkBy = ({ missing, cleared }: Shrink): number =>
  missing.user + missing.group + Math.max(0, ...cleared.map(({ lost }) => lost));

const reasonsOf = ({ missing, known, emptied, cleared }: Shrink, limit: Limit): readonly string[] => [
  ...types
    .filter(([type]) => missing[type] > allowance(limit, known[type]))
    .map(
      ([type, name]) =>
        `${missing[type]} of ${known[type]} known ${name} are missing; up to ${allowance(limit, known[type])} may be`,
    ),
  ...(emptied.length === 0
    ? []
    : [`no members are left in ${emptied.length === 1 ? 'group' : 'groups'} ${named(emptied)}`]),
  ...types.flatMap(([type, name]) => clearedReasons(cleared, type, name, limit)),
];

const types = [
  ['user', 'users'],
  ['group', 'groups'],
] as const;

const clearedReasons = (cleared: readonly Cleared[], of: ObjectType, name: string, limit: Limit): readonly string[] => {
  const ours = cleared.filter(({ type }) => type === of);
  const over = ours.filter(({ lost, known }) => lost > allowance(limit, known));
  const hidden = ours.filter((one) => one.hidden && !over.includes(one));
  const said = (some: readonly Cleared[]): string =>
    named(some.map(({ attribute, lost, known }) => `${attribute} (${lost} of ${known} who had one)`));
  return [
    ...(over.length === 0 ? [] : [`too many ${name} lost a value at once: ${said(over)}`]),
    ...(hidden.length === 0
      ? []
      : [`most ${name} who changed lost a value that is not shown of others either: ${said(hidden)}`]),
  ];
};

const mostNamed = 5;
const named = (all: readonly string[]): string =>
  all.length <= mostNamed ? all.join(', ') : `${all.slice(0, mostNamed).join(', ')} and ${all.length - mostNamed} more`;
