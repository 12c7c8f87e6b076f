/** docs/reliability.md shows what is kept of the bugs that were put in (test/docs/generated.test.ts); here it is held against the bugs there are. */

import { describe, expect, it } from 'vitest';
import { isSeen, readMutantResults } from '../../../scripts/simulate/results.ts';
import { mutants } from './index.ts';

const results = readMutantResults()?.mutants ?? [];
const names = results.map(({ name }) => name);

describe('what is kept of the bugs that were put in', () => {
  it('is of bugs that there are, each once, in their order', () => {
    expect(names.length).toBeGreaterThan(0);
    expect(names).toEqual(mutants.map(({ name }) => name).filter((name) => names.includes(name)));
  });

  it('says of each where it was seen, or how many seeds did not show it', () => {
    for (const result of results)
      expect([result.name, isSeen(result) || result.tried > 0]).toEqual([result.name, true]);
  });
});
