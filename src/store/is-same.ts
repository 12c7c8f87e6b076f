/** Compares what proves somebody, in a time that says nothing of where the two differ. */

import { timingSafeEqual } from 'node:crypto';

/** Lengths are told apart in bytes: a text of the same number of characters may have more of them. */
export const isSame = (one: string, other: string): boolean => {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
};
