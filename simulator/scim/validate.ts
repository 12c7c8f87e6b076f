/** Reads what a client sent against the schema: canonical names, right types, nothing unknown, nothing read-only. */

import { type Attribute, type Attributes, attributeNamed, subAttributesOf } from './attribute.ts';
import { badRequest } from './errors.ts';
import { isList, isObject, isUnassigned, type Json, type JsonObject } from './json.ts';
import type { Knobs } from './personality.ts';
import type { ResourceType } from './schemas.ts';

/** The body of a POST or PUT. Read-only attributes are ignored there (RFC 7644 §3.3 and §3.5.1). */
export function readResource(body: JsonObject, type: ResourceType, knobs: Knobs): JsonObject {
  const resource = readAttributes(body, type.attributes, knobs);
  checkSchemas(resource, type, knobs);
  checkRequired(resource, type);
  const { schemas: _derived, ...attributes } = resource;
  return attributes;
}

/** An object's members by their canonical names; unassigned ones are left out. */
export function readAttributes(body: JsonObject, attributes: Attributes, knobs: Knobs): JsonObject {
  const read: Record<string, Json> = {};
  const seen = new Set<string>();
  for (const [name, raw] of Object.entries(body)) {
    const attribute = attributeNamed(attributes, name);
    if (attribute === undefined) {
      if (knobs.unknownAttributes === 'ignored') continue;
      throw badRequest('invalidSyntax', `The attribute "${name}" is not known.`);
    }
    if (seen.has(attribute.name))
      throw badRequest('invalidSyntax', `The attribute "${attribute.name}" was given twice.`);
    seen.add(attribute.name);
    if (attribute.mutability === 'readOnly') continue;
    const value = readValue(attribute, raw, knobs);
    if (value !== undefined) read[attribute.name] = value;
  }
  return read;
}

/** One attribute's value; undefined when it is unassigned. */
export function readValue(attribute: Attribute, raw: Json, knobs: Knobs): Json | undefined {
  if (isUnassigned(raw)) return undefined;
  if (!attribute.multiValued) return readSingle(attribute, raw, knobs);
  if (!isList(raw) && !knobs.coercesValues) throw wrongType(attribute, 'a list');
  const list = isList(raw) ? raw : [raw];
  const values = list.map((each) => readSingle(attribute, each, knobs)).filter((each) => each !== undefined);
  if (values.length < list.length && !knobs.coercesValues) throw wrongType(attribute, 'a list without empty values');
  if (values.filter(isPrimary).length > 1)
    throw badRequest('invalidValue', `Only one of the ${attribute.name} may be the primary one.`);
  return values.length === 0 ? undefined : values;
}

/** One value of a multi-valued attribute, or the value of a single-valued one. */
export function readSingle(attribute: Attribute, raw: Json, knobs: Knobs): Json | undefined {
  const value = knobs.coercesValues ? coerced(attribute, raw) : raw;
  switch (attribute.type) {
    case 'complex': {
      if (!isObject(value)) throw wrongType(attribute, 'an object');
      const read = readAttributes(value, subAttributesOf(attribute), knobs);
      return isUnassigned(read) ? undefined : read;
    }
    case 'boolean':
      if (typeof value !== 'boolean') throw wrongType(attribute, 'true or false');
      return value;
    case 'decimal':
      if (typeof value !== 'number') throw wrongType(attribute, 'a number');
      return value;
    case 'integer':
      if (!Number.isInteger(value)) throw wrongType(attribute, 'a whole number');
      return value;
    case 'dateTime':
      if (typeof value !== 'string' || Number.isNaN(Date.parse(value))) throw wrongType(attribute, 'a date and time');
      return value;
    default:
      if (typeof value !== 'string') throw wrongType(attribute, 'a string');
      return value;
  }
}

export function checkRequired(resource: JsonObject, type: ResourceType): void {
  for (const attribute of type.attributes) {
    if (!attribute.required) continue;
    const value = resource[attribute.name];
    if (value === undefined || (typeof value === 'string' && value.trim() === ''))
      throw badRequest('invalidValue', `The attribute "${attribute.name}" is required.`);
  }
}

export const isPrimary = (value: Json): boolean => isObject(value) && value['primary'] === true;

/** RFC 7643 §3: `schemas` names every schema in the body, and nothing but schemas of the type. */
function checkSchemas(resource: JsonObject, type: ResourceType, knobs: Knobs): void {
  if (knobs.acceptsEntraDialect) return;
  const listed = resource['schemas'];
  const urns = isList(listed) ? listed.map((urn) => String(urn).toLowerCase()) : [];
  if (!urns.includes(type.core.id.toLowerCase()))
    throw badRequest('invalidSyntax', `"schemas" must contain ${type.core.id}.`);
  const known = [type.core, ...type.extensions].map((schema) => schema.id.toLowerCase());
  const unknown = urns.find((urn) => !known.includes(urn));
  if (unknown !== undefined) throw badRequest('invalidValue', `The schema ${unknown} does not belong to ${type.name}.`);
  const unlisted = type.extensions.find(({ id }) => resource[id] !== undefined && !urns.includes(id.toLowerCase()));
  if (unlisted !== undefined)
    throw badRequest('invalidSyntax', `"schemas" must contain ${unlisted.id}, whose attributes were sent.`);
}

/** What lenient targets forgive: Entra's "True" and "False", numbers as text, a bare value or a list of one for a complex attribute. */
function coerced(attribute: Attribute, raw: Json): Json {
  const value = !attribute.multiValued && isList(raw) && raw.length === 1 ? (raw[0] ?? null) : raw;
  if (attribute.type === 'boolean' && typeof value === 'string') {
    if (value.toLowerCase() === 'true') return true;
    if (value.toLowerCase() === 'false') return false;
  }
  if (attribute.type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return String(value);
  if (
    attribute.type === 'complex' &&
    typeof value === 'string' &&
    attributeNamed(subAttributesOf(attribute), 'value') !== undefined
  )
    return { value };
  return value;
}

const wrongType = (attribute: Attribute, wanted: string) =>
  badRequest('invalidValue', `The attribute "${attribute.name}" must be ${wanted}.`);
