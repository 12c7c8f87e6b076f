/** What a write would make of the accounts: decided here, committed elsewhere. */

import { badRequest, ScimError } from './errors.ts';
import { isObject, type Json, type JsonObject, sameJson } from './json.ts';
import { MemberDraft } from './members.ts';
import { applyPatch } from './patch.ts';
import { type KnownMember, readMembers } from './patch-members.ts';
import type { Knobs } from './personality.ts';
import { ENTERPRISE, type ResourceType } from './schemas.ts';
import type { Change, Resource, Store } from './store.ts';
import { checkRequired, readResource } from './validate.ts';

export type Writing = {
  readonly store: Store;
  readonly knobs: Knobs;
  readonly now: () => Date;
  readonly newId: () => string;
};

type Create = Extract<Change, { kind: 'create' }>;
type Update = Extract<Change, { kind: 'update' }>;

export function createResource(body: JsonObject, type: ResourceType, writing: Writing): Create {
  const { members: raw = null, ...read } = readResource(body, type, writing.knobs);
  const id = writing.newId();
  const members = new MemberDraft(new Map());
  for (const member of readMembers(raw, knownIn(writing.store), writing.knobs)) members.add(member);
  const attributes = kept(read);
  checkUserName(attributes, id, writing);
  checkManager({}, attributes, writing);
  const at = writing.now().toISOString();
  return {
    kind: 'create',
    members,
    after: { type, id, attributes, members, createdAt: at, modifiedAt: at, version: 1 },
  };
}

/** PUT: what the body leaves out is cleared, which RFC 7644 §3.5.1 allows. */
export function replaceResource(body: JsonObject, before: Resource, writing: Writing): Update {
  const { members: raw = null, ...attributes } = readResource(body, before.type, writing.knobs);
  const members = new MemberDraft(before.members);
  members.clear();
  for (const member of readMembers(raw, knownIn(writing.store), writing.knobs)) members.add(member);
  return update(before, attributes, members, writing);
}

export function patchResource(body: JsonObject, before: Resource, writing: Writing): Update {
  const { attributes, members } = applyPatch(body, before, knownIn(writing.store), writing.knobs);
  checkRequired(attributes, before.type);
  return update(before, attributes, members, writing);
}

/** A write that changes nothing leaves version and time as they are (§3.5.2.1). */
function update(before: Resource, read: JsonObject, members: MemberDraft, writing: Writing): Update {
  const attributes = kept(read);
  checkUserName(attributes, before.id, writing);
  checkManager(before.attributes, attributes, writing);
  const unchanged = !members.changed && sameJson(before.attributes, attributes);
  const after = unchanged
    ? before
    : { ...before, attributes, members, modifiedAt: writing.now().toISOString(), version: before.version + 1 };
  return { kind: 'update', before, after, members };
}

/** Passwords are never returned, so none is kept. */
function kept({ password: _password, ...attributes }: JsonObject): JsonObject {
  return attributes;
}

const knownIn =
  (store: Store): KnownMember =>
  (id) =>
    store.find(id)?.type.name ?? null;

/** RFC 7643 §4.1.1: userName is unique and not case-exact. */
function checkUserName(attributes: JsonObject, id: string, { store, knobs }: Writing): void {
  const userName = attributes['userName'];
  if (typeof userName !== 'string' || knobs.userNameCollisions === 'accepted') return;
  const others = store.withUserName(userName).filter((other) => other.id !== id);
  const taken =
    knobs.userNameCollisions === 'refused'
      ? others.length > 0
      : others.some((other) => other.attributes['userName'] === userName);
  if (taken) throw new ScimError(409, 'uniqueness', `The userName "${userName}" is taken.`);
}

/** A manager must exist when set; one who has left since may stay. */
function checkManager(before: JsonObject, after: JsonObject, { store, knobs }: Writing): void {
  const manager = managerIn(after);
  if (manager === null || sameJson(manager, managerIn(before)) || knobs.danglingReferences === 'accepted') return;
  if (typeof manager !== 'string' || store.find(manager)?.type.name !== 'User')
    throw badRequest('invalidValue', `There is no user ${String(manager)} to be the manager.`);
}

function managerIn(attributes: JsonObject): Json {
  const extension = attributes[ENTERPRISE];
  const manager = isObject(extension) ? extension['manager'] : undefined;
  return isObject(manager) ? (manager['value'] ?? null) : null;
}
