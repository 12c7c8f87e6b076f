/**
 * Whether a complete read may be committed. A source that shows a part of what it holds, with every sign of success, can only be told from one that
 * lost people by how many are missing; one that hides an attribute, from one that cleared it, by of how many; and a group that suddenly has nobody, or
 * hardly anybody, is as often a mistake as it is meant.
 */

import type { Problem } from '../model/connection.ts';
import type { SourceId } from '../model/ids.ts';
import type { Limit } from '../model/limit.ts';
import type { Cleared, Drained, Shrink } from '../model/run.ts';
import type { ObjectType } from '../model/source-object.ts';
import { allowance } from './guard.ts';

/** Why the read is held; null when it is not. `accepted`: what somebody has seen of an earlier read, and lets pass. */
export const shrinkProblem = (shrink: Shrink, limit: Limit, accepted: Shrink | null): Problem | null => {
  const reasons = reasonsOf(shrink, limit);
  if (reasons.length === 0) return null;
  if (accepted === null)
    return {
      code: 'read_shrank',
      message: `The read was complete, but ${reasons.join(', and ')}. Nothing of it was kept. If the tenant is right, ask for a sync that accepts this run (accept_shrink); if not, have it mended.`,
      owner: 'your_team',
    };
  const beyond = beyondAccepted(shrink, accepted, limit);
  if (beyond.length === 0) return null;
  return {
    code: 'read_shrank',
    message: `The read shrank otherwise than the one that was accepted: ${beyond.join(', and ')}. Nothing of it was kept. If the tenant is right, ask for a sync that accepts this run (accept_shrink); if not, have it mended.`,
    owner: 'your_team',
  };
};

/** That a read like this one will be held once its scope is saved; null when it will not. */
export const expectedShrink = (shrink: Shrink, limit: Limit): Problem | null => {
  const reasons = reasonsOf(shrink, limit);
  if (reasons.length === 0) return null;
  return {
    code: 'read_would_shrink',
    message: `The first sync after this scope is saved will be held: ${reasons.join(', and ')}. If that is meant, ask for a sync that accepts that run then (accept_shrink).`,
    owner: 'your_team',
  };
};

/** How many objects a held read would have taken something from. */
export const shrunkBy = ({ missing, cleared }: Shrink): number =>
  missing.user + missing.group + Math.max(0, ...cleared.map(({ lost }) => lost));

/** Whether so many who left a group, of those who are still in the tenant, are to be looked at: all of them, or most and more than the limit. */
export const isDrained = ({ lost, of }: Pick<Drained, 'lost' | 'of'>, limit: Limit): boolean =>
  lost > 0 && (lost >= of || (lost * 2 > of && lost > allowance(limit, of)));

/**
 * The same of a group inside one that the scope names, with those below it where they went along. Of such groups there are hundreds, many of one or two
 * people, so that the last one leaves such a group every day: as few as the floor lets be missing are not looked at.
 */
export const isDrainedInside = (one: Pick<Drained, 'lost' | 'of'>, limit: Limit): boolean =>
  one.lost > limit.floor && isDrained(one, limit);

/**
 * What goes beyond what somebody accepted, in words. Fewer may be missing than they saw, and others in their place as far as the limit lets anybody be
 * missing unseen; not more.
 */
export const beyondAccepted = (now: Shrink, accepted: Shrink, limit: Limit): readonly string[] => [
  ...types
    .filter(([type]) => now.missing[type] > accepted.missing[type])
    .map(
      ([type, name]) =>
        `${now.missing[type]} of ${now.known[type]} known ${name} are missing, not ${accepted.missing[type]}`,
    ),
  ...othersIn(now, accepted, limit),
  ...drainedIn(now.drained.filter((one) => isBeyond(one, accepted.drained))),
  ...clearedIn(
    now.cleared.filter((one) => isLostBeyond(one, accepted.cleared)),
    limit,
  ),
];

