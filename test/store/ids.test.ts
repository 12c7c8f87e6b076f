import { expect, it } from 'vitest';
import { newId } from '../../src/store/ids.ts';

it('mints ids that say what they name and sort by the time they were made', () => {
  const made = Array.from({ length: 5_000 }, () => newId('run'));
  expect(made.toSorted()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
  for (const id of made) expect(id).toMatch(/^run_[0-9a-f]{12}7[0-9a-f]{19}$/);
});
