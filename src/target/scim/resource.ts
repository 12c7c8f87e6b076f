/** A SCIM resource, read and written by target path. Pure. */

import type { Attributes, ObjectType, Value } from '../../model/source-object.ts';
import type { Json, JsonObject } from '../../model/target-record.ts';
import { field, isList, isObject, withField } from './json.ts';
import { attributeName, partName } from './names.ts';
import { coreSchemas, enterpriseSchema, isManager, isPlural, type Path, parsePath } from './paths.ts';

/** Every attribute of a resource by target path. What belongs to the server, and lists that may be huge, are left out. */
export const flatten = (resource: JsonObject): Attributes =>
  Object.fromEntries(
    Object.entries(resource).flatMap(([key, json]) => {
      if (left.includes(key.toLowerCase())) return [];
      return /^urn:/i.test(key) && isObject(json) ? flattenExtension(key, json) : flattenAttribute(null, key, json);
    }),
  );

/** The value at a path; null when unassigned. Of several elements that fit, the primary one, else the first. */
export const valueAt = (resource: JsonObject, path: Path): Value => {
  const json = field(containerOf(resource, path), path.attribute);
  if (path.filter !== null || (isList(json) && path.sub !== null)) {
    const element = elementAt(resource, path);
    return element === null || path.sub === null ? null : toValue(path.sub, field(element, path.sub));
  }
  if (path.sub === null) return toValue(path.attribute, json);
  return isObject(json) ? toValue(path.sub, field(json, path.sub)) : null;
};

/** The element of a multi-valued attribute that a path means; null when there is none. */
export const elementAt = (resource: JsonObject, path: Path): JsonObject | null =>
  preferred(elementsOf(field(containerOf(resource, path), path.attribute)).filter((element) => fits(element, path)));

/** The resource with one path set, or cleared by an unassigned value; everything else stays as it is. */
export const assign = (resource: JsonObject, path: Path, value: Value): JsonObject => {
  const container = containerOf(resource, path);
  const after = withField(container, path.attribute, assignIn(field(container, path.attribute), path, value));
  if (path.schema === null) return after;
  return withField(resource, path.schema, isEmpty(after) ? null : after);
};

/** The body of a create: exactly the schemas that are used, nothing that is null (RFC 7643 §2.5, RFC 7644 §3.3). */
export const newResource = (type: ObjectType, attributes: Attributes): JsonObject => {
  const filled = Object.entries(attributes).reduce<JsonObject>(
    (resource, [text, value]) => assign(resource, parsePath(text), value),
    {},
  );
  return withSchemas(type, Object.fromEntries(Object.entries(filled).flatMap(([key, json]) => substance(key, json))));
};

/** `schemas` names the core schema, every extension in use, and what the server listed before. */
export const withSchemas = (type: ObjectType, resource: JsonObject): JsonObject => {
  const listed = elementsOrTexts(field(resource, 'schemas')).filter((urn) => typeof urn === 'string');
  const used = Object.keys(resource).filter((key) => /^urn:/i.test(key));
  const known = new Map([coreSchemas[type], ...used, ...listed].map((urn) => [urn.toLowerCase(), urn]));
  return { schemas: [...known.values()], ...withField(resource, 'schemas', null) };
};

/** How a value travels. */
export const toWire = (path: Path, value: Value): Json => {
  if (value === null) return null;
  if (isManager(path)) return { value };
  if (path.sub !== null || !isPlural(path)) return value;
  return (isList(value) ? value : [value]).map((each) => ({ value: each }));
};

const left = ['id', 'meta', 'schemas', 'members', 'groups', 'password'];

const flattenExtension = (urn: string, extension: JsonObject): [string, Value][] => {
  const schema = urn.toLowerCase() === enterpriseSchema.toLowerCase() ? enterpriseSchema : urn;
  return Object.entries(extension).flatMap(([key, json]) => flattenAttribute(schema, key, json));
};

