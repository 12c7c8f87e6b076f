/** How many accounts and groups of a target are ours and active, as percentages are of them. */

import { type SourceId, sourceId, type TargetId } from '../../src/model/ids.ts';
import { linkIn, type Outcome } from '../../src/model/operation.ts';
import type { ObjectType } from '../../src/model/source-object.ts';
import type { Customer } from './customer.ts';
import type { Effect } from './remote.ts';

/** What of a customer matters here. */
type Held = Pick<Customer, 'lost'> & {
  readonly target: Pick<Customer['target'], 'id'>;
  readonly remote: Pick<Customer['remote'], 'find'>;
};

export type Active = {
  readonly noteEffect: (customer: Held, effect: Effect) => void;
  readonly noteSettled: (customer: Held, outcome: Outcome) => void;
  readonly counts: (target: TargetId) => Readonly<Record<ObjectType, number>>;
};

export const activeSeen = (): Active => {
  /** By target, as we left them: what its own people remove, nobody has to know of before they look. */
  const left = new Map<TargetId, Map<string, ObjectType>>();
  /** The same of those that it said to have made, and did not: until it shows that, they are on record as made. */
  const saidMade = new Map<TargetId, Map<SourceId, ObjectType>>();
  const at = <K>(of: Map<TargetId, Map<K, ObjectType>>, target: TargetId): Map<K, ObjectType> => {
    const some = of.get(target) ?? new Map<K, ObjectType>();
    of.set(target, some);
    return some;
  };

  return {
    noteEffect: ({ target }, { before, after }) => {
      if (after !== null && after.externalId !== null) at(saidMade, target.id).delete(sourceId(after.externalId));
      if (after?.active === true) at(left, target.id).set(after.id, after.type);
      else at(left, target.id).delete((before ?? after)?.id ?? '');
    },
    noteSettled: ({ target, lost, remote }, outcome) => {
      const link = linkIn(outcome);
      if (link === undefined) return;
      const { id, type } = outcome.ref;
      if (outcome.action === 'create' && lost.has(id) && link !== null && remote.find(link.remoteId) === null)
        at(saidMade, target.id).set(id, type);
      else if (link?.state !== 'active' || remote.find(link.remoteId) !== null) at(saidMade, target.id).delete(id);
    },
    counts: (target) => {
      const all = [...at(left, target).values(), ...at(saidMade, target).values()];
      const ofType = (wanted: ObjectType): number => all.filter((type) => type === wanted).length;
      return { user: ofType('user'), group: ofType('group') };
    },
  };
};
