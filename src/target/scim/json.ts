/** The two shapes of JSON that have parts. */

import type { Json, JsonObject } from '../../model/target-record.ts';

export const isObject = (json: unknown): json is JsonObject =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

export const isList = (json: unknown): json is readonly Json[] => Array.isArray(json);

/** A member by its name in whatever case: attribute names are case-insensitive (RFC 7643 §2.1). Never an inherited one. */
export const field = (object: JsonObject, name: string): Json => {
  const key = keyFor(object, name);
  return Object.hasOwn(object, key) ? (object[key] ?? null) : null;
};

/** The key an object already uses for a name, or the name itself. Names of another length are another name. */
const keyFor = (object: JsonObject, name: string): string => {
  if (Object.hasOwn(object, name)) return name;
  const lower = name.toLowerCase();
  return Object.keys(object).find((key) => key.length === name.length && key.toLowerCase() === lower) ?? name;
};

/** The object with one member set, or taken away when it is null. */
export const withField = (object: JsonObject, name: string, json: Json): JsonObject => {
  const key = keyFor(object, name);
  if (json !== null) return { ...object, [key]: json };
  return Object.fromEntries(Object.entries(object).filter(([other]) => other !== key));
};
