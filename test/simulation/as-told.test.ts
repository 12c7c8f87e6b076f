import { describe, expect, it } from 'vitest';
import { openSeeds } from '../../scripts/simulate/page.ts';
import { otherwiseThanTold } from './as-told.ts';

const page = `
- 1111 (I4). Mended.

Of those that do, these are open:

- 2222, 3333 (I1, \`reason\`). A manager stays. Of 3333 (a guess) the cause is known.
- 4444 (\`shrink\`). Not traced.

Others were the judge's own fault. 5555 (\`plan\`).
`;

describe('the list of what is open', () => {
  it('names seeds with the promises that they break', () => {
    expect([...openSeeds(page)]).toEqual([
      [2222, ['I1', 'reason']],
      [3333, ['I1', 'reason']],
      [4444, ['shrink']],
    ]);
  });

  it('is as told where a seed breaks what is named, and no more than that and what it broke once', () => {
    const told = { named: ['I1'], once: ['I1', 'I9'] };
    expect(otherwiseThanTold(new Set(['I1']), told)).toEqual([]);
    expect(otherwiseThanTold(new Set(['I1', 'I9']), told)).toEqual([]);
  });

  it('is not as told where a seed breaks another promise, or none any more', () => {
    const told = { named: ['I1'], once: ['I1', 'I9'] };
    expect(otherwiseThanTold(new Set(['I3']), told)).toEqual(['it keeps I1', 'it breaks I3']);
    expect(otherwiseThanTold(new Set(['I1', 'I2']), told)).toEqual(['it breaks I2']);
    expect(otherwiseThanTold(new Set(), told)).toEqual(['it keeps I1']);
    expect(otherwiseThanTold(new Set(['I1']), { named: [], once: ['I1'] })).toEqual(['it keeps ']);
  });
});
