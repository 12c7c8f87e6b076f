/** Turns a source object into what a target should hold, by the target's attribute mapping. */

import type { RemoteId, SourceId } from '../model/ids.ts';
import { sourceId } from '../model/ids.ts';
import { type MappingRule, switchPath } from '../model/mapping.ts';
import type { Link } from '../model/operation.ts';
import type { Attributes, SourceObject, Value } from '../model/source-object.ts';
import { attributeOf, isUnassigned, own, sameValue } from './attributes.ts';

export type Resolve = (id: SourceId) => RemoteId | undefined;

export type Mapped = {
  /** By target path. On create unassigned paths are left out; on update they are null where the rule clears. */
  readonly attributes: Attributes;
  /** References whose object has no remote id yet; their paths are not in `attributes`. */
  readonly unresolved: readonly { readonly path: string; readonly to: SourceId }[];
};

export const mapForCreate = (object: SourceObject, rules: readonly MappingRule[], resolve: Resolve): Mapped =>
  mapWith(rules, resolve, object, (rule, value) => {
    const filled = isUnassigned(value) ? rule.default : value;
    return isUnassigned(filled) ? undefined : filled;
  });

/** `told`: what the target was last told, by target path. */
export const mapForUpdate = (
  object: SourceObject,
  rules: readonly MappingRule[],
  resolve: Resolve,
  told: Attributes,
): Mapped =>
  mapWith(
    rules.filter((rule) => rule.apply === 'always'),
    resolve,
    object,
    (rule, value) => {
      if (!isUnassigned(value)) return value;
      return rule.whenNull === 'keep' || rule.to === switchPath || hasDefault(rule, told) ? undefined : null;
    },
  );

/**
 * What a value says of an account: true or false, also as text, as some sources and targets write them. Anything else says nothing of it, and nobody is
 * switched off by that.
 */
export const onOrOff = (value: Value): boolean | null => {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return text === 'true' ? true : text === 'false' ? false : null;
};

/** The default given on create stands for the unassigned value; it is not cleared by the next run because the value is unassigned. */
const hasDefault = (rule: MappingRule, told: Attributes): boolean =>
  !isUnassigned(rule.default) && sameValue(own(told, rule.to), rule.default);

/** What differs from the last known state, or may differ from it: the new values, and what they were. */
export const difference = (
  desired: Attributes,
  { pushed, mayHold = {}, looked }: Pick<Link, 'pushed' | 'mayHold' | 'looked'>,
): { readonly attributes: Attributes; readonly before: Attributes } => {
  const isKnown = (path: string): boolean => sameValue(own(desired, path), own(pushed, path));
  const isOpen = (path: string): boolean =>
    Object.hasOwn(mayHold, path) || (looked === true && !Object.hasOwn(pushed, path));
  const paths = Object.keys(desired).filter((path) => !isKnown(path) || isOpen(path));
  return {
    attributes: Object.fromEntries(paths.map((path) => [path, own(desired, path)])),
    // Of what is to be as it is known to be: what it is if it is not.
    before: Object.fromEntries(paths.map((path) => [path, own(isKnown(path) ? mayHold : pushed, path)])),
  };
};

/** The rules that point to other objects. */
export const references = (rules: readonly MappingRule[]): readonly MappingRule[] =>
  rules.filter((rule) => rule.kind === 'reference');

const mapWith = (
  rules: readonly MappingRule[],
  resolve: Resolve,
  object: SourceObject,
  decide: (rule: MappingRule, value: Value) => Value | undefined,
): Mapped => {
  const attributes: [string, Value][] = [];
  const unresolved: { path: string; to: SourceId }[] = [];
  for (const rule of rules) {
    const given = rule.kind === 'constant' ? rule.value : attributeOf(object, rule.from);
    const value = rule.to === switchPath ? onOrOff(given) : given;
    if (rule.kind !== 'reference' || typeof value !== 'string') {
      const decided = decide(rule, value);
      if (decided !== undefined) attributes.push([rule.to, decided]);
      continue;
    }
    const to = sourceId(value);
    const remote = resolve(to);
    if (remote === undefined) unresolved.push({ path: rule.to, to });
    else attributes.push([rule.to, remote]);
  }
  return { attributes: Object.fromEntries(attributes), unresolved };
};
