/** What is kept of a round's leavings for the case that it breaks off. */

import { describe, expect, it } from 'vitest';
import { sourceId } from '../../../src/model/ids.ts';
import type { ObjectMessage } from '../../../src/model/source-message.ts';
import { group, user } from '../../../src/model/source-object.ts';
import { noneLeft, noteLeaving, noteLeft, withoutLeft } from '../../../src/source/graph/told.ts';

const staff = group(sourceId('staff'));
const people = Array.from({ length: 6_000 }, (_, nth) => user(sourceId(`person ${nth}`)));
const page = (of: 'added' | 'removed', members = people): readonly ObjectMessage[] => [
  { type: 'members', group: staff, members: { added: [], removed: [], [of]: members } },
];
const noneAdded = [{ type: 'members', group: staff, members: { added: [], removed: [] } }];

describe('whom a round tells to have left', () => {
  it('is kept as the newest five thousand, and nobody of them all is let back in by the round itself', () => {
    const left = noneLeft();
    for (let from = 0; from < people.length; from += 500)
      noteLeaving(left, page('removed', people.slice(from, from + 500)));
    expect(left.newest).toHaveLength(5_000);
    expect(withoutLeft(page('added'), left)).toEqual(noneAdded);
    const goneOn = noneLeft();
    noteLeft(goneOn, left.newest);
    expect(withoutLeft(page('added', people.slice(1_000)), goneOn)).toEqual(noneAdded);
    expect(withoutLeft(page('added', people.slice(0, 1_000)), goneOn)).toEqual(page('added', people.slice(0, 1_000)));
  });

  it('is not copied for a place before which nobody left', () => {
    const left = noneLeft();
    noteLeaving(left, page('removed'));
    const kept = left.newest;
    noteLeaving(left, page('added'));
    noteLeaving(left, page('removed', people.slice(-10)));
    expect(left.newest).toBe(kept);
  });
});
