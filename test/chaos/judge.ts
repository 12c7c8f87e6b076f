/**
 * The observer. It knows nothing of our books: it holds what truly became of the accounts at a target against what was true of the tenant. Nobody may
 * be disabled, deleted or put out of a group unless the tenant really said so by then; nobody may be given an account, be switched on or put into a group
 * unless the tenant said that of late; and no account becomes somebody else's.
 */

import type { Effect } from '../../simulator/scim/index.ts';
import { exists, type History, isIn, on } from './history.ts';

/**
 * How old the evidence may be. Right before anything is taken away the source is asked; a worker that is frozen between the answer and the request
 * wakes up with an answer of that age.
 */
export const evidenceMs = 120_000;

/** How old what somebody is given may be: nobody asks the source again before that, so it is as old as the read, and the storm held both up. */
export const gainMs = 600_000;

export type Judge = {
  /** Effects in their order. */
  hear(effects: readonly Effect[]): void;
  readonly violations: readonly string[];
  /** How many effects of each kind were judged. */
  readonly judged: Readonly<Record<string, number>>;
};

export const judgeOf = (name: string, history: History, unmanaged: ReadonlySet<string>): Judge => {
  const violations: string[] = [];
  const judged: Record<string, number> = {};
  /** Whose each account is, also of those that are gone, and which account is whose now. */
  const owners = new Map<string, string>();
  const accounts = new Map<string, string>();

  const accuse = (effect: Effect, what: string): void => {
    violations.push(`${effect.at} ${name}: ${what} (${effect.type} ${effect.id}, effect ${effect.number})`);
  };
  const judge = (effect: Effect): void => {
    const { type, id, what } = effect;
    judged[`${type.toLowerCase()} ${what.kind}`] = (judged[`${type.toLowerCase()} ${what.kind}`] ?? 0) + 1;
    if (unmanaged.has(id)) accuse(effect, `what is not ours was ${what.kind}`);
    const former = owners.get(id);
    const owner = effect.externalId ?? former ?? null;
    if (former !== undefined && owner !== former) accuse(effect, `the account of ${former} became that of ${owner}`);
    if (owner === null || !history.knows(owner)) {
      if (!unmanaged.has(id)) accuse(effect, `${owner ?? 'an account of nobody'} is not of this tenant`);
      return;
    }
    owners.set(id, owner);
    const to = Date.parse(effect.at);
    const hasSaid = (truth: string): boolean => history.wasUntrue(truth, to - evidenceMs, to);
    const mayHave = (truth: string): boolean => history.wasTrue(truth, to - gainMs, to);
    switch (what.kind) {
      case 'created': {
        const other = accounts.get(owner);
        if (other !== undefined && other !== id) accuse(effect, `${owner} has an account already, ${other}`);
        accounts.set(owner, id);
        if (!mayHave(type === 'User' ? on(owner) : exists(owner)))
          accuse(effect, `${owner} was made, and has not been in the tenant, and on, for long`);
        return;
      }
      case 'deleted':
        if (accounts.get(owner) === id) accounts.delete(owner);
        if (type === 'User') accuse(effect, `${owner} was deleted, where leavers are disabled`);
        else if (!hasSaid(exists(owner))) accuse(effect, `group ${owner} was deleted, and is there in the tenant`);
        return;
      case 'switched_off':
        if (!hasSaid(on(owner))) accuse(effect, `${owner} was disabled, and never left nor was disabled in the tenant`);
        return;
      case 'left':
        for (const member of what.members) {
          const person = owners.get(member);
          if (person === undefined) accuse(effect, `${member}, who is not ours, was put out of group ${owner}`);
          else if (!hasSaid(isIn(owner, person)))
            accuse(effect, `${person} was put out of group ${owner}, and never left it in the tenant`);
        }
        return;
      case 'switched_on':
        if (!mayHave(on(owner)))
          accuse(effect, `${owner} was switched on, and has long been off in the tenant, or gone`);
        return;
      case 'joined':
        for (const member of what.members) {
          const person = owners.get(member);
          if (person === undefined) accuse(effect, `${member}, who is not ours, was put into group ${owner}`);
          else if (!mayHave(isIn(owner, person)))
            accuse(effect, `${person} was put into group ${owner}, and has long not been in it in the tenant`);
        }
        return;
      case 'changed':
        return;
    }
  };
  return {
    hear: (effects) => {
      for (const effect of effects) judge(effect);
    },
    violations,
    judged,
  };
};
