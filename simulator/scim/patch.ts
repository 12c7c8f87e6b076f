/** PATCH (RFC 7644 §3.5.2): operations in order, each on the outcome of the one before, all of them or none. */

import { type Attribute, attributeNamed } from './attribute.ts';
import { edit, type Verb } from './edit.ts';
import { badRequest, ScimError } from './errors.ts';
import { type PatchPath, parsePatchPath } from './filter.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import { MemberDraft } from './members.ts';
import { editMembers, type KnownMember } from './patch-members.ts';
import type { Knobs } from './personality.ts';
import { ENTERPRISE, type ResourceType } from './schemas.ts';
import type { Resource } from './store.ts';

export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

export type Patched = { readonly attributes: JsonObject; readonly members: MemberDraft };

type Operation = { readonly op: Verb; readonly path: string | null; readonly value: Json | undefined };
type Aimed = { readonly op: Verb; readonly path: PatchPath; readonly value: Json | undefined };

export function applyPatch(body: JsonObject, resource: Resource, known: KnownMember, knobs: Knobs): Patched {
  const operations = readOperations(body, knobs);
  checkMemberCount(operations, knobs);
  const members = new MemberDraft(resource.members);
  let { attributes } = resource;
  for (const operation of operations.flatMap((one) => aim(one, resource.type, knobs))) {
    checkMutability(operation);
    if (operation.path.steps[0].name === 'members') editMembers(members, operation, known, knobs);
    else attributes = edit(attributes, operation, knobs);
  }
  return { attributes, members };
}

function readOperations(body: JsonObject, knobs: Knobs): readonly Operation[] {
  const schemas = body['schemas'];
  if (!isList(schemas) || !schemas.includes(PATCH_OP))
    throw badRequest('invalidSyntax', `"schemas" must contain ${PATCH_OP}.`);
  const operations = body['Operations'];
  if (!isList(operations) || operations.length === 0)
    throw badRequest('invalidSyntax', '"Operations" must be a list of at least one.');
  return operations.map((operation) => readOperation(operation, knobs));
}

function readOperation(raw: Json, knobs: Knobs): Operation {
  if (!isObject(raw)) throw badRequest('invalidSyntax', 'An operation must be an object.');
  const { op, path = null, value } = raw;
  const verb = knobs.acceptsEntraDialect && typeof op === 'string' ? op.toLowerCase() : op;
  if (verb !== 'add' && verb !== 'replace' && verb !== 'remove')
    throw badRequest('invalidSyntax', '"op" must be "add", "replace" or "remove".');
  if (path !== null && typeof path !== 'string') throw badRequest('invalidPath', '"path" must be a string.');
  if (verb !== 'remove' && value === undefined) throw badRequest('invalidSyntax', `"${verb}" needs a value.`);
  if (verb === 'remove' && path === null) throw badRequest('noTarget', '"remove" needs a path.');
  if (verb === 'remove' && value !== undefined && !knobs.acceptsEntraDialect)
    throw badRequest('invalidSyntax', '"remove" takes no value.');
  return { op: verb, path, value };
}

/** An operation without a path names the attributes in its value (§3.5.2.1): one aimed operation for each. */
function aim({ op, path, value }: Operation, type: ResourceType, knobs: Knobs): readonly Aimed[] {
  if (path !== null) return aimAt(path, op, value, type, knobs);
  if (!isObject(value)) throw badRequest('invalidValue', 'Without a path the value must be an object.');
  return Object.entries(value).flatMap(([name, each]) => {
    if (attributeNamed(type.attributes, name) === undefined && !knobs.acceptsEntraDialect) {
      if (knobs.unknownAttributes === 'ignored') return [];
      throw badRequest('invalidSyntax', `The attribute "${name}" is not known.`);
    }
    return aimAt(name, op, each, type, knobs);
  });
}

function aimAt(text: string, op: Verb, value: Json | undefined, type: ResourceType, knobs: Knobs): readonly Aimed[] {
  const path = readPath(text, type, knobs);
  // `schemas` follows from the attributes: "the attribute's schema is added implicitly" (§3.5.2).
  return path === null || path.steps[0].name === 'schemas' ? [] : [{ op, path, value }];
}

/** Entra's older dialect says `manager` and means the enterprise extension's. Null: to be ignored. */
function readPath(text: string, type: ResourceType, knobs: Knobs): PatchPath | null {
  try {
    return parsePatchPath(text, type);
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    if (knobs.acceptsEntraDialect && type.name === 'User' && attributeNamed(enterpriseOf(type), text) !== undefined)
      return parsePatchPath(`${ENTERPRISE}:${text}`, type);
    if (knobs.unknownAttributes === 'ignored') return null;
    throw error;
  }
}

const enterpriseOf = (type: ResourceType) => type.extensions[0]?.attributes ?? [];

/** §3.5.2: read-only attributes cannot be aimed at, immutable ones not once they are set, required ones not be removed. */
function checkMutability({ op, path }: Aimed): void {
  const aimed: readonly Attribute[] = [...path.steps, ...path.below];
  const fixed = aimed.find(({ mutability }) => mutability === 'readOnly' || mutability === 'immutable');
  if (fixed !== undefined) throw badRequest('mutability', `The attribute "${fixed.name}" cannot be changed.`);
  const last = aimed.at(-1);
  if (op === 'remove' && last?.required) throw badRequest('mutability', `The attribute "${last.name}" is required.`);
}

function checkMemberCount(operations: readonly Operation[], knobs: Knobs): void {
  let count = 0;
  for (const { path, value } of operations) {
    if (path === null) count += isObject(value) && isList(value['members']) ? value['members'].length : 0;
    else if (/^members\b/i.test(path)) count += isList(value) ? value.length : 1;
  }
  if (count > knobs.membersPerPatch)
    throw new ScimError(
      knobs.tooManyMembers,
      knobs.tooManyMembers === 400 ? 'invalidValue' : null,
      `A request may change at most ${knobs.membersPerPatch} members.`,
    );
}
