import { describe, expect, it } from 'vitest';
import { someoneCameBackChanged } from './came-back.ts';
import type { Person } from './directory.ts';

const ann: Person = {
  ...{ id: 'ann', standing: 'enabled', userPrincipalName: 'ann@contoso.example', displayName: 'Ann' },
  ...{ jobTitle: null, department: null, manager: null },
};

/** What Ann is by turns, a minute each, and a full read over the first two of them. */
const isMissed = (...turns: readonly Partial<Person>[]): boolean =>
  someoneCameBackChanged({
    directory: {
      history: turns.map((turn, nth) => ({
        at: nth * 60_000,
        truth: { people: new Map([[ann.id, { ...ann, ...turn }]]), groups: new Map() },
      })),
    },
    fullReads: [{ from: 0, to: 90_000 }],
  });

describe('somebody who came back while everybody was read', () => {
  it('and of whom something else changed soon, no round of changes tells from others', () => {
    expect(isMissed({ standing: 'recycled' }, {}, { displayName: 'Ann Berg' })).toBe(true);
  });

  it('is asked for their groups where nothing of them is different', () => {
    expect(isMissed({ standing: 'recycled' }, {}, {})).toBe(false);
  });

  it('is nobody where they are away still, or left after the read', () => {
    expect(isMissed({}, { standing: 'recycled' }, { standing: 'recycled', displayName: 'Ann Berg' })).toBe(false);
    expect(isMissed({}, {}, { standing: 'recycled' }, { displayName: 'Ann Berg' })).toBe(false);
  });
});
