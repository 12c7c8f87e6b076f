import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { biasNames } from './bias.ts';
import { isName } from './names.ts';
import { simulate } from './simulate.ts';

it.each(biasNames)('whatever happens in a run can be named: %s', async (bias) => {
  const { struck } = await simulate({ seed: 1, only: null, bias, keepsTrace: false });
  expect(struck.length).toBeGreaterThan(0);
  expect(struck.filter((name) => !isName(name))).toEqual([]);
});

it('and so can what the small runs that are kept consist of', () => {
  const kept = z
    .array(z.looseObject({ only: z.array(z.string()) }))
    .parse(JSON.parse(readFileSync('test/simulation/regressions.json', 'utf8')));
  expect(kept.flatMap(({ only }) => only).filter((name) => !isName(name))).toEqual([]);
});
