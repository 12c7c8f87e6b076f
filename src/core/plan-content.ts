/**
 * What a plan holds, apart from when and how it was made: two plans with the same content are the same plan, and an operation is of a plan when the
 * plan holds all of it. What was not there yet when the plan was made (an account to create) is named by whose it is.
 */

import { type RemoteId, remoteId, type SourceId, sourceId } from '../model/ids.ts';
import { isDestructive, type Link, type Operation } from '../model/operation.ts';
import type { Attributes, Ref, Value } from '../model/source-object.ts';
import { own, sameValue } from './attributes.ts';

/** The remote id of an account that a plan would create. */
export const plannedRemote = ({ id }: Ref): RemoteId => remoteId(`${prefix}${id}`);
/** Whose account is meant; null when the value is no planned remote id. */
export const plannedFor = (value: Value): SourceId | null =>
  typeof value === 'string' && value.startsWith(prefix) ? sourceId(value.slice(prefix.length)) : null;

const prefix = 'planned:';

/** The same text for the same operation, whenever it is planned. */
export const contentOf = (operation: Operation): string => {
  const { ref, action } = operation;
  const rest = { ...operation };
  return JSON.stringify([
    ref.type,
    ref.id,
    action,
    'remoteId' in rest ? rest.remoteId : null,
    'attributes' in rest ? sorted(rest.attributes) : null,
    'before' in rest ? sorted(rest.before) : null,
    'members' in rest ? rest.members.map((member) => member.ref.id).toSorted() : null,
  ]);
};

const sorted = (attributes: Attributes): readonly (readonly [string, Value])[] =>
  Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** What an operation takes away, one line for each person and group: to compare two plans whatever they were cut into. */
export const takenBy = (operation: Operation): readonly string[] => {
  const { action, ref } = operation;
  if (!isDestructive(action)) return [];
  return 'members' in operation
    ? operation.members.map((member) => `${member.ref.id} from the group ${ref.id}`)
    : [`${action} ${ref.id}`];
};

/** `remoteOf`: the account of somebody for whom the plan would create one, now that it is there. */
export type Now = { readonly link: Link | null; readonly remoteOf: (id: SourceId) => RemoteId | undefined };

/** Whether a plan holds this operation, given what it holds on the same object. Member operations are asked for member by member instead. */
export const permits = (staged: readonly Operation[], operation: Operation, now: Now): boolean => {
  switch (operation.action) {
    case 'create':
      return permitsCreate(staged, operation.attributes, now);
    case 'update':
      return permitsUpdate(staged, operation, now);
    case 'disable':
    case 'delete':
      return staged.some((one) => one.action === operation.action && sameRemote(one, operation));
    case 'add_members':
    case 'remove_members':
      return false;
  }
};

/** Members that the plan holds for the same action on the same group. */
export const permittedMembers = (
  staged: readonly Operation[],
  operation: Extract<Operation, { action: 'add_members' | 'remove_members' }>,
): ReadonlySet<SourceId> =>
  new Set(
    staged.flatMap((one) =>
      one.action === operation.action && sameRemote(one, operation) ? one.members.map(({ ref }) => ref.id) : [],
    ),
  );

/** All of the planned account, and at most what the plan would write to it afterwards (its manager). */
const permitsCreate = (staged: readonly Operation[], attributes: Attributes, now: Now): boolean => {
  const create = staged.find((one) => one.action === 'create');
  return (
    create !== undefined &&
    holds(writtenBy(staged), attributes, now) &&
    Object.keys(create.attributes).every((path) => sameNow(own(create.attributes, path), own(attributes, path), now))
  );
};

const permitsUpdate = (
  staged: readonly Operation[],
  operation: Extract<Operation, { action: 'update' }>,
  now: Now,
): boolean => {
  const creates = staged.some(({ action }) => action === 'create');
  // An account that was there before us is not the one that the plan would create.
  if (creates && now.link?.by !== 'created') return false;
  const updates = staged.some((one) => one.action === 'update' && sameRemote(one, operation));
  const isOfPlan = creates || updates;
  return isOfPlan && holds(writtenBy(staged), operation.attributes, now);
};

/** Everything that a plan writes to one object, by whichever of its operations. */
const writtenBy = (staged: readonly Operation[]): Attributes =>
  Object.assign({}, ...staged.flatMap((one) => ('attributes' in one ? [one.attributes] : [])));

const holds = (planned: Attributes, attributes: Attributes, now: Now): boolean =>
  Object.keys(attributes).every(
    (path) => Object.hasOwn(planned, path) && sameNow(own(planned, path), own(attributes, path), now),
  );

const sameNow = (planned: Value, actual: Value, { remoteOf }: Now): boolean => {
  const owner = plannedFor(planned);
  return owner === null ? sameValue(planned, actual) : remoteOf(owner) === actual;
};

const sameRemote = (
  staged: Exclude<Operation, { action: 'create' }>,
  operation: Exclude<Operation, { action: 'create' }>,
): boolean => staged.remoteId === operation.remoteId || staged.remoteId === plannedRemote(operation.ref);
