/** One PATCH operation on the attributes of a resource (RFC 7644 §3.5.2.1 to §3.5.2.3), as a new set of attributes. */

import { type Attribute, attributeNamed, subAttributesOf } from './attribute.ts';
import { badRequest } from './errors.ts';
import type { Filter, PatchPath } from './filter.ts';
import { isList, isObject, isUnassigned, type Json, type JsonObject, sameJson } from './json.ts';
import { matches } from './match.ts';
import type { Knobs } from './personality.ts';
import { isPrimary, readSingle, readValue } from './validate.ts';

export type Verb = 'add' | 'replace' | 'remove';

type Editing = { readonly op: Verb; readonly path: PatchPath; readonly value: Json | undefined };
type ChangeOf = (attribute: Attribute, current: Json | undefined) => Json | undefined;

export function edit(attributes: JsonObject, { op, path, value }: Editing, knobs: Knobs): JsonObject {
  const put: ChangeOf = (attribute, current) => assign(attribute, current, op, value ?? null, knobs);
  const { filter, below } = path;
  if (filter === null) return at(attributes, path.steps, put);
  return at(attributes, path.steps, (attribute, current) => {
    const selection: Selection = { op, filter, below, value: value ?? null, knobs };
    return editSelected(attribute, isList(current) ? current : [], selection);
  });
}

/** Changes what stands at the steps, and builds or clears away what is above it. */
function at(container: JsonObject, steps: readonly Attribute[], change: ChangeOf): JsonObject {
  const [attribute, ...rest] = steps;
  if (attribute === undefined) return container;
  const current = container[attribute.name];
  if (rest.length === 0)
    return withValue(container, attribute, settled(attribute, current, change(attribute, current)));
  if (!attribute.multiValued)
    return withValue(container, attribute, at(isObject(current) ? current : {}, rest, change));
  if (!isList(current)) throw badRequest('noTarget', `There are no ${attribute.name} to change.`);
  const values = current.map((each) => (isObject(each) ? at(each, rest, change) : each));
  return withValue(container, attribute, settled(attribute, current, values));
}

/** `add` joins lists and merges objects, `replace` takes the place of lists and merges objects, `remove` clears. */
function assign(attribute: Attribute, current: Json | undefined, op: Verb, raw: Json, knobs: Knobs): Json | undefined {
  if (op === 'remove') return undefined;
  if (attribute.multiValued) {
    const values = readValue(attribute, isList(raw) || raw === null ? raw : [raw], knobs);
    return op === 'replace' ? values : joined(isList(current) ? current : [], isList(values) ? values : []);
  }
  if (attribute.type !== 'complex') return isUnassigned(raw) ? undefined : readSingle(attribute, raw, knobs);
  return isUnassigned(raw) ? undefined : merged(attribute, isObject(current) ? current : {}, op, raw, knobs);
}

/** "Sub-attributes that are not specified SHALL be left unchanged" (§3.5.2.3). */
function merged(attribute: Attribute, current: JsonObject, op: Verb, raw: Json, knobs: Knobs): JsonObject {
  const whole = isObject(raw) ? raw : readSingle(attribute, raw, knobs);
  if (!isObject(whole)) return current;
  let next = current;
  for (const [name, value] of Object.entries(whole)) {
    const sub = attributeNamed(subAttributesOf(attribute), name);
    if (sub === undefined) {
      if (knobs.unknownAttributes === 'ignored') continue;
      throw badRequest('invalidSyntax', `"${name}" is no sub-attribute of "${attribute.name}".`);
    }
    if (sub.mutability !== 'readOnly') next = withValue(next, sub, assign(sub, next[sub.name], op, value, knobs));
  }
  return next;
}

type Selection = {
  readonly op: Verb;
  readonly filter: Filter;
  readonly below: readonly Attribute[];
  readonly value: Json;
  readonly knobs: Knobs;
};

/** The values that meet the filter are changed, the others stay as they are. */
function editSelected(attribute: Attribute, current: readonly Json[], selection: Selection): Json | undefined {
  const { op, filter, below, value, knobs } = selection;
  const selected = (each: Json): each is JsonObject =>
    isObject(each) && matches(each, filter, { caseSensitive: false });
  if (!current.some(selected)) {
    if (op === 'remove') return current;
    if (!knobs.acceptsEntraDialect)
      throw badRequest('noTarget', `None of the ${attribute.name} meets the filter of the path.`);
    return [...current, changed(attribute, saidBy(filter), { ...selection, op: 'add' })];
  }
  if (op === 'remove' && below.length === 0) return current.filter((each) => !selected(each));
  // "All matching record values SHALL be replaced" (§3.5.2.3): as a whole, unlike a single complex attribute.
  if (op === 'replace' && below.length === 0) {
    const replacement = readSingle(attribute, value, knobs) ?? null;
    return current.map((each) => (selected(each) ? replacement : each));
  }
  return current.map((each) => (selected(each) ? changed(attribute, each, selection) : each));
}

function changed(attribute: Attribute, value: JsonObject, { op, below, value: raw, knobs }: Selection): JsonObject {
  if (below.length === 0) return merged(attribute, value, op, raw, knobs);
  return at(value, below, (sub, current) => assign(sub, current, op, raw, knobs));
}

/** What a filter of equalities says about the value it looks for; from it lenient targets make the value that is missing. */
function saidBy(filter: Filter): JsonObject {
  if (filter.kind === 'and') return { ...saidBy(filter.left), ...saidBy(filter.right) };
  return filter.kind === 'compare' && filter.operator === 'eq' ? { [filter.steps[0].name]: filter.value } : {};
}

/** §3.5.2.1: "If the value already exists, no changes SHOULD be made". */
const joined = (current: readonly Json[], added: readonly Json[]): readonly Json[] => [
  ...current,
  ...added.filter((value) => !current.some((each) => sameJson(each, value))),
];

/** §3.5.2: when an operation makes one value the primary, the former one is not primary any more. */
function settled(attribute: Attribute, before: Json | undefined, after: Json | undefined): Json | undefined {
  if (!attribute.multiValued || !isList(after)) return after;
  const primary = after.filter(isPrimary);
  if (primary.length <= 1) return after;
  const fresh = primary.filter((value) => !isList(before) || !before.includes(value));
  if (fresh.length !== 1) throw badRequest('invalidValue', `Only one of the ${attribute.name} may be the primary one.`);
  return after.map((value) =>
    isPrimary(value) && value !== fresh[0] && isObject(value) ? { ...value, primary: false } : value,
  );
}

function withValue(container: JsonObject, attribute: Attribute, value: Json | undefined): JsonObject {
  if (value !== undefined && !isUnassigned(value)) return { ...container, [attribute.name]: value };
  const { [attribute.name]: _gone, ...rest } = container;
  return rest;
}
