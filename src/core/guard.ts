/**
 * The limits on what is taken away, and written, within a day. Over a limit nothing of that kind is done at all: a read that lies about absence must
 * not disable the first five hundred people before somebody looks.
 */

import type { SourceId } from '../model/ids.ts';
import type { Limit } from '../model/limit.ts';
import { type Action, type Cause, isGoing, isInEffect, type Operation, type Outcome } from '../model/operation.ts';
import type { Exceeded } from '../model/plan.ts';
import type { ObjectType } from '../model/source-object.ts';
import type { LimitName, Limits } from '../model/target-record.ts';

/** The window behind which what was done is forgotten. A leak of 1 % a run is a leak all the same. */
export const windowMs = 24 * 3_600_000;

/** The limits on what is written, and takes nothing away. */
export const writeLimits = ['creates', 'updates', 'adoptions'] as const satisfies readonly LimitName[];

/** How much of each kind, by the name of its limit; members also by the group they are removed from. */
export type Amounts = Readonly<Record<Exclude<LimitName, 'memberRemovalsPerGroup'>, number>> & {
  readonly byGroup: ReadonlyMap<SourceId, number>;
};
export const nothing: Amounts = {
  deprovisions: 0,
  groupDeletes: 0,
  memberRemovals: 0,
  updates: 0,
  creates: 0,
  adoptions: 0,
  byGroup: new Map(),
};

/** What percentages are of. */
export type Base = {
  /** Active accounts, and active groups, as they were before anything was taken away in the window. */
  readonly active: Readonly<Record<ObjectType, number>>;
  /** Members of a group, those included that this run and the window take away. Asked only for groups that lose more than their floor. */
  readonly membersOf: (group: SourceId) => number;
};

export const guard = (wanted: Amounts, taken: Amounts, limits: Limits, base: Base): readonly Exceeded[] => [
  ...(['deprovisions', 'groupDeletes', 'memberRemovals', 'updates', 'creates', 'adoptions'] as const).flatMap((limit) =>
    judge({ limit, group: null }, limits[limit], wanted[limit], taken[limit], () => baseOf(limit, base)),
  ),
  ...[...wanted.byGroup].flatMap(([group, members]) =>
    judge(
      { limit: 'memberRemovalsPerGroup', group },
      limits.memberRemovalsPerGroup,
      members,
      taken.byGroup.get(group) ?? 0,
      () => base.membersOf(group),
    ),
  ),
];

/** Accounts and groups are each measured by their own: a tenant of ten thousand people may have twenty groups. */
const baseOf = (limit: Exclude<LimitName, 'memberRemovalsPerGroup'>, { active: { user, group } }: Base): number => {
  switch (limit) {
    case 'deprovisions':
    case 'adoptions':
      return user;
    case 'groupDeletes':
      return group;
    case 'memberRemovals':
    case 'updates':
    case 'creates':
      return user + group;
  }
};

/** The smaller of the count and the percentage, but never less than the floor: 5 % of twenty people is one, which would hold every leaver. */
export const allowance = (limit: Limit, base: number): number =>
  Math.max(limit.floor, Math.min(limit.count, Math.floor((base * limit.percent) / 100)));

const judge = (
  which: Pick<Exceeded, 'limit' | 'group'>,
  limit: Limit | null,
  wanted: number,
  taken: number,
  base: () => number,
): readonly Exceeded[] => {
  if (limit === null || wanted === 0 || wanted + taken <= limit.floor) return [];
  const allowed = allowance(limit, base());
  return wanted + taken > allowed ? [{ ...which, wanted, taken, allowed }] : [];
};

/** What a run would do, or did: enough of an operation to count it. */
export type Counted = {
  readonly action: Action;
  readonly type: ObjectType;
  readonly why: Cause['why'];
  readonly group: SourceId;
  readonly members: number;
};

export const countedAs = (operation: Operation, why: Cause['why']): Counted => ({
  action: operation.action,
  type: operation.ref.type,
  why,
  group: operation.ref.id,
  members: 'members' in operation ? operation.members.length : 0,
});

/** The limit an operation counts against. Memberships of who leaves altogether count with the account: once, not once a group. */
export const limitOf = ({
  action,
  type,
  why,
}: Pick<Counted, 'action' | 'type' | 'why'>): Exclude<LimitName, 'memberRemovalsPerGroup'> | null => {
  switch (action) {
    case 'disable':
    case 'delete':
      return type === 'group' ? 'groupDeletes' : 'deprovisions';
    case 'remove_members':
      return why === 'leavers' ? null : 'memberRemovals';
    case 'update':
      return isOfOthers(why) ? 'adoptions' : 'updates';
    case 'create':
      return 'creates';
    case 'add_members':
      return null;
  }
};

