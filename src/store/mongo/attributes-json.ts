/**
 * Attributes as one text: names in order, unassigned ones left out, so that equal attributes are equal texts. JSON writes a lone surrogate as an
 * escape (well-formed JSON.stringify, ECMA-262 §25.5.2), which BSON's UTF-8 could not hold, and reads `__proto__` as an ordinary name.
 */

import { hash } from 'node:crypto';
import { isUnassigned, sameAttributes } from '../../core/attributes.ts';
import type { Attributes, Value } from '../../model/source-object.ts';

export const canonical = (attributes: Attributes): string => {
  const assigned: Record<string, Value> = {};
  for (const name of inOrder(Object.keys(attributes))) {
    const value = attributes[name] ?? null;
    if (isUnassigned(value)) continue;
    // Setting this one would set the prototype.
    if (name === '__proto__') Object.defineProperty(assigned, name, { value, enumerable: true });
    else assigned[name] = value;
  }
  return JSON.stringify(assigned);
};

export const decode = (text: string): Attributes => JSON.parse(text);

/** Texts that differ may still mean the same: the values of a list have no order. */
export const sameWhenDecoded = (a: string, b: string): boolean => a === b || sameAttributes(decode(a), decode(b));

/** Enough of a canonical text to tell that it has not changed: the first 16 bytes of its SHA-256, a character each. */
export type Digest = string;
export const digestOf = (text: string): Digest => hash('sha256', text, 'binary').slice(0, 16);

/** A tenant's people have the same names in the same order, one after the other: they are sorted once. */
const inOrder = (names: readonly string[]): readonly string[] => {
  if (names.length !== last.names.length || names.some((name, at) => name !== last.names[at]))
    last = { names, sorted: [...names].sort() };
  return last.sorted;
};
let last: { readonly names: readonly string[]; readonly sorted: readonly string[] } = { names: [], sorted: [] };
