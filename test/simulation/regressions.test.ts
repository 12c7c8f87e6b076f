/** Seeds in which something went wrong once, with the few faults and edits that it took: in the product, or in one with a bug put into it on purpose. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { simulate } from './simulate.ts';

const RegressionSchema = z.strictObject({
  /** What went wrong. */
  name: z.string(),
  seed: z.number(),
  /** What it leans to (bias.ts). */
  bias: z.string().nullable().default(null),
  only: z.array(z.string()),
});
const regressions = z
  .array(RegressionSchema)
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'regressions.json'), 'utf8')));

describe('what went wrong once', () => {
  it('is kept', () => {
    expect(regressions.length).toBeGreaterThan(0);
  });

  it.each(regressions.map((each) => [each.name, each] as const))('goes well: %s', async (_, { seed, only, bias }) => {
    const { violations, struck } = await simulate({ seed, bias, only: new Set(only), keepsTrace: false });
    expect(violations).toEqual([]);
    // One that meets no call any more proves nothing: look for what went wrong anew (decision 23), or take it out.
    expect(only.filter((fault) => !struck.some((name) => name === fault))).toEqual([]);
  });
});
