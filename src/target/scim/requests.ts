/** What is asked of a SCIM target, as data. Pure. */

import type { RemoteId } from '../../model/ids.ts';
import type { Member, Operation } from '../../model/operation.ts';
import type { Attributes, ObjectType, Value } from '../../model/source-object.ts';
import type { Json, JsonObject } from '../../model/target-record.ts';
import { isList, isObject } from './json.ts';
import { filterText, type Path, parsePath } from './paths.ts';
import { newResource } from './resource.ts';

export type Endpoints = Readonly<Record<ObjectType, string>>;

export type Request = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Such as `/Users`. */
  readonly endpoint: string;
  readonly id?: RemoteId;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: JsonObject;
  readonly ifMatch?: string;
};

export type PatchOperation = {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: JsonObject[string];
};

/** The request's name in errors and logs: without id and query, which may hold personal data. */
export const nameOf = ({ method, endpoint, id }: Request): string =>
  `${method} ${endpoint}${id === undefined ? '' : '/{id}'}`;

/** The texts in a request that are somebody's: not its keywords, and nothing so short that it is a part of many words. */
export const valuesIn = ({ body = {}, query = {} }: Request): readonly string[] => {
  const asked = (query['filter'] ?? '').split(comparedWith).at(-1) ?? '';
  return [...new Set([...textsIn(body), asked.slice(0, -1)])].filter((text) => text.length >= shortestValue);
};

/** What stands before the text that `findRequest` asks for; in that text the quote would be escaped. */
const comparedWith = ' eq "';
const shortestValue = 3;
const keywords: ReadonlySet<string> = new Set(['schemas', 'op', 'path', 'type']);

const textsIn = (json: Json): readonly string[] => {
  if (typeof json === 'string') return [json];
  if (isList(json)) return json.flatMap(textsIn);
  if (!isObject(json)) return [];
  return Object.entries(json).flatMap(([name, value]) => (keywords.has(name) ? [] : textsIn(value)));
};

/** The path below the base URL. */
export const addressOf = ({ endpoint, id, query = {} }: Request): string => {
  const search = Object.entries(query).map(([name, value]) => `${name}=${encoded(value)}`);
  return `${endpoint}${id === undefined ? '' : `/${encoded(id)}`}${search.length === 0 ? '' : `?${search.join('&')}`}`;
};

/** `attribute eq "value"`, the one filter every server understands. Values are JSON literals (RFC 7644 §3.4.2.2). */
export const findRequest = (type: ObjectType, endpoint: string, path: Path, value: Value, count: number): Request => ({
  method: 'GET',
  endpoint,
  query: {
    filter: `${filterText(path)} eq ${JSON.stringify(value)}`,
    ...withoutMembers(type),
    startIndex: '1',
    count: String(count),
  },
});

/** Of a name that nobody has: shows whether the collection answers, and costs next to nothing. */
export const nobodyRequest = (type: ObjectType, endpoint: string): Request =>
  findRequest(type, endpoint, parsePath(type === 'user' ? 'userName' : 'displayName'), nobodysName, 1);
const nobodysName = 'entrain-asks-for-nobody';

/** Everybody, without a filter. */
export const listRequest = (
  type: ObjectType,
  endpoint: string,
  place: { readonly startIndex: number } | { readonly cursor: string },
  count: number,
): Request => ({
  method: 'GET',
  endpoint,
  query: {
    ...withoutMembers(type),
    ...('cursor' in place ? { cursor: place.cursor } : { startIndex: String(place.startIndex) }),
    count: String(count),
  },
});

export const getRequest = (type: ObjectType, endpoint: string, id: RemoteId): Request => ({
  method: 'GET',
  endpoint,
  id,
  query: withoutMembers(type),
});

/** With everything, a group's members too. */
export const getWholeRequest = (endpoint: string, id: RemoteId): Request => ({ method: 'GET', endpoint, id });

export const createRequest = (type: ObjectType, endpoint: string, attributes: Attributes): Request => ({
  method: 'POST',
  endpoint,
  body: newResource(type, attributes),
});

/** `quiet`: the answer need not hold a group's members (RFC 7644 §3.9). */
export const patchRequest = (
  endpoint: string,
  id: RemoteId,
  operations: readonly PatchOperation[],
  quiet = false,
): Request => ({
  method: 'PATCH',
  endpoint,
  id,
  ...(quiet ? { query: withoutMembers('group') } : {}),
  body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: operations },
});

export const putRequest = (endpoint: string, id: RemoteId, body: JsonObject, version: string | null): Request => ({
  method: 'PUT',
  endpoint,
  id,
  body,
  ...(version === null ? {} : { ifMatch: version }),
});

export const deleteRequest = (endpoint: string, id: RemoteId): Request => ({ method: 'DELETE', endpoint, id });

/**
 * The two shapes every server tried answered alike: members are added as values, and removed one value path each. Removing by a list of values is
 * not in the RFC, and `remove members` empties the group on some.
 */
export const memberOperations = (
  action: Extract<Operation['action'], 'add_members' | 'remove_members'>,
  members: readonly Member[],
): readonly PatchOperation[] =>
  action === 'add_members'
    ? [{ op: 'add', path: 'members', value: members.map(({ remoteId }) => ({ value: remoteId })) }]
    : members.map(({ remoteId }) => ({ op: 'remove', path: `members[value eq ${JSON.stringify(remoteId)}]` }));

/** Not a form's encoding, because many servers read `+` as a plus. Half a surrogate pair cannot be encoded and becomes U+FFFD. */
const encoded = (text: string): string => encodeURIComponent(text.toWellFormed());

const withoutMembers = (type: ObjectType): Readonly<Record<string, string>> =>
  type === 'group' ? { excludedAttributes: 'members' } : {};
