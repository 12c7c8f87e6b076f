/** I3 and I5: one account for one person, only for a person of this customer, and only one of which it is certain that it is theirs. */

import type { Customer } from './customer.ts';
import type { Effect, Remote } from './remote.ts';
import type { Violation } from './violation.ts';

/** What of a customer matters where somebody may have left. */
export type Leaving = Pick<Customer, 'unrecorded'> & { readonly directory: Pick<Customer['directory'], 'truth'> };

/**
 * Whose account was made after the backup that the database was put back from, and who is deleted for good: nobody has on record whose it was, and the
 * tenant knows nobody of that id. Whoever was entered anew under the name takes it, as it would take any that was there before.
 */
export const isLeftOver = ({ directory, unrecorded }: Leaving, id: string): boolean => {
  const { people, groups } = directory.truth();
  return unrecorded.has(id) && ((people.get(id) ?? groups.get(id))?.standing ?? 'gone') === 'gone';
};

export const judgeIdentity = (customer: Customer, { before, after }: Effect): readonly Violation[] => {
  if (after === null) return [];
  const others = customer.remote.objects().filter(({ id, type }) => id !== after.id && type === after.type);
  const isNamesake = ({ name }: Remote): boolean => name.toLowerCase() === after.name.toLowerCase();
  const said: Violation[] = [];
  if (before === null && others.some(isNamesake))
    said.push({ invariant: 'I3', what: `a second ${after.type} of the name ${after.name} was made` });
  const { externalId } = after;
  if (externalId === null || externalId === before?.externalId) return said;
  const { people, groups } = customer.directory.truth();
  if (!people.has(externalId) && !groups.has(externalId))
    said.push({ invariant: 'I5', what: `written for ${externalId}, who is nobody of this customer` });
  if (before !== null && before.externalId !== null && !isLeftOver(customer, before.externalId))
    said.push({ invariant: 'I3', what: `taken from ${before.externalId} and given to ${externalId}` });
  if (before !== null && others.some((other) => other.externalId === null && other.name === before.name))
    said.push({ invariant: 'I3', what: `one of several accounts of the name ${before.name} was taken` });
  if (others.some((other) => other.externalId === externalId))
    said.push({ invariant: 'I3', what: `${externalId} has more than one account` });
  return said;
};
