/** Whom an undo puts into groups, or takes out of them: the tenant still has it otherwise, so the next run that writes has to hear of each. */

import { type Member, mayBeInEffect, type Operation, type WaitingReference } from '../model/operation.ts';
import type { Done, Pending } from './pending.ts';
import type { Provisioning } from './provisioning.ts';
import type { Tally } from './tally.ts';
import { countMembers, waitFor } from './wave-references.ts';

/** Before any of it is sent: whoever dies on the way may be the last to know of it, for once the rules change nobody goes on. */
export const waitForTheOpposite = async (work: Provisioning, pending: readonly Pending[]): Promise<void> =>
  await waitFor(
    work,
    pending.flatMap(({ planned: { operation } }) => oppositeOf(operation, () => true)),
  );

/**
 * The tenant still says what the undone run did. Attributes and accounts differ from then on from what is wanted, and are found by the next plan of
 * everybody; memberships are looked at only where something changed, or where they wait. What was not seen to be done may be done all the same. What is
 * surely not done waits for it, as after any other try: the next run looks whether the tenant agrees.
 */
export const settleUndone = async (work: Provisioning, done: readonly Done[], tally: Tally): Promise<void> => {
  countMembers(done, tally);
  await waitFor(
    work,
    done.flatMap(({ pending, outcome }): readonly WaitingReference[] => {
      const { operation } = pending.planned;
      const refused = outcome.result === 'partly_applied' ? new Set(outcome.refused) : null;
      const mayBeDone = ({ ref }: Member): boolean => mayBeInEffect(outcome) && refused?.has(ref.id) !== true;
      return [...oppositeOf(operation, mayBeDone), ...stillOf(operation, (member) => !mayBeDone(member))];
    }),
  );
};

type Which = (member: Member) => boolean;

const oppositeOf = (operation: Operation, which: Which): readonly WaitingReference[] =>
  waits(operation, operation.action === 'add_members' ? 'remove' : 'add', which);

const stillOf = (operation: Operation, which: Which): readonly WaitingReference[] =>
  waits(operation, operation.action === 'add_members' ? 'add' : 'remove', which);

const waits = (operation: Operation, want: WaitingReference['want'], which: Which): readonly WaitingReference[] =>
  'members' in operation
    ? operation.members.filter(which).map(({ ref }) => ({ owner: operation.ref, path: 'members', to: ref.id, want }))
    : [];
