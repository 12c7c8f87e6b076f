/** Compares what proves somebody, in a time that says nothing of where the two differ. Nothing else in the product does (test/architecture.test.ts). */

import { timingSafeEqual } from 'node:crypto';

/** Lengths are told apart in bytes: a text of the same number of characters may have more of them. */
export const isSame = (one: string | Uint8Array, other: string | Uint8Array): boolean => {
  const [left, right] = [bytesOf(one), bytesOf(other)];
  return left.length === right.length && timingSafeEqual(left, right);
};

const bytesOf = (one: string | Uint8Array): Uint8Array => (typeof one === 'string' ? Buffer.from(one) : one);
