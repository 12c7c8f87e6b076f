/** How attribute values are read and compared: `null`, absent and the empty list are the same, unassigned (RFC 7643 §2.5). */

import type { Attributes, SourceObject, Value } from '../model/source-object.ts';

const indexed = /^(?<name>.+)\[(?<index>\d+)\]$/;

/** A source attribute by name; `id` is the object's own id, `name[0]` the first of a list. */
export const attributeOf = (object: SourceObject, name: string): Value => {
  if (name === 'id') return object.ref.id;
  const groups = indexed.exec(name)?.groups;
  if (groups === undefined) return own(object.attributes, name);
  const list = own(object.attributes, groups['name'] ?? '');
  return Array.isArray(list) ? (list[Number(groups['index'])] ?? null) : null;
};

/** The attribute of exactly this name, never one inherited from the prototype. */
export const own = (attributes: Attributes, name: string): Value =>
  Object.hasOwn(attributes, name) ? (attributes[name] ?? null) : null;

export const isUnassigned = (value: Value): value is null =>
  value === null || (Array.isArray(value) && value.length === 0);

/** Says nothing of anybody: there is no value, or one without a sign in it. */
export const isBlank = (value: Value): boolean =>
  isUnassigned(value) || (typeof value === 'string' && value.trim() === '');

/** Lists are sets: SCIM and Graph promise no order of multi-valued attributes. */
export const sameValue = (a: Value, b: Value): boolean => {
  if (isUnassigned(a) || isUnassigned(b)) return isUnassigned(a) && isUnassigned(b);
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
  return a === b;
};

/** Equal up to how targets are known to rewrite values: case, white space, Unicode form, order. */
export const alike = (a: Value, b: Value): boolean => normal(a) === normal(b);

const normal = (value: Value): string => {
  if (isUnassigned(value)) return 'unassigned';
  const texts = (Array.isArray(value) ? value : [value]).map((each) =>
    String(each).normalize('NFC').trim().toLowerCase(),
  );
  return JSON.stringify(texts.toSorted());
};

export const sameAttributes = (a: Attributes, b: Attributes): boolean => {
  for (const name of Object.keys(a)) if (!sameValue(own(a, name), own(b, name))) return false;
  for (const name of Object.keys(b)) if (!Object.hasOwn(a, name) && !isUnassigned(own(b, name))) return false;
  return true;
};

/** `a` with `b` laid over it; what is unassigned afterwards is left out. Keys such as `__proto__` are ordinary names. */
export const merge = (a: Attributes, b: Attributes): Attributes =>
  Object.fromEntries(
    [...Object.entries(a).filter(([name]) => !Object.hasOwn(b, name)), ...Object.entries(b)].filter(
      ([, value]) => !isUnassigned(value),
    ),
  );
