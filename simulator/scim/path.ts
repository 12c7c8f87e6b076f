/** Attribute paths (RFC 7644 §3.10): `[URN ":"] attribute ["." sub-attribute]`, resolved against a resource type. */

import { type Attribute, attributeNamed, subAttributesOf } from './attribute.ts';
import { isList, isObject, type Json, type JsonObject } from './json.ts';
import type { ResourceType } from './schemas.ts';

/** From the resource down: an extension first if the path names one, then the attribute, then the sub-attribute. */
export type Steps = readonly [Attribute, ...Attribute[]];

/** Null when the type knows no such attribute. */
export function resolvePath(path: string, type: ResourceType): Steps | null {
  const lower = path.toLowerCase();
  const extension = type.extensions.find(
    (one) => lower === one.id.toLowerCase() || lower.startsWith(`${one.id.toLowerCase()}:`),
  );
  if (extension !== undefined) {
    const root = attributeNamed(type.attributes, extension.id);
    if (root === undefined) return null;
    const rest = path.slice(extension.id.length + 1);
    return rest === '' ? [root] : descend([root], rest.split('.'));
  }
  const core = `${type.core.id.toLowerCase()}:`;
  const [first = '', ...rest] = (lower.startsWith(core) ? path.slice(core.length) : path).split('.');
  const root = attributeNamed(type.attributes, first);
  return root === undefined ? null : descend([root], rest);
}

/** Every value at the path; those of multi-valued attributes one by one. */
export function valuesAt(container: JsonObject, steps: readonly Attribute[]): readonly Json[] {
  const [step, ...rest] = steps;
  if (step === undefined) return [];
  const value = container[step.name];
  const values = isList(value) ? value : value === undefined ? [] : [value];
  return rest.length === 0 ? values : values.filter(isObject).flatMap((each) => valuesAt(each, rest));
}

function descend(from: Steps, names: readonly string[]): Steps | null {
  let steps = from;
  for (const name of names) {
    const next = attributeNamed(subAttributesOf(steps.at(-1) ?? from[0]), name);
    if (next === undefined) return null;
    steps = [...steps, next];
  }
  return steps;
}
