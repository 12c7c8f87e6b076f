/** What differs between two renderings of a record, one line per field. */

import type { Difference } from '../model/audit.ts';
import type { Json, JsonObject } from '../model/target-record.ts';

/** Objects are compared field by field, lists as a whole. Null stands for a record that is not there. */
export const differencesBetween = (before: JsonObject | null, after: JsonObject | null): readonly Difference[] =>
  within('', before ?? {}, after ?? {});

const within = (path: string, before: JsonObject, after: JsonObject): readonly Difference[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted().flatMap((name) => {
    const pointer = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const [was, is] = [before[name] ?? null, after[name] ?? null];
    if (isObject(was) && isObject(is)) return within(pointer, was, is);
    return canonicalJson(was) === canonicalJson(is) ? [] : [{ pointer, before: was, after: is }];
  });

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The one text of a value (RFC 8785): names in the order of their UTF-16 code units, no spaces. */
export const canonicalJson = (value: Json): string => {
  if (isObject(value))
    return `{${Object.keys(value)
      .toSorted()
      .map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] ?? null)}`)
      .join(',')}}`;
  return Array.isArray(value) ? `[${value.map(canonicalJson).join(',')}]` : JSON.stringify(value);
};
