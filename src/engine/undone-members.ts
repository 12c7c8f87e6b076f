/** Whom an undo puts into groups, or takes out of them: the tenant still has it otherwise, so the next run that writes has to hear of each. */

import {
  isInEffect,
  type Member,
  mayBeInEffect,
  type Operation,
  refusedIn,
  type WaitingReference,
} from '../model/operation.ts';
import { type Done, isFoundGone, type Pending } from './pending.ts';
import { isDry, type Provisioning } from './provisioning.ts';
import type { Tally } from './tally.ts';
import { countMembers, waitFor } from './wave-references.ts';

/** What waited before the undo wrote anything, by group and member. */
export type Waited = ReadonlyMap<string, WaitingReference>;

/**
 * Before any of it is sent: whoever dies on the way may be the last to know of it, for once the rules change nobody goes on. What waits already says what
 * the tenant has, and stays until it is known what became of this: to be taken out, as the tenant wants it, is not to be put in again.
 */
export const waitForTheOpposite = async (work: Provisioning, pending: readonly Pending[]): Promise<Waited> => {
  const opposite = pending.flatMap(({ planned: { operation } }) => oppositeOf(operation, () => true));
  const waited = await waitedOf(work, opposite);
  await waitFor(
    work,
    opposite.filter((one) => !waited.has(keyOf(one))),
  );
  return waited;
};

const waitedOf = async (work: Provisioning, opposite: readonly WaitingReference[]): Promise<Waited> => {
  const waited = new Map<string, WaitingReference>();
  if (opposite.length === 0 || isDry(work)) return waited;
  const concerned = new Set(opposite.map(keyOf));
  const groups = [...new Map(opposite.map(({ owner }) => [owner.id, owner])).values()];
  for await (const some of work.engine.stores.ledger.waitingFor(work.record.id, groups))
    for (const one of some) if (one.path === 'members' && concerned.has(keyOf(one))) waited.set(keyOf(one), one);
  return waited;
};

const keyOf = ({ owner, to }: WaitingReference): string => `${owner.id}|${to}`;

/**
 * The tenant still says what the undone run did. Attributes and accounts differ from then on from what is wanted, and are found by the next plan of
 * everybody; memberships are looked at only where something changed, or where they wait. For what was done the opposite waits now, whatever waited before;
 * what was not seen to be done may be done all the same. What is surely not done waits for it, as after any other try, where nothing waited before: the
 * next run looks whether the tenant agrees.
 */
export const settleUndone = async (
  work: Provisioning,
  done: readonly Done[],
  waited: Waited,
  tally: Tally,
): Promise<void> => {
  countMembers(done, tally);
  await waitFor(
    work,
    done.flatMap(({ pending, outcome }): readonly WaitingReference[] => {
      const { operation } = pending.planned;
      const refused = refusedIn(outcome);
      const isDone = ({ ref }: Member): boolean => isUndone(operation, outcome) && !refused.has(ref.id);
      const isNotDone = ({ ref }: Member): boolean =>
        refused.has(ref.id) || !(mayBeInEffect(outcome) || isUndone(operation, outcome));
      return [
        // Where nothing waited before, it was written before it was sent.
        ...oppositeOf(operation, isDone).filter((one) => (waited.get(keyOf(one))?.want ?? one.want) !== one.want),
        ...stillOf(operation, isNotDone).filter((one) => !waited.has(keyOf(one))),
      ];
    }),
  );
};

/** Whether it is sure that the target is as the undo wants it. In a group that was found gone nobody is any more. */
export const isUndone = (operation: Operation, outcome: Done['outcome']): boolean =>
  isInEffect(outcome) || (operation.action === 'remove_members' && isFoundGone({ outcome }));

type Which = (member: Member) => boolean;

const oppositeOf = (operation: Operation, which: Which): readonly WaitingReference[] =>
  waits(operation, operation.action === 'add_members' ? 'remove' : 'add', which);

const stillOf = (operation: Operation, which: Which): readonly WaitingReference[] =>
  waits(operation, operation.action === 'add_members' ? 'add' : 'remove', which);

const waits = (operation: Operation, want: WaitingReference['want'], which: Which): readonly WaitingReference[] =>
  'members' in operation
    ? operation.members.filter(which).map(({ ref }) => ({ owner: operation.ref, path: 'members', to: ref.id, want }))
    : [];
