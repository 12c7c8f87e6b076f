/**
 * Who approved a plan, and whether they are enough. What is over a limit takes two people where the target says so, or said so within the day before; and two
 * keys of one person are one person.
 */

import type { PlanId } from '../../src/model/ids.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Customer } from './customer.ts';
import { takesTwoAt } from './in-force.ts';

type Asking = Pick<Customer, 'approvals'>;
type Seen = Pick<Plan, 'id' | 'target' | 'kind' | 'exceeded' | 'createdAt'>;

export type Approved = {
  /** This person says yes to it. Answers whether that is enough. */
  readonly note: (customer: Asking, plan: Seen, person: string) => boolean;
  /** What is wrong with anything that is done in its name. */
  readonly judge: (plan: PlanId) => readonly string[];
};

type Said = { readonly takesTwo: boolean; readonly people: ReadonlySet<string> };

export const approvalsSeen = (now: () => number, count: (what: string) => void): Approved => {
  const said = new Map<PlanId, Said>();
  /** Which plan of a kind one of two has approved, by target and kind. */
  const halfway = new Map<string, PlanId>();

  const follow = (plan: Seen, isEnough: boolean): void => {
    const slot = `${plan.target} ${plan.kind}`;
    const before = halfway.get(slot);
    if (before !== undefined && before !== plan.id) count('approvals.changed_in_between');
    if (isEnough) halfway.delete(slot);
    else halfway.set(slot, plan.id);
  };
  return {
    note: (customer, plan, person) => {
      const takesTwo = isForTwo(customer, plan, now());
      const people = new Set(said.get(plan.id)?.people).add(person);
      said.set(plan.id, { takesTwo, people });
      const isEnough = !takesTwo || people.size > 1;
      if (takesTwo) follow(plan, isEnough);
      return isEnough;
    },
    judge: (plan) => {
      const { takesTwo, people } = said.get(plan) ?? nobody;
      if (!takesTwo) return [];
      if (people.size > 1) {
        count('approvals.by_two');
        return [];
      }
      return [`in the name of ${plan}, which takes two people, and ${[...people].join()} alone said yes`];
    },
  };
};

const nobody: Said = { takesTwo: false, people: new Set() };

/** When it was made, or now: a number that was lowered counts a day later. */
const isForTwo = (customer: Asking, { exceeded, createdAt }: Seen, now: number): boolean =>
  exceeded.length > 0 && [createdAt.getTime(), now].some((at) => takesTwoAt(customer, at));
