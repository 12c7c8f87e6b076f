/**
 * Attributes as one text: names in order, unassigned ones left out, so that equal attributes are equal texts. JSON writes a lone surrogate as an
 * escape (well-formed JSON.stringify, ECMA-262 §25.5.2), which BSON's UTF-8 could not hold, and reads `__proto__` as an ordinary name.
 */

import { hash } from 'node:crypto';
import { isUnassigned, own, sameAttributes } from '../../core/attributes.ts';
import type { Attributes } from '../../model/source-object.ts';

export const canonical = (attributes: Attributes): string =>
  JSON.stringify(
    Object.fromEntries(
      inOrder(Object.keys(attributes)).flatMap((name) => {
        const value = attributes[name] ?? null;
        return isUnassigned(value) ? [] : [[name, value]];
      }),
    ),
  );

export const decode = (text: string): Attributes => JSON.parse(text);

/** Texts that differ may still mean the same: the values of a list have no order. */
export const sameWhenDecoded = (a: string, b: string): boolean => a === b || sameAttributes(decode(a), decode(b));

/**
 * Enough of the attributes to tell that they have not changed: the manager, which a full sync reads apart from all others (decision 2), and a digest
 * of the others. The digest begins with the version of this rule.
 */
export type Digest = { readonly digest: string; readonly manager: string };

export const digestOf = (attributes: Attributes): Digest => {
  const others: (string | Attributes[string])[] = [];
  for (const name of inOrder(Object.keys(attributes))) {
    const value = attributes[name] ?? null;
    if (name !== 'manager' && !isUnassigned(value)) others.push(name, value);
  }
  return {
    digest: `1${hash('sha256', JSON.stringify(others), 'base64url')}`,
    manager: textOf(own(attributes, 'manager')),
  };
};

/** A tenant's people have the same few sets of names, in the same order: each is sorted once. */
const inOrder = (names: readonly string[]): readonly string[] => {
  const key = JSON.stringify(names);
  const known = orders.get(key);
  if (known !== undefined) return known;
  const sorted = [...names].sort();
  if (orders.size >= mostOrders) orders.clear();
  orders.set(key, sorted);
  return sorted;
};
const orders = new Map<string, readonly string[]>();
const mostOrders = 1_000;

/** Whether attributes with this digest have these values. The values may be the manager alone. */
export const isHeld = (held: Digest, shown: Attributes): boolean => {
  const { digest, manager } = digestOf(shown);
  const names = Object.keys(shown);
  const isManagerShown = names.includes('manager');
  return (
    (!isManagerShown || manager === held.manager) && ((isManagerShown && names.length === 1) || digest === held.digest)
  );
};

const textOf = (value: Attributes[string]): string => (isUnassigned(value) ? '' : String(value));
