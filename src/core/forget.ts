/** One person in what is kept about several, such as operations on groups and changes of their members: taken out of it, or shown alone. */

import { type Change, refOf } from '../model/change.ts';
import type { Discrepancy } from '../model/discrepancy.ts';
import type { SourceId } from '../model/ids.ts';
import type { Operation, Outcome } from '../model/operation.ts';
import type { Ref } from '../model/source-object.ts';

/** Null: it is about them, and goes as a whole. */
export const operationWithout = (operation: Operation, person: SourceId): Operation | null => {
  if (isOf(operation.ref, person)) return null;
  if (!('members' in operation)) return operation;
  return { ...operation, members: operation.members.filter(({ ref }) => !isOf(ref, person)) };
};

/** The same of a change, which keeps its place in the order: null holds it. */
export const changeWithout = (change: Change, person: SourceId): Change | null => {
  switch (change.kind) {
    case 'created':
      return isOf(change.after.ref, person) ? null : change;
    case 'updated':
    case 'removed':
      return isOf(change.before.ref, person) ? null : change;
    case 'members':
      return {
        ...change,
        added: change.added.filter((ref) => !isOf(ref, person)),
        removed: change.removed.filter((ref) => !isOf(ref, person)),
      };
  }
};

/** Whether something that was found is about them, or about them as a member. */
export const isFoundAbout = (one: Discrepancy, person: SourceId): boolean =>
  ('ref' in one && isOf(one.ref, person)) || ('member' in one && isOf(one.member.ref, person));

/** What of an operation is about them: all of it, or them alone as a member. Null: nothing. */
export const operationAbout = (operation: Operation, person: SourceId): Operation | null => {
  if (isOf(operation.ref, person)) return operation;
  if (!('members' in operation)) return null;
  const members = operation.members.filter(({ ref }) => isOf(ref, person));
  return members.length === 0 ? null : { ...operation, members };
};

/** What became of it, less which others were refused. */
export const outcomeAbout = (outcome: Outcome, person: SourceId): Outcome =>
  outcome.result === 'partly_applied'
    ? { ...outcome, refused: outcome.refused.filter((id) => id === person) }
    : outcome;

/** The same of a change. */
export const changeAbout = (change: Change, person: SourceId): Change | null => {
  if (change.kind !== 'members') return isOf(refOf(change), person) ? change : null;
  const [added, removed] = [change.added, change.removed].map((refs) => refs.filter((ref) => isOf(ref, person)));
  if (added === undefined || removed === undefined || added.length + removed.length === 0) return null;
  return { ...change, added, removed };
};

const isOf = (ref: Ref, person: SourceId): boolean => ref.type === 'user' && ref.id === person;