/** It was somebody else's, or nobody's, until now. */
const isOfOthers = (why: Counted['why']): boolean => why === 'adopted' || why === 'inherited';

export const sum = (counted: Iterable<Counted>): Amounts => {
  const { add, amounts } = startSum();
  for (const one of counted) add(one);
  return amounts();
};

/** Whose accounts and groups go by this. */
export const leavingBy = (counted: Iterable<Counted>): ReadonlySet<SourceId> => {
  const leaving = new Set<SourceId>();
  for (const { action, group } of counted) if (isGoing(action)) leaving.add(group);
  return leaving;
};

/** An operation that was done, or may have been. `unseen`: the target said it did it and does not show it, or nobody could look. */
export type Taken = Counted & { readonly end: 'done' | 'open' | 'unseen' };
export const endOf = (outcome: Outcome | null): Taken['end'] =>
  outcome === null ? 'open' : isInEffect(outcome) ? 'done' : 'unseen';

/** `gone`: whose accounts and groups were shown to be gone by it. Those of whom it is open, or not shown, are active as far as anybody knows. */
export type TakenAmounts = Amounts & { readonly gone: Readonly<Record<ObjectType, ReadonlySet<SourceId>>> };

/**
 * Of what was taken, oldest first. Whoever is not shown to be gone is told to go again until they are: of all these tries, and the one that showed at
 * last, one counts. `again`: whose accounts and groups are to go once more, who count as that. All else of which it is not shown counts with each try, which
 * errs to the strict side: of a batch of members it is not kept who they were, an account may be made twice, and the next update may say something else.
 */
export const sumTaken = (taken: Iterable<Taken>, again: ReadonlySet<SourceId> = new Set()): TakenAmounts => {
  const { add, amounts } = startSum();
  const unshown = new Map<string, Taken>();
  const gone = { user: new Set<SourceId>(), group: new Set<SourceId>() };
  for (const one of taken) {
    const whose = `${limitOf(one)}|${one.type}|${one.group}`;
    const isShown = one.end !== 'unseen';
    if (isShown || !isGoing(one.action)) add(one);
    if (isShown) unshown.delete(whose);
    else if (isGoing(one.action)) unshown.set(whose, one);
    if (one.end === 'done' && isGoing(one.action)) gone[one.type].add(one.group);
  }
  for (const one of unshown.values()) if (!again.has(one.group)) add(one);
  return { ...amounts(), gone };
};

/** Counts one by one: not everything that a plan holds is in one list. */
export const startSum = (): { readonly add: (one: Counted) => void; readonly amounts: () => Amounts } => {
  const total = { deprovisions: 0, groupDeletes: 0, memberRemovals: 0, updates: 0, creates: 0, adoptions: 0 };
  const byGroup = new Map<SourceId, number>();
  return {
    add: (one) => {
      const { group, members } = one;
      const limit = limitOf(one);
      if (limit === null) return;
      total[limit] += limit === 'memberRemovals' ? members : 1;
      if (limit === 'memberRemovals') byGroup.set(group, (byGroup.get(group) ?? 0) + members);
    },
    amounts: () => ({ ...total, byGroup }),
  };
};

/** Whether an operation is kept back. Who is not deprovisioned keeps the memberships too: they are part of the same leaving. */
export const isHeld = (
  { action, type, why, group }: Omit<Counted, 'members'>,
  exceeded: readonly Exceeded[],
): boolean => {
  const limit = action === 'remove_members' && why === 'leavers' ? 'deprovisions' : limitOf({ action, type, why });
  return exceeded.some(
    (one) =>
      one.limit === limit ||
      (limit === 'memberRemovals' && one.limit === 'memberRemovalsPerGroup' && one.group === group),
  );
};

/** For a person: what passes which limit, the worst of many groups first. */
export const inWords = (exceeded: readonly Exceeded[]): string => {
  const shown = exceeded.toSorted((a, b) => b.wanted - a.wanted).slice(0, mostShown);
  const more = exceeded.length - shown.length;
  return [...shown.map(sentence), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
};

const mostShown = 5;

const names: Readonly<Record<LimitName, string>> = {
  deprovisions: 'deprovisions',
  groupDeletes: 'group deletes',
  memberRemovals: 'member removals',
  memberRemovalsPerGroup: 'member removals',
  updates: 'updates',
  creates: 'creates',
  adoptions: 'accounts and groups taken over',
};

const sentence = ({ limit, group, wanted, taken, allowed }: Exceeded): string =>
  `${wanted} ${names[limit]}${group === null ? '' : ` from the group ${group}`} after ${taken} within 24 hours, where ${allowed} are allowed`;
