/** Whether a plan that a person approved holds what is done in its name. */

import { isDeepStrictEqual } from 'node:util';
import type { Operation } from '../../src/model/operation.ts';
import type { Attributes, Value } from '../../src/model/source-object.ts';

/** `held`: what the plan holds on the same object. */
export const holds = (held: readonly Operation[], operation: Operation): boolean =>
  'members' in operation ? holdsMembers(held, operation) : holdsAll(held, operation);

const holdsMembers = (held: readonly Operation[], operation: Extract<Operation, { members: unknown }>): boolean => {
  const members = new Set(
    held.flatMap((each) =>
      each.action === operation.action && 'members' in each ? each.members.map(({ ref }) => ref.id) : [],
    ),
  );
  return operation.members.every(({ ref }) => members.has(ref.id));
};

/**
 * Everything that it writes, the plan writes to the same object, by whichever of its operations: an account that a plan makes is brought to what the plan
 * shows in as many pieces as it takes.
 */
const holdsAll = (held: readonly Operation[], operation: Operation): boolean => {
  const { action } = operation;
  if (!held.some((each) => each.action === action || (each.action === 'create' && action === 'update'))) return false;
  const planned: Attributes = Object.assign({}, ...held.map((each) => ('attributes' in each ? each.attributes : {})));
  return (
    !('attributes' in operation) ||
    Object.entries(operation.attributes).every(
      ([path, value]) => isDeepStrictEqual(planned[path], value) || isToBeMade(planned[path]),
    )
  );
};

/** An account that is not there yet when it is planned for, such as a manager's, has another id by now. */
const isToBeMade = (planned: Value | undefined): boolean =>
  typeof planned === 'string' && planned.startsWith('planned:');
