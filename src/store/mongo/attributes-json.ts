/**
 * Attributes as one text: names in order, unassigned ones left out, so that equal attributes are equal texts. JSON writes a lone surrogate as an
 * escape (well-formed JSON.stringify, ECMA-262 §25.5.2), which BSON's UTF-8 could not hold, and reads `__proto__` as an ordinary name.
 */

import { hash } from 'node:crypto';
import { isUnassigned, sameAttributes } from '../../core/attributes.ts';
import type { Attributes, Value } from '../../model/source-object.ts';

export const canonical = (attributes: Attributes): string => {
  const names = Object.keys(attributes);
  const assigned: Record<string, Value | undefined> = { ...(areInOrder(names) ? attributes : inOrder(attributes)) };
  // JSON leaves out what is undefined. A copy keeps the fixed slots of its original, and is written twice as fast as what is put together anew.
  for (const name of names) if (isUnassigned(assigned[name] ?? null)) assigned[name] = undefined;
  return JSON.stringify(assigned);
};

export const decode = (text: string): Attributes => JSON.parse(text);

/** Texts that differ may still mean the same: the values of a list have no order. */
export const sameWhenDecoded = (a: string, b: string): boolean => a === b || sameAttributes(decode(a), decode(b));

/** Enough of a canonical text to tell that it has not changed: the first 16 bytes of its SHA-256, a character each. */
export type Digest = string;
export const digestOf = (text: string): Digest => hash('sha256', text, 'binary').slice(0, 16);

/** A tenant's people have the same names in the same order, one after the other: they are looked at once. */
const areInOrder = (names: readonly string[]): boolean => {
  if (names.length !== last.names.length || names.some((name, at) => name !== last.names[at]))
    last = { names, inOrder: names.every((name, at) => at === 0 || (names[at - 1] ?? '') < name) };
  return last.inOrder;
};
let last: { readonly names: readonly string[]; readonly inOrder: boolean } = { names: [], inOrder: true };

const inOrder = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
