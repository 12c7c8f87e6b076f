/**
 * The observer. It knows nothing of our books: it holds what truly became of the accounts at a target against what was true of the tenant. Nobody may
 * be disabled, deleted or put out of a group unless the tenant really said so by then, nor more of them in a day than the target's limits allow, but for
 * what somebody approved; nobody may be given an account, be switched on, put into a group or be called anything unless the tenant said that of late; and
 * no account becomes somebody else's.
 */

import type { Effect } from '../../simulator/scim/index.ts';
import { exists, type History, here, is, isIn, on } from './history.ts';
import { type PlanOperation, type Rules, takingsBy } from './rules.ts';
import { type Writing, writtenOf } from './writings.ts';

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
  /** Somebody is about to release these by a plan. */
  approve(plan: string, operations: readonly PlanOperation[]): void;
  /** Nothing was done by this plan, and nothing will be. */
  withdraw(plan: string): void;
  readonly violations: readonly string[];
  /** How many effects of each kind were judged. */
  readonly judged: Readonly<Record<string, number>>;
};

export const judgeOf = (name: string, history: History, unmanaged: ReadonlySet<string>, rules: Rules): Judge => {
  const violations: string[] = [];
  const judged: Record<string, number> = {};
  /** Whose each account is, also of those that are gone, and which account is whose now. */
  const owners = new Map<string, string>();
  const accounts = new Map<string, string>();
  /** By account the manager it was last given. */
  const managers = new Map<string, string>();
  /** Since when each account is switched off. */
  const offSince = new Map<string, number>();
  const takings = takingsBy(rules);

  const isOffSince = (account: string, at: number): boolean => (offSince.get(account) ?? Number.POSITIVE_INFINITY) < at;
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
    const take = (limit: Parameters<typeof takings.take>[0], of: string): void => {
      const wrong = takings.take(limit, of);
      if (wrong !== null) accuse(effect, `${wrong}, ${of} among them`);
    };
    for (const written of writtenOf(effect)) judgeValue(effect, owner, written, to);
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
        if (type === 'Group') {
          if (!hasSaid(exists(owner))) accuse(effect, `group ${owner} was deleted, and is there in the tenant`);
          take('group_deletes', owner);
          return;
        }
        if (rules.deprovision !== 'delete') accuse(effect, `${owner} was deleted, where leavers are disabled`);
        else if (!hasSaid(here(owner))) accuse(effect, `${owner} was deleted, and never left the tenant`);
        take('deprovisions', owner);
        return;
      case 'switched_off':
        if (!hasSaid(on(owner))) accuse(effect, `${owner} was disabled, and never left nor was disabled in the tenant`);
        offSince.set(id, to);
        take('deprovisions', owner);
        return;
      case 'left':
        for (const member of what.members) {
          const person = owners.get(member);
          if (person === undefined) accuse(effect, `${member}, who is not ours, was put out of group ${owner}`);
          else {
            if (!hasSaid(isIn(owner, person)))
              accuse(effect, `${person} was put out of group ${owner}, and never left it in the tenant`);
            // Who leaves altogether is counted with the account, which goes after the memberships; one that is off for long goes no more.
            const isWithAccount =
              hasSaid(here(person)) || (hasSaid(on(person)) && !isOffSince(member, to - evidenceMs));
            if (!isWithAccount) take('member_removals', `${owner} ${person}`);
          }
        }
        return;
      case 'switched_on':
        offSince.delete(id);
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

  /** What somebody is called, does and belongs to is what the tenant said of late of them and of nobody else. */
  const judgeValue = (effect: Effect, owner: string, { attribute, value }: Writing, to: number): void => {
    judged['value written'] = (judged['value written'] ?? 0) + 1;
    if (attribute !== 'manager') {
      if (!history.wasTrue(is(owner, attribute, value), to - gainMs, to))
        accuse(effect, `${attribute} of ${owner} became ${JSON.stringify(value)}, which the tenant has long not said`);
      return;
    }
    const former = managers.get(effect.id);
    const manager = typeof value === 'string' ? (owners.get(value) ?? value) : null;
    if (manager === null) {
      managers.delete(effect.id);
      if (former !== undefined && !history.wasUntrue(is(owner, attribute, former), to - gainMs, to))
        accuse(effect, `${owner} lost the manager ${former}, and never did in the tenant`);
      return;
    }
    managers.set(effect.id, manager);
    if (!history.wasTrue(is(owner, attribute, manager), to - gainMs, to))
      accuse(effect, `${owner} was given the manager ${manager}, whom the tenant has long not named`);
  };
  return {
    hear: (effects) => {
      for (const effect of effects) judge(effect);
    },
    approve: takings.approve,
    withdraw: takings.withdraw,
    violations,
    judged,
  };
};