const isBeyond = ({ group, lost }: Drained, accepted: readonly Drained[]): boolean =>
  lost > (accepted.find((one) => one.group === group)?.lost ?? 0);

const isLostBeyond = ({ type, attribute, lost }: Cleared, accepted: readonly Cleared[]): boolean =>
  lost > (accepted.find((one) => one.type === type && one.attribute === attribute)?.lost ?? 0);

/** Two reads that shrank in the same way have the same one. */
export const shrinkKey = ({ missing, drained, cleared, sample }: Shrink): string => {
  const lost = [
    ...drained.map(({ group, lost: leavers }) => `${group}:${leavers}`),
    ...cleared.map(({ type, attribute, lost: losers }) => `${type}.${attribute}:${losers}`),
  ];
  const parts = [lost.toSorted().join(','), sample.join(',')].map((text) =>
    text === '' ? '' : rankOf(text).toString(36),
  );
  return [missing.user, missing.group, ...parts].join('.');
};

/** How many ids two reads are compared by. */
const sampleSize = 256;

/** Of these ids always the same ones, however many others there are: those that come first in an order that has nothing to do with who they are. */
export const sampleOf = (ids: readonly SourceId[]): readonly SourceId[] =>
  ids.toSorted((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1)).slice(0, sampleSize);

/** FNV-1a, 32 bits: any order that spreads will do. */
const rankOf = (id: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
};

/** Both samples tell everything about the ranks up to the last of the shorter reach: a share of strangers there is one of all. */
const othersIn = (now: Shrink, accepted: Shrink, limit: Limit): readonly string[] => {
  const missing = now.missing.user + now.missing.group;
  const last = accepted.sample.length < sampleSize ? undefined : accepted.sample.at(-1);
  const reach = last === undefined ? Number.POSITIVE_INFINITY : rankOf(last);
  const compared = now.sample.filter((id) => rankOf(id) <= reach);
  if (compared.length === 0) return [];
  const seen = new Set(accepted.sample);
  const strangers = compared.filter((id) => !seen.has(id)).length;
  const others = Math.round((missing * strangers) / compared.length);
  return others <= allowance(limit, now.known.user + now.known.group)
    ? []
    : [`${missing <= sampleSize ? '' : 'about '}${others} of the ${missing} missing were not among those`];
};

const reasonsOf = ({ missing, known, drained, cleared }: Shrink, limit: Limit): readonly string[] => [
  ...types
    .filter(([type]) => missing[type] > allowance(limit, known[type]))
    .map(
      ([type, name]) =>
        `${missing[type]} of ${known[type]} known ${name} are missing; up to ${allowance(limit, known[type])} may be`,
    ),
  ...drainedIn(drained),
  ...clearedIn(cleared, limit),
];

const types = [
  ['user', 'users'],
  ['group', 'groups'],
] as const satisfies readonly (readonly [ObjectType, string])[];

const drainedIn = (drained: readonly Drained[]): readonly string[] => {
  const emptied = drained.filter(({ lost, of }) => lost >= of).map(({ group }) => group);
  const lessened = drained.filter(({ lost, of }) => lost < of);
  return [
    ...(emptied.length === 0
      ? []
      : [`nobody is in scope by ${emptied.length === 1 ? 'group' : 'groups'} ${named(emptied)} any more`]),
    ...(lessened.length === 0
      ? []
      : [
          `most members are out of scope by ${named(lessened.map(({ group, lost, of }) => `group ${group} (${lost} of ${of})`))}`,
        ]),
  ];
};

const clearedIn = (cleared: readonly Cleared[], limit: Limit): readonly string[] =>
  types.flatMap(([type, name]) => clearedReasons(cleared, type, name, limit));

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
const named = (names: readonly string[]): string =>
  names.length <= mostNamed
    ? names.join(', ')
    : `${names.slice(0, mostNamed).join(', ')} and ${names.length - mostNamed} more`;
