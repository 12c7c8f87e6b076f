/** Who was away for a part of a full read only: soon after it they are shown, and nothing of them is different (decision 34). */

import type { ObjectMessage } from '../../model/source-message.ts';
import type { Ref } from '../../model/source-object.ts';
import type { Known } from '../source.ts';
import type { GraphClient } from './client.ts';
import { isSoonAfterWhole, type Mark } from './places.ts';

/** Whom these changes show as they are stored. */
export type Unmoved = (changes: readonly ObjectMessage[]) => Promise<readonly Ref[]>;

/** A question each, and a list of members for each group. Of more in one round the next full sync finds what was missed. */
const mostAsked = 1_000;

export const unmovedSoonAfter = (mark: Mark, client: GraphClient, known: Known): Unmoved => {
  let left = isSoonAfterWhole(mark, client.world.now()) ? mostAsked : 0;
  return async (changes) => {
    if (left === 0) return [];
    const shown = changes.filter((change) => change.type === 'upsert').filter(({ whole }) => whole);
    const unchanged = await known.unchanged(shown);
    const refs = shown.map(({ ref }) => ref).filter(({ id }) => unchanged.has(id));
    const some = refs.slice(0, left);
    left -= some.length;
    return some;
  };
};
