/**
 * What of a target's safeguards is in force. Where two people have to approve what is over a limit, nobody gets around the other one by loosening what
 * makes something be over it: what was in force is in force for another day, and everybody sees it coming. Where one approves, they decide alone either
 * way, and what is set is in force at once.
 */

import type { Limit } from '../model/limit.ts';
import {
  type Approvals,
  type LimitName,
  type Loosened,
  nobodyProtected,
  type Protection,
  type Safeguards,
  type TargetInForce,
  type TargetRecord,
} from '../model/target-record.ts';
import { windowMs } from './guard.ts';

/** `least`: how many have to approve at any target, whatever it says. */
type Around = { readonly least: Approvals; readonly now: Date };
export type Kept = Safeguards & Pick<TargetRecord, 'loosened'>;

export const inForce = <T extends Kept>(target: T, { least, now }: Around): T & Pick<TargetInForce, 'looserFrom'> => {
  const { loosened } = target;
  const end = loosened === null ? null : new Date(loosened.at.getTime() + windowMs);
  const looserFrom = end !== null && now < end ? end : null;
  const safeguards = loosened === null || looserFrom === null ? only(target) : strictest(loosened.from, target);
  return { ...target, ...safeguards, approvals: more(safeguards.approvals, least), looserFrom };
};

/**
 * What is to be remembered of an edit. Whatever is loosened begins the day anew for all that is not in force yet. `isElsewhere`: it is a new target, or
 * writes to another place from now on. Nothing was taken away there before, so whoever removes a target and adds it again has loosened everything.
 */
export const loosenedBy = (
  was: Kept,
  is: Safeguards,
  { isElsewhere, ...around }: Around & { readonly isElsewhere: boolean },
): Loosened | null => {
  const held = inForce(was, around);
  if (held.approvals === 1) return null;
  if (isElsewhere) return { from: strictest(only(held), nothingTaken), at: around.now };
  if (isLooser(was, is)) return { from: only(held), at: around.now };
  return held.looserFrom === null ? null : was.loosened;
};

/** For a person, in the middle of a sentence. */
export const stricterUntil = (looserFrom: Date): string =>
  `until ${looserFrom.toISOString()} stricter safeguards (limits, protection or approvals) are in force than are set`;

/** Whoever is taken out of a protection stays in it for a day; nobody fills a record by putting others in their place over and over. */
export const isTooMuch = ({ ids, attributes, groups }: Protection): boolean =>
  ids.length > mostInForce.ids || attributes.length > mostInForce.attributes || groups.length > mostInForce.groups;
const mostInForce = { ids: 25_000, attributes: 500, groups: 100 } as const;

/** Each part of both: the smaller numbers, whoever is protected by either, the more people. */
export const strictest = (one: Safeguards, other: Safeguards): Safeguards => ({
  limits: {
    deprovisions: smaller(one.limits.deprovisions, other.limits.deprovisions),
    groupDeletes: smaller(one.limits.groupDeletes, other.limits.groupDeletes),
    memberRemovals: smaller(one.limits.memberRemovals, other.limits.memberRemovals),
    memberRemovalsPerGroup: smaller(one.limits.memberRemovalsPerGroup, other.limits.memberRemovalsPerGroup),
    updates: smallerOf(one.limits.updates, other.limits.updates),
    creates: smallerOf(one.limits.creates, other.limits.creates),
    adoptions: smallerOf(one.limits.adoptions, other.limits.adoptions),
  },
  protected: both(one.protected, other.protected),
  approvals: more(one.approvals, other.approvals),
});

/** Number by number, so that less is allowed by it than by either, whatever they are percentages of. */
const smaller = (one: Limit, other: Limit): Limit => ({
  count: Math.min(one.count, other.count),
  percent: Math.min(one.percent, other.percent),
  floor: Math.min(one.floor, other.floor),
});
const smallerOf = (one: Limit | null, other: Limit | null): Limit | null =>
  one === null || other === null ? (one ?? other) : smaller(one, other);

const more = (one: Approvals, other: Approvals): Approvals => (one === 2 ? 2 : other);

/** The first as it is, and after it what only the second has: who is taken out of a protection leaves it as it was, also for the plans made by it. */
const both = (one: Protection, other: Protection): Protection => ({
  ids: [...one.ids, ...missingIn(one, other).ids],
  attributes: [...one.attributes, ...missingIn(one, other).attributes],
  groups: [...one.groups, ...missingIn(one, other).groups],
});

const missingIn = (one: Protection, other: Protection): Protection => {
  const ids = new Set(one.ids);
  const attributes = new Set(one.attributes.map(inOneWord));
  const groups = new Set(one.groups);
  return {
    ids: other.ids.filter((id) => !ids.has(id)),
    attributes: other.attributes.filter((attribute) => !attributes.has(inOneWord(attribute))),
    groups: other.groups.filter((group) => !groups.has(group)),
  };
};
const inOneWord = ({ attribute, value }: Protection['attributes'][number]): string =>
  JSON.stringify([attribute, value]);

const isLooser = (was: Safeguards, is: Safeguards): boolean =>
  is.approvals < was.approvals ||
  limitNames.some((name) => isWider(was.limits[name], is.limits[name])) ||
  sizeOf(missingIn(is.protected, was.protected)) > 0;

const limitNames = [
  'deprovisions',
  'groupDeletes',
  'memberRemovals',
  'memberRemovalsPerGroup',
  'updates',
  'creates',
  'adoptions',
] as const satisfies readonly LimitName[];

const isWider = (was: Limit | null, is: Limit | null): boolean => {
  if (was === null || is === null) return was !== null;
  return is.count > was.count || is.percent > was.percent || is.floor > was.floor;
};

const sizeOf = ({ ids, attributes, groups }: Protection): number => ids.length + attributes.length + groups.length;

const only = ({ limits, protected: protection, approvals }: Safeguards): Safeguards => ({
  limits,
  protected: protection,
  approvals,
});

const none: Limit = { count: 0, percent: 0, floor: 0 };
const nothingTaken: Safeguards = {
  limits: {
    deprovisions: none,
    groupDeletes: none,
    memberRemovals: none,
    memberRemovalsPerGroup: none,
    updates: null,
    creates: null,
    adoptions: null,
  },
  protected: nobodyProtected,
  approvals: 1,
};
