/** Turns an update into PATCH operations of the set that strict and lenient servers apply alike (RFC 7644 §3.5.2). Pure. */

import type { Attributes, Value } from '../../model/source-object.ts';
import type { JsonObject } from '../../model/target-record.ts';
import { elementText, type Path, parsePath, pathText } from './paths.ts';
import type { PatchOperation } from './requests.ts';
import { elementAt, toWire, valueAt } from './resource.ts';

/**
 * One operation per path. Add, replace or remove is chosen by what the target holds: `resource` where it was read, else `before`.
 * `look`: whether an element of a multi-valued attribute exists cannot be told from `before`, so the resource must be read first. A value path
 * without such an element is an error on strict servers, and adding a second one would double it on all others.
 */
export const patchOperations = (
  attributes: Attributes,
  before: Attributes,
  resource: JsonObject | null,
): readonly PatchOperation[] | 'look' => {
  const changes = Object.entries(attributes).map(([text, value]) => {
    const path = parsePath(text);
    return {
      path,
      value: assigned(value),
      before: assigned(resource === null ? (before[text] ?? null) : valueAt(resource, path)),
    };
  });
  const plain = changes.filter(({ path }) => path.filter === null).flatMap(plainOperation);
  const elements = Map.groupBy(
    changes.filter(({ path }) => path.filter !== null),
    ({ path }) => elementText(path),
  );
  const inElements = [...elements].map(([element, some]) => elementOperations(element, some, resource));
  return inElements.includes('look')
    ? 'look'
    : [...plain, ...inElements.flatMap((some) => (some === 'look' ? [] : some))];
};

type Change = { readonly path: Path; readonly value: Value; readonly before: Value };

const plainOperation = ({ path, value, before }: Change): readonly PatchOperation[] => {
  if (value === null) return before === null ? [] : [{ op: 'remove', path: pathText(path) }];
  // Every account is either active or not, so there is always something to replace.
  const op = before === null && path.attribute !== 'active' ? 'add' : 'replace';
  return [{ op, path: pathText(path), value: toWire(path, value) }];
};

const elementOperations = (
  element: string,
  changes: readonly Change[],
  resource: JsonObject | null,
): readonly PatchOperation[] | 'look' => {
  const [first] = changes;
  if (first === undefined || changes.every(({ value, before }) => value === null && before === null)) return [];
  const known =
    resource === null ? changes.some(({ before }) => before !== null) : elementAt(resource, first.path) !== null;
  if (known) return inElement(element, changes);
  return resource === null ? 'look' : newElement(first.path, changes);
};

/** An element whose `value` is cleared goes as a whole: an e-mail address without the address is none. */
const inElement = (element: string, changes: readonly Change[]): readonly PatchOperation[] =>
  changes.some(({ path, value }) => path.sub === 'value' && value === null)
    ? [{ op: 'remove', path: element }]
    : changes.flatMap(plainOperation);

const newElement = (path: Path, changes: readonly Change[]): readonly PatchOperation[] => {
  const { filter } = path;
  const values = changes.flatMap(({ path: { sub }, value }) =>
    sub === null || value === null ? [] : [[sub, value] as const],
  );
  if (filter === null || values.length === 0) return [];
  const element = { [filter.attribute]: filter.value, ...Object.fromEntries(values) };
  return [{ op: 'add', path: elementText({ ...path, filter: null }), value: [element] }];
};

const assigned = (value: Value): Value => (Array.isArray(value) && value.length === 0 ? null : value);
