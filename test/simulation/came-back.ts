/**
 * Whoever was in the recycle bin for a part of a full read, and of whom something else changed soon, is told by no round of changes from anybody else who
 * changed: the groups that were read meanwhile show them again with the next full read (decision 34).
 */

import type { Customer } from './customer.ts';
import type { Group, Person, Truth } from './directory.ts';
import { since } from './since.ts';

type Told = Pick<Customer, 'fullReads'> & { readonly directory: Pick<Customer['directory'], 'history'> };

const soonMs = 3_600_000;

export const someoneCameBackChanged = ({ directory, fullReads }: Told): boolean =>
  fullReads.some(({ from, to }) => {
    const meanwhile = since(directory.history, from).filter(({ at }) => at <= (to ?? from) + soonMs);
    const away = new Set(
      meanwhile
        .filter(({ at }) => at <= (to ?? from))
        .flatMap(({ truth }) => all(truth).flatMap(({ id, standing }) => (standing === 'recycled' ? [id] : []))),
    );
    const last = meanwhile.at(-1)?.truth;
    return [...away].some((id) => {
      if (last === undefined || standingIn(last, id) === 'recycled') return false;
      const seen = meanwhile.flatMap(({ truth }) =>
        all(truth)
          .filter((one) => one.id === id)
          .map(besidesStanding),
      );
      return new Set(seen).size > 1;
    });
  });

const all = ({ people, groups }: Truth): readonly (Person | Group)[] => [...people.values(), ...groups.values()];
const standingIn = ({ people, groups }: Truth, id: string): string | undefined =>
  (people.get(id) ?? groups.get(id))?.standing;

const besidesStanding = (one: Person | Group): string =>
  JSON.stringify({ ...one, standing: null, ...('members' in one ? { members: [...one.members].sort() } : {}) });
