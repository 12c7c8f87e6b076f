/** I2, of attributes: nothing is written to an account that the tenant never said of its owner, and nothing cleared that was never cleared there. */

import type { Customer } from './customer.ts';
import type { Person } from './directory.ts';
import type { Effect, Remote } from './remote.ts';
import type { Violation } from './violation.ts';

const fields = [
  ['name', 'userPrincipalName'],
  ['displayName', 'displayName'],
  ['title', 'jobTitle'],
  ['department', 'department'],
] as const satisfies readonly (readonly [keyof Remote, keyof Person])[];

/** `former`: what it was before and may be again, where what a run did is taken back. */
export const judgeValues = (
  customer: Customer,
  { before, after }: Effect,
  former: readonly Remote[],
): readonly Violation[] => {
  const owner = after?.externalId ?? null;
  if (after === null || after.type === 'group' || owner === null) return [];
  const ever = customer.directory.history.flatMap(({ truth }) => truth.people.get(owner) ?? []);
  const wrong = (what: string): Violation => ({ invariant: 'values', what: `${owner}: ${what}` });
  const values = fields
    // A new account lacks what is not mapped.
    .filter(([field]) => (before === null ? after[field] !== null : after[field] !== before[field]))
    .filter(([field, property]) => !ever.some((person) => person[property] === after[field]))
    .filter(([field]) => !former.some((state) => state[field] === after[field]))
    .map(([field]) => wrong(`${field} became ${after[field]}, which the tenant never said`));
  const manager = after.manager === null || after.manager === before?.manager ? null : after.manager;
  const boss = manager === null ? null : (customer.remote.find(manager)?.externalId ?? null);
  return boss === null ||
    ever.some((person) => person.manager === boss) ||
    former.some((state) => state.manager === after.manager)
    ? values
    : [...values, wrong(`the manager became ${boss}, who never was`)];
};
