/**
 * What an undo may do. It takes away what the run had given, and nothing else; it gives back what was there before; and after it nothing is written to the
 * target before somebody has approved what comes next.
 */

import type { PlanId, RunId, TargetId } from '../../src/model/ids.ts';
import type { Cause, Operation, Outcome } from '../../src/model/operation.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Deed } from './deeds.ts';
import { membersHeard } from './on-record.ts';
import type { Effect, Remote } from './remote.ts';

type Doing = { readonly deed: Deed; readonly cause: Cause };

export type Undos = {
  readonly noteApproval: (plan: Plan) => void;
  /** What a run is on record to have done, it gave: also where an earlier one had done it, and nobody heard of that. */
  readonly noteIntent: (target: TargetId, operation: Operation, cause: Cause) => void;
  /** What a run is on record to have done is given by no later one, that only says it again; a removal that was refused took nothing. */
  readonly noteSettled: (target: TargetId, operation: Operation, outcome: Outcome) => void;
  /** The record is lost. */
  readonly forget: () => void;
  readonly noteEffect: (target: TargetId, effect: Effect, doings: readonly Doing[]) => void;
  /** The run that this takes back; null where it is no undo. */
  readonly undoneBy: (cause: Cause) => RunId | null;
  /** What is wrong with it; null where it is no undo. `firstMembers`: who was in which group before anybody synchronized. */
  readonly judge: (
    effect: Effect,
    deed: Deed,
    cause: Cause,
    firstMembers: ReadonlyMap<string, ReadonlySet<string>>,
  ) => readonly string[] | null;
  /** What an account or group was before each change of it. */
  readonly formerStates: (target: TargetId, id: string) => readonly Remote[];
  /** Since when a person has to look at what comes after an undo; never: where none has to. */
  readonly waitsSince: (target: TargetId) => number;
};

export const undosSeen = (now: () => number): Undos => {
  const undone = new Map<PlanId, RunId>();
  /** What each run gave, or took: an account it made, switched on or off, a membership. */
  const given = new Map<RunId, Set<string>>();
  /** By target and account: another target may have one of the same id. */
  const states = new Map<string, Remote[]>();
  /** By target: memberships that are on record. */
  const heard = new Set<string>();
  const waiting = new Map<TargetId, number>();

  const undoneBy = ({ plan }: Cause): RunId | null => (plan === null ? null : (undone.get(plan) ?? null));
  const noteGift = (run: RunId, gift: string): void => {
    given.set(run, (given.get(run) ?? new Set()).add(gift));
  };
  return {
    undoneBy,
    formerStates: (target, id) => states.get(`${target}|${id}`) ?? [],
    waitsSince: (target) => waiting.get(target) ?? Number.POSITIVE_INFINITY,
    noteApproval: ({ id, kind, amends, scope, target }) => {
      if (amends?.kind === 'undo') undone.set(id, amends.run);
      if (kind === 'first' && scope === null) waiting.delete(target);
    },
    noteIntent: (target, operation, { run }) => {
      for (const gift of giftsIn(operation)) if (!heard.has(`${target}|${gift}`)) noteGift(run, gift);
    },
    noteSettled: (target, operation, outcome) => {
      if (!('members' in operation)) return;
      for (const { remoteId } of membersHeard(operation, outcome)) {
        const gift = `${target}|member ${remoteId} of ${operation.remoteId}`;
        if (operation.action === 'add_members') heard.add(gift);
        else heard.delete(gift);
      }
    },
    forget: () => heard.clear(),
    noteEffect: (target, { before, after }, doings) => {
      const of = `${target}|${before?.id}`;
      if (before !== null) states.set(of, [...(states.get(of) ?? []), before]);
      for (const { deed, cause } of doings) {
        if (deed.kind === 'create') noteGift(cause.run, `create ${after?.id ?? ''}`);
        // Whoever is out of a group is out of it, whatever was heard of that.
        if (deed.kind === 'remove_members')
          for (const member of deed.members) heard.delete(`${target}|member ${member} of ${after?.id}`);
        if (undoneBy(cause) !== null && !waiting.has(target)) waiting.set(target, now());
      }
    },
    judge: ({ before, after }, deed, cause, firstMembers) => {
      const run = undoneBy(cause);
      if (run === null) return null;
      const gifts = given.get(run) ?? new Set<string>();
      const id = before?.id ?? '';
      const isSwitchedOn = before?.active === false && after?.active === true;
      const isGiven = (...names: readonly string[]): boolean => names.some((name) => gifts.has(`${name} ${id}`));
      switch (deed.kind) {
        case 'disable':
          return isGiven('create', 'on') ? [] : ['an undo switched off what the run had not switched on'];
        case 'delete':
          return isGiven('create') ? [] : ['an undo deleted what the run had not made'];
        case 'remove_members':
          return deed.members
            .filter((member) => !isGiven(`member ${member} of`) || firstMembers.get(id)?.has(member) === true)
            .map((member) => `an undo removed ${member}, whom the run had not added`);
        case 'create':
          return ['an undo made an account'];
        case 'update':
          return !isSwitchedOn || isGiven('off') ? [] : ['an undo switched on what the run had not switched off'];
        case 'add_members':
          return deed.members
            .filter((member) => !isGiven(`no member ${member} of`))
            .map((member) => `an undo added ${member}, whom the run had not removed`);
      }
    },
  };
};

const giftsIn = (operation: Operation): readonly string[] => {
  if (operation.action === 'add_members' || operation.action === 'remove_members') {
    const gift = operation.action === 'add_members' ? 'member' : 'no member';
    return operation.members.map(({ remoteId }) => `${gift} ${remoteId} of ${operation.remoteId}`);
  }
  if (operation.action === 'disable') return [`off ${operation.remoteId}`];
  const active = operation.action === 'update' ? operation.attributes['active'] : undefined;
  return operation.action === 'update' && typeof active === 'boolean'
    ? [`${active ? 'on' : 'off'} ${operation.remoteId}`]
    : [];
};
