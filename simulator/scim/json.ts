/** JSON as a type, and the few questions the simulator asks of it. */

import { createHash } from 'node:crypto';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** RFC 7643 §2.5: null, an empty list and absence all mean "unassigned"; so does an object without members. */
export const isUnassigned = (value: Json | undefined): boolean =>
  value === undefined ||
  value === null ||
  (isList(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0);

export const sameJson = (left: Json, right: Json): boolean => left === right || canonical(left) === canonical(right);

export const digest = (value: Json): string => createHash('sha256').update(canonical(value)).digest('hex');

/** The same text for the same value, whatever the order of names. */
function canonical(value: Json): string {
  if (isList(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`).join(',')}}`;
}
