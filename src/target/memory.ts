/**
 * A target in memory. Like most real ones it keeps a user's `userName` unique, whatever the case, and a group's name not; whoever is deleted leaves
 * every group. The state is apart from the target, so that it outlives one and can be looked at.
 */

import { TargetError } from '../model/errors.ts';
import { type RemoteId, remoteId } from '../model/ids.ts';
import type { Operation, RemoteObject } from '../model/operation.ts';
import type { Attributes, ObjectType, Value } from '../model/source-object.ts';
import { type Applied, type Capabilities, completeList, type Target } from './target.ts';

export type MemoryTargetState = {
  readonly objects: Map<RemoteId, RemoteObject>;
  readonly members: Map<RemoteId, Set<RemoteId>>;
  /** Every operation that was applied, oldest first. */
  readonly applied: Operation[];
};

export const memoryTargetState = (): MemoryTargetState => ({ objects: new Map(), members: new Map(), applied: [] });

export const memoryTarget = (
  state: MemoryTargetState,
  options: { readonly capabilities?: Partial<Capabilities> } = {},
): Target => ({
  capabilities: {
    groups: true,
    disable: true,
    delete: true,
    concurrency: 8,
    membersPerRequest: 1_000,
    required: { user: ['userName'], group: ['displayName'] },
    ...options.capabilities,
  },
  answersWithinMs: 0,

  async check(signal) {
    signal.throwIfAborted();
    return { ok: true, checks: [{ name: 'reachable', ok: true, detail: 'The target is in memory.' }] };
  },

  async find(type, attribute, value, signal) {
    signal.throwIfAborted();
    return [...state.objects.values()].filter(
      (object) => object.type === type && same(attribute, object.attributes[attribute] ?? null, value),
    );
  },

  async get(type, id, signal) {
    signal.throwIfAborted();
    const object = state.objects.get(id);
    return object?.type === type ? object : null;
  },

  async apply(operation, signal, beforeWrite) {
    signal.throwIfAborted();
    beforeWrite?.();
    const applied = carryOut(state, operation);
    state.applied.push(operation);
    return applied;
  },

  inventory: {
    async list(type, from, signal) {
      signal.throwIfAborted();
      const all = [...state.objects.values()].filter((object) => object.type === type);
      const start = Number(from ?? 0);
      const objects = all.slice(start, start + pageSize);
      const end = start + objects.length;
      return end < all.length ? { objects, next: String(end) } : { objects, end: completeList(end) };
    },
    async members(group, signal) {
      signal.throwIfAborted();
      return state.objects.get(group)?.type === 'group' ? [...(state.members.get(group) ?? [])] : null;
    },
    async showsMembers(groups, signal) {
      signal.throwIfAborted();
      return groups.some((group) => (state.members.get(group)?.size ?? 0) > 0);
    },
  },

  async ready(signal) {
    signal.throwIfAborted();
  },

  async close() {},
});

/** Small, so that whoever reads a list comes by its pages. */
const pageSize = 3;

const carryOut = (state: MemoryTargetState, operation: Operation): Applied => {
  switch (operation.action) {
    case 'create':
      return { remoteId: put(state, operation.ref.type, newId(state), operation.attributes) };
    case 'update': {
      const { type, attributes } = present(state, operation);
      return { remoteId: put(state, type, operation.remoteId, { ...attributes, ...operation.attributes }) };
    }
    case 'disable': {
      const { type, attributes } = present(state, operation);
      return { remoteId: put(state, type, operation.remoteId, { ...attributes, active: false }) };
    }
    case 'delete':
      return { remoteId: remove(state, operation.remoteId) };
    case 'add_members':
    case 'remove_members':
      return changeMembers(state, operation);
  }
};

const newId = (state: MemoryTargetState): RemoteId => {
  let number = state.applied.length + 1;
  while (state.objects.has(remoteId(`remote-${number}`))) number += 1;
  return remoteId(`remote-${number}`);
};

const present = (state: MemoryTargetState, { ref, remoteId }: Exclude<Operation, { action: 'create' }>) => {
  const object = state.objects.get(remoteId);
  if (object?.type !== ref.type) throw new TargetError('gone', `There is no ${ref.type} ${remoteId}.`);
  return object;
};

const put = (state: MemoryTargetState, type: ObjectType, id: RemoteId, attributes: Attributes): RemoteId => {
  const userName = attributes['userName'] ?? null;
  if (type === 'user' && userName === null)
    throw new TargetError('rejected', 'A user needs a userName.', { code: 'invalidValue' });
  // A name is looked at when it is given: of two accounts that have had the same one all along, each can be changed.
  const isGiven = !same('userName', state.objects.get(id)?.attributes['userName'] ?? null, userName);
  const taken = [...state.objects.values()].some(
    (other) =>
      other.type === 'user' &&
      other.remoteId !== id &&
      same('userName', other.attributes['userName'] ?? null, userName),
  );
  if (type === 'user' && isGiven && taken)
    throw new TargetError('conflict', 'The userName belongs to another user.', { code: 'uniqueness' });
  const assigned = Object.entries(attributes).filter(([, value]) => value !== null);
  state.objects.set(id, { type, remoteId: id, attributes: Object.fromEntries(assigned) });
  return id;
};

const remove = (state: MemoryTargetState, id: RemoteId): RemoteId => {
  state.objects.delete(id);
  state.members.delete(id);
  for (const members of state.members.values()) members.delete(id);
  return id;
};

const changeMembers = (
  state: MemoryTargetState,
  operation: Extract<Operation, { action: 'add_members' | 'remove_members' }>,
): Applied => {
  present(state, operation);
  const { remoteId } = operation;
  const ids = operation.members.map((member) => member.remoteId);
  const members = state.members.get(remoteId) ?? new Set<RemoteId>();
  const strangers = operation.action === 'add_members' ? ids.filter((id) => !state.objects.has(id)) : [];
  if (strangers.length > 0 && strangers.length === ids.length)
    throw new TargetError('rejected', `There is no object ${ids[0]} to become a member.`, { code: 'invalidValue' });
  for (const id of ids.filter((one) => !strangers.includes(one))) {
    if (operation.action === 'add_members') members.add(id);
    else members.delete(id);
  }
  state.members.set(remoteId, members);
  return { remoteId, refused: strangers.map((member) => ({ member, detail: `There is no object ${member}.` })) };
};

const same = (attribute: string, a: Value, b: Value): boolean =>
  attribute === 'userName' && typeof a === 'string' && typeof b === 'string'
    ? a.toLowerCase() === b.toLowerCase()
    : a === b;
