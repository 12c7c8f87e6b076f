/**
 * Attributes as one text: names in order, unassigned ones left out, so that equal attributes are equal texts. JSON writes a lone surrogate as an
 * escape (well-formed JSON.stringify, ECMA-262 §25.5.2), which BSON's UTF-8 could not hold, and reads `__proto__` as an ordinary name.
 */

import { isUnassigned, sameAttributes } from '../../core/attributes.ts';
import type { Attributes } from '../../model/source-object.ts';

export const canonical = (attributes: Attributes): string =>
  JSON.stringify(
    Object.fromEntries(
      Object.keys(attributes)
        .sort()
        .flatMap((name) => {
          const value = attributes[name] ?? null;
          return isUnassigned(value) ? [] : [[name, value]];
        }),
    ),
  );

export const decode = (text: string): Attributes => JSON.parse(text);

/** Texts that differ may still mean the same: the values of a list have no order. */
export const sameWhenDecoded = (a: string, b: string): boolean => a === b || sameAttributes(decode(a), decode(b));
