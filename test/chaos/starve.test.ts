import { expect, it } from 'vitest';
import { isEnough, starvations } from './starve.ts';

it('workers that ran out of memory prove nothing where nothing was written at a target meanwhile', () => {
  expect(isEnough({ starved: starvations, effects: 1 })).toBe(true);
  expect(isEnough({ starved: starvations, effects: 0 })).toBe(false);
  expect(isEnough({ starved: starvations - 1, effects: 4_000 })).toBe(false);
});