const flattenAttribute = (schema: string | null, key: string, json: Json): [string, Value][] => {
  const name = `${schema === null ? '' : `${schema}:`}${attributeName(schema, key)}`;
  const whole: [string, Value][] = [[name, toValue(key, json)]];
  if (isObject(json)) return [...whole, ...flattenSubs(schema, name, json)].filter(isAssigned);
  const types = new Set(elementsOf(json).map((element) => field(element, 'type')));
  const typed = [...types]
    .filter((type) => typeof type === 'string')
    .map((type) => ({
      name: `${name}[type eq ${JSON.stringify(type)}]`,
      element: preferred(elementsOf(json).filter((element) => field(element, 'type') === type)),
    }));
  return [...whole, ...typed.flatMap((each) => flattenSubs(schema, each.name, each.element ?? {}))].filter(isAssigned);
};

const flattenSubs = (schema: string | null, name: string, object: JsonObject): [string, Value][] =>
  Object.entries(object).map(([sub, json]) => [
    `${name}.${partName(schema, sub)}`,
    isList(json) ? null : toValue(sub, json),
  ]);

const isAssigned = ([, value]: readonly [string, Value]): boolean => value !== null;

/** Some targets keep booleans as the text they were sent in Entra's older dialect, "True" or "False". */
const toValue = (attribute: string, json: Json): Value => {
  if (isList(json)) {
    const texts = json.map((each) => scalar(each)).filter((each) => each !== null);
    return texts.length === 0 ? null : texts.map(String).toSorted();
  }
  const value = scalar(json);
  const boolean = ['active', 'primary'].includes(attribute.toLowerCase()) && typeof value === 'string';
  if (!boolean || !/^(true|false)$/i.test(value)) return value;
  return value.toLowerCase() === 'true';
};

const scalar = (json: Json): string | number | boolean | null => {
  const value = isObject(json) ? field(json, 'value') : json;
  return isObject(value) || isList(value) ? null : value;
};

/** Where the attributes of a path's schema are. */
export const containerOf = (resource: JsonObject, path: Path): JsonObject => {
  if (path.schema === null) return resource;
  const extension = field(resource, path.schema);
  return isObject(extension) ? extension : {};
};

const elementsOrTexts = (json: Json): readonly Json[] => (isList(json) ? json : []);
const elementsOf = (json: Json): readonly JsonObject[] => elementsOrTexts(json).filter(isObject);

const fits = (element: JsonObject, { filter }: Path): boolean => {
  if (filter === null) return true;
  const value = toValue(filter.attribute, field(element, filter.attribute));
  return typeof value === 'string' && typeof filter.value === 'string'
    ? value.toLowerCase() === filter.value.toLowerCase()
    : value === filter.value;
};

const preferred = (elements: readonly JsonObject[]): JsonObject | null =>
  elements.find((element) => field(element, 'primary') === true) ?? elements[0] ?? null;

const assignIn = (current: Json, path: Path, value: Value): Json => {
  const cleared = value === null || (isList(value) && value.length === 0);
  if (path.filter !== null) return assignElement(elementsOrTexts(current), path, cleared ? null : value);
  if (path.sub === null) return cleared ? null : toWire(path, value);
  const object = withField(isObject(current) ? current : {}, path.sub, cleared ? null : value);
  return isEmpty(object) ? null : object;
};

/** An element whose `value` is cleared goes as a whole: an e-mail address without the address is none. */
const assignElement = (list: readonly Json[], path: Path, value: Value): Json => {
  const element = preferred(list.filter(isObject).filter((each) => fits(each, path)));
  const { filter, sub } = path;
  if (filter === null || sub === null) return list;
  if (element === null) return value === null ? list : [...list, { [filter.attribute]: filter.value, [sub]: value }];
  const drop = value === null && sub === 'value';
  return list.flatMap((each) => (each !== element ? [each] : drop ? [] : [withField(element, sub, value)]));
};

/** Elements that hold nothing but how they are labelled are left out, and so is a list of none. */
const substance = (key: string, json: Json): [string, Json][] => {
  if (!isList(json)) return [[key, json]];
  const kept = json.filter(
    (each) => !isObject(each) || Object.keys(each).some((sub) => !['type', 'primary'].includes(sub)),
  );
  return kept.length === 0 ? [] : [[key, kept]];
};

const isEmpty = (object: JsonObject): boolean => Object.keys(object).length === 0;
