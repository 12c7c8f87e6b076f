/** Whom the lists of a target showed, small enough to be held of a target of millions: eight bytes each. */

import { createHash } from 'node:crypto';
import type { RemoteId } from '../model/ids.ts';

export type SeenAccounts = { has(id: RemoteId): boolean };

/** Two ids of one number are as good as never met (once in 3 million targets of a million accounts); then somebody who is missing is taken for seen. */
export const seenAccounts = async (pages: AsyncIterable<readonly RemoteId[]>): Promise<SeenAccounts> => {
  let numbers = new Float64Array(1_024);
  let count = 0;
  for await (const ids of pages) {
    for (const id of ids) {
      if (count === numbers.length) numbers = grown(numbers);
      numbers[count] = numberOf(id);
      count += 1;
    }
  }
  const sorted = numbers.subarray(0, count).sort();
  return { has: (id) => holds(sorted, numberOf(id)) };
};

const grown = (numbers: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
  const larger = new Float64Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
};

/** 48 bits of a digest, which a number holds exactly. */
const numberOf = (id: RemoteId): number => createHash('sha256').update(id).digest().readUIntBE(0, 6);

const holds = (sorted: Float64Array<ArrayBuffer>, wanted: number): boolean => {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = sorted[middle] ?? 0;
    if (found === wanted) return true;
    if (found < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return false;
};
