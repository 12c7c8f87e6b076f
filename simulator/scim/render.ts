/** A resource as a client sees it, whole or in part (RFC 7644 §3.9). */

import { type Attribute, type Attributes, attributeNamed, subAttributesOf } from './attribute.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import { resolvePath, type Steps } from './path.ts';
import type { Knobs } from './personality.ts';
import { ENTERPRISE, type ResourceType } from './schemas.ts';
import type { Resource, Store } from './store.ts';

export type Viewing = { readonly store: Store; readonly baseUrl: string; readonly knobs: Knobs };

export type Projection =
  | { readonly kind: 'default' }
  | { readonly kind: 'only' | 'without'; readonly paths: readonly Steps[] };

export const everything: Projection = { kind: 'default' };

/** Names that the schema does not know select nothing. */
export const projectionOf = (kind: 'only' | 'without', names: readonly string[], type: ResourceType): Projection => ({
  kind,
  paths: names.map((name) => resolvePath(name.trim(), type)).filter((steps) => steps !== null),
});

export const versionOf = (resource: Resource): string => `W/"${resource.version}"`;

export const locationOf = (resource: Resource, baseUrl: string): string =>
  `${baseUrl}${resource.type.endpoint}/${resource.id}`;

export function render(resource: Resource, projection: Projection, viewing: Viewing): JsonObject {
  const shown = (name: string): boolean => isShown(name, resource, projection);
  const whole: JsonObject = {
    schemas: [
      resource.type.core.id,
      ...resource.type.extensions.map(({ id }) => id).filter((id) => id in resource.attributes),
    ],
    id: resource.id,
    ...resource.attributes,
    ...managerOf(resource, viewing),
    ...(resource.type.name === 'User' && shown('groups') ? groupsOf(resource, viewing) : {}),
    ...(resource.type.name === 'Group' && shown('members') ? membersOf(resource, viewing) : {}),
    meta: {
      resourceType: resource.type.name,
      created: resource.createdAt,
      lastModified: resource.modifiedAt,
      location: locationOf(resource, viewing.baseUrl),
      ...(viewing.knobs.versions === 'honoured' ? { version: versionOf(resource) } : {}),
    },
  };
  return projection.kind === 'default'
    ? whole
    : pick(whole, resource.type.attributes, projection.kind, projection.paths);
}

function isShown(name: string, { type }: Resource, projection: Projection): boolean {
  if (projection.kind === 'default') return true;
  const attribute = attributeNamed(type.attributes, name);
  const named = projection.paths.filter(([root]) => root === attribute);
  return projection.kind === 'only' ? named.length > 0 : !named.some((path) => path.length === 1);
}

function managerOf({ attributes }: Resource, { store, baseUrl }: Viewing): JsonObject {
  const extension = attributes[ENTERPRISE];
  const manager = isObject(extension) ? extension['manager'] : undefined;
  const id = isObject(manager) ? manager['value'] : undefined;
  if (!isObject(extension) || !isObject(manager) || typeof id !== 'string') return {};
  const displayName = store.find(id)?.attributes['displayName'];
  const shown = { ...manager, $ref: `${baseUrl}/Users/${id}`, ...(displayName === undefined ? {} : { displayName }) };
  return { [ENTERPRISE]: { ...extension, manager: shown } };
}

function groupsOf(resource: Resource, { store, baseUrl }: Viewing): JsonObject {
  const groups = store.groupsOf(resource.id).map((group) => ({
    value: group.id,
    $ref: locationOf(group, baseUrl),
    display: group.attributes['displayName'] ?? '',
    type: 'direct',
  }));
  return groups.length === 0 ? {} : { groups };
}

function membersOf(resource: Resource, { store, baseUrl, knobs }: Viewing): JsonObject {
  if (knobs.memberReads === 'hidden') return { members: [] };
  if (resource.members.size === 0) return {};
  const members = Array.from(resource.members.values(), (member) => {
    const display = store.find(member.value)?.attributes['displayName'];
    const $ref = `${baseUrl}/${member.type}s/${member.value}`;
    return { ...member, $ref, ...(display === undefined ? {} : { display }) };
  });
  return { members };
}

/** "Always" attributes stay whatever is asked; below an attribute that is named in part, the same question is asked again. */
function pick(
  whole: JsonObject,
  attributes: Attributes,
  kind: 'only' | 'without',
  paths: readonly (readonly Attribute[])[],
): JsonObject {
  const picked: Record<string, Json> = {};
  for (const [name, value] of Object.entries(whole)) {
    const attribute = attributeNamed(attributes, name);
    if (attribute === undefined) continue;
    const here = paths.filter(([root]) => root === attribute);
    const named = here.some((path) => path.length === 1);
    if (attribute.returned === 'always' || (kind === 'only' ? named : here.length === 0)) picked[name] = value;
    else if (here.length > 0 && !named) {
      const below = here.map((path) => path.slice(1));
      const part = (each: Json): Json => (isObject(each) ? pick(each, subAttributesOf(attribute), kind, below) : each);
      picked[name] = isList(value) ? value.map(part) : part(value);
    }
  }
  return picked;
}
