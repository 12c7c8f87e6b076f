/** Every seed that broke a promise in the long run, whole, as it is drawn today: whatever mended it, none breaks one now. */

import { describe, expect, it } from 'vitest';
import { readLongRun } from '../../scripts/simulate/results.ts';
import { simulate } from './simulate.ts';

const broken = readLongRun()?.broken ?? [];

describe('a seed of the long run that broke a promise', () => {
  it('is on record', () => {
    expect(broken.length).toBeGreaterThan(0);
  });

  it.each(broken.map(({ seed, bias, promises }) => ({ seed, bias, was: promises.join(', ') })))(
    'keeps every promise now: $seed, which broke $was',
    async ({ seed, bias }) => {
      const { violations } = await simulate({ seed, bias, only: null, keepsTrace: false });
      expect(violations).toEqual([]);
    },
  );
});
