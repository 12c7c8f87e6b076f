/**
 * Of which accounts and memberships there is no record, since the database was put back: of those that came since the backup, until an outcome names them
 * again. Whoever leaves after that leaves like anybody else.
 */

import type { Member, Operation, Outcome } from '../../src/model/operation.ts';
import { linkIn } from '../../src/model/operation.ts';
import type { Ref } from '../../src/model/source-object.ts';
import type { Customer } from './customer.ts';
import { isLeftOver, type Leaving } from './judge-identity.ts';
import type { Effect } from './remote.ts';

/** What of a customer matters here. */
type Recorded = Leaving & Pick<Customer, 'takenBack'> & { readonly remote: Pick<Customer['remote'], 'find'> };

export type Records = {
  readonly noteEffect: (customer: Recorded, effect: Effect) => void;
  /** What came since is in no record any more. */
  readonly onPutBack: (backedUpAt: number) => void;
  readonly noteSettled: (customer: Recorded, operation: Operation, outcome: Outcome) => void;
};

export const recordsKept = (now: () => number): Records => {
  /** Accounts and memberships by when they came. */
  const gains: { readonly at: number; readonly customer: Recorded; readonly what: string }[] = [];
  return {
    noteEffect: (customer, { before, after }) => {
      const id = after?.externalId ?? null;
      if (after === null || id === null) return;
      const at = now();
      // Whoever takes what is left over of somebody takes the memberships along, which nobody has on record either.
      const former = before?.externalId ?? null;
      if (former !== null && former !== id && isLeftOver(customer, former))
        for (const group of customer.directory.truth().groups.keys())
          if (customer.unrecorded.has(membership(former, group))) customer.unrecorded.add(membership(id, group));
      if (before?.externalId !== id) gains.push({ at, customer, what: id });
      for (const member of after.members)
        if (before?.members.has(member) !== true)
          gains.push({ at, customer, what: membership(customer.remote.find(member)?.externalId, id) });
    },
    onPutBack: (backedUpAt) => {
      for (const { at, customer, what } of gains) if (at >= backedUpAt) customer.unrecorded.add(what);
    },
    noteSettled: ({ unrecorded, takenBack, remote }, operation, outcome) => {
      const { id, type } = outcome.ref;
      // A link that went back may name an account that is gone: of the one that was made instead it says nothing.
      const isNamed = ({ id: owner }: Ref, account: string): boolean => remote.find(account)?.externalId === owner;
      const linked = linkIn(outcome) ?? null;
      const link = linked === null || isNamed(outcome.ref, linked.remoteId) ? linked : null;
      if (link?.by === 'created') takenBack.delete(id);
      else if (link !== null && type === 'group' && unrecorded.has(id)) takenBack.add(id);
      if (link !== null) unrecorded.delete(id);
      for (const { ref, remoteId } of membersHeard(operation, outcome))
        if (isNamed(ref, remoteId)) unrecorded.delete(membership(ref.id, outcome.ref.id));
    },
  };
};

export const membership = (member: string | null | undefined, group: string): string => `${member} in ${group}`;

/** Of whom it is on record by this that they were put into a group, or out of it. */
export const membersHeard = (operation: Operation, outcome: Outcome): readonly Member[] => {
  if (!('members' in operation)) return [];
  if (outcome.result === 'applied') return operation.members;
  if (outcome.result !== 'partly_applied') return [];
  return operation.members.filter(({ ref }) => !outcome.refused.includes(ref.id));
};
