/** Turns an update into PATCH operations of the set that strict and lenient servers apply alike (RFC 7644 §3.5.2). Pure. */

import type { Attributes, Value } from '../../model/source-object.ts';
import type { JsonObject } from '../../model/target-record.ts';
import { field, isList } from './json.ts';
import { elementText, type Path, parsePath, pathText } from './paths.ts';
import type { PatchOperation } from './requests.ts';
import { assign, containerOf, elementAt, toWire, valueAt } from './resource.ts';

/**
 * By what the target held last. `look`: what is there cannot be told from `before`, so the resource must be read first. That is so of a value that is
 * cleared and not known to be there, and of an element of a multi-valued attribute: a value path without such an element is an error on strict servers,
 * and adding a second one would double it on all others.
 */
export const operationsFrom = (before: Attributes, attributes: Attributes): readonly PatchOperation[] | 'look' => {
  const changes = changesOf(attributes, (text) => before[text] ?? null);
  const elements = elementsOf(changes);
  if (changes.some(isClearedUnknown) || elements.some(isSetUnknown)) return 'look';
  return [...plainOf(changes), ...elements.flatMap(inElement)];
};

/**
 * Of a resource that is not shown: what is cleared is removed, whatever was there. First with the elements of multi-valued attributes, which a strict
 * server refuses where there are none, then without. Null where an element would be set that may be there.
 */
export const operationsUnseen = (
  before: Attributes,
  attributes: Attributes,
): readonly [whole: readonly PatchOperation[], plain: readonly PatchOperation[]] | null => {
  const changes = changesOf(attributes, (text) => before[text] ?? null);
  if (elementsOf(changes).some(isSetUnknown)) return null;
  const asThere = changes.map((change) => (isClearedUnknown(change) ? { ...change, before: true } : change));
  const plain = plainOf(asThere);
  return [[...plain, ...elementsOf(asThere).flatMap(inElement)], plain];
};

/** By what the resource holds now. */
export const operationsOn = (resource: JsonObject, attributes: Attributes): readonly PatchOperation[] => {
  const changes = changesOf(attributes, (text) => valueAt(resource, parsePath(text)));
  const isThere = ([first]: readonly Change[]): boolean =>
    first !== undefined && elementAt(resource, first.path) !== null;
  const elements = elementsOf(changes).map((element) => (isThere(element) ? inElement(element) : newElement(element)));
  return [...plainOf(changes), ...elements.flat()];
};

/** The same without value paths, which some targets know only in part: the whole list is replaced by what it should be. */
export const operationsWithoutValuePaths = (
  resource: JsonObject,
  attributes: Attributes,
): readonly PatchOperation[] => {
  const changes = changesOf(attributes, (text) => valueAt(resource, parsePath(text)));
  const inLists = changes.filter(({ path }) => path.filter !== null);
  const merged = inLists.reduce((into, { path, value }) => assign(into, path, value), resource);
  const lists = new Map(inLists.map(({ path }) => [elementText({ ...path, filter: null }), path]));
  const replaced = [...lists].map(([path, parsed]): PatchOperation => {
    const list = field(containerOf(merged, parsed), parsed.attribute);
    return isList(list) && list.length > 0 ? { op: 'replace', path, value: list } : { op: 'remove', path };
  });
  return [...plainOf(changes), ...replaced];
};

type Change = { readonly path: Path; readonly value: Value; readonly before: Value };

const changesOf = (attributes: Attributes, before: (text: string) => Value): readonly Change[] =>
  Object.entries(attributes).map(([text, value]) => ({
    path: parsePath(text),
    value: assigned(value),
    before: assigned(before(text)),
  }));

const isClearedUnknown = ({ value, before }: Change): boolean => value === null && before === null;

const isSetUnknown = (element: readonly Change[]): boolean =>
  element.every(({ before }) => before === null) && element.some(({ value }) => value !== null);

const assigned = (value: Value): Value => (Array.isArray(value) && value.length === 0 ? null : value);

const plainOf = (changes: readonly Change[]): readonly PatchOperation[] =>
  changes.filter(({ path }) => path.filter === null).flatMap(plainOperation);

/** Changes of the same element of a multi-valued attribute, together. */
const elementsOf = (changes: readonly Change[]): readonly (readonly Change[])[] => {
  const inElements = changes.filter(({ path }) => path.filter !== null);
  return [...Map.groupBy(inElements, ({ path }) => elementText(path)).values()];
};

const plainOperation = ({ path, value, before }: Change): readonly PatchOperation[] => {
  if (value === null) return before === null ? [] : [{ op: 'remove', path: pathText(path) }];
  // Every account is either active or not, so there is always something to replace.
  const op = before === null && path.attribute !== 'active' ? 'add' : 'replace';
  return [{ op, path: pathText(path), value: toWire(path, value) }];
};

/** An element whose `value` is cleared goes as a whole: an e-mail address without the address is none. */
const inElement = (changes: readonly Change[]): readonly PatchOperation[] => {
  const cleared = changes.find(({ path, value }) => path.sub === 'value' && value === null);
  return cleared === undefined ? changes.flatMap(plainOperation) : [{ op: 'remove', path: elementText(cleared.path) }];
};

const newElement = (changes: readonly Change[]): readonly PatchOperation[] => {
  const [first] = changes;
  const values = changes.flatMap(({ path: { sub }, value }) =>
    sub === null || value === null ? [] : [[sub, value] as const],
  );
  if (first === undefined || first.path.filter === null || values.length === 0) return [];
  const { attribute, value } = first.path.filter;
  const element = { [attribute]: value, ...Object.fromEntries(values) };
  return [{ op: 'add', path: elementText({ ...first.path, filter: null }), value: [element] }];
};
