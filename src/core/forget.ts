/** Takes one person out of what is kept about others: operations on groups, and changes of their members. */

import type { Change } from '../model/change.ts';
import type { Discrepancy } from '../model/discrepancy.ts';
import type { SourceId } from '../model/ids.ts';
import type { Operation } from '../model/operation.ts';
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

/** Whether an operation is on them, or makes them a member or none. */
export const isAbout = (operation: Operation, person: SourceId): boolean =>
  isOf(operation.ref, person) || ('members' in operation && operation.members.some(({ ref }) => isOf(ref, person)));

const isOf = (ref: Ref, person: SourceId): boolean => ref.type === 'user' && ref.id === person;
