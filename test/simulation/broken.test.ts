/**
 * Every seed that broke a promise in the long run, whole, as it is drawn today: whatever mended it, none breaks one now. Those that do are told in
 * docs/reliability.md, and have to be, for as long as they do and no longer.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openSeeds } from '../../scripts/simulate/page.ts';
import { readLongRun } from '../../scripts/simulate/results.ts';
import { simulate } from './simulate.ts';

const broken = (readLongRun()?.broken ?? []).map(({ seed, bias, promises }) => ({
  ...{ seed, bias },
  was: promises.join(', '),
}));
const open = openSeeds(readFileSync('docs/reliability.md', 'utf8'));

const play = async (seed: number, bias: string | null): Promise<readonly string[]> =>
  (await simulate({ seed, bias, only: null, keepsTrace: false })).violations.map(({ what }) => what);

describe('a seed of the long run that broke a promise', () => {
  it('is on record', () => {
    expect(broken.length).toBeGreaterThan(0);
    expect(open.difference(new Set(broken.map(({ seed }) => seed)))).toEqual(new Set());
  });

  it.each(broken.filter(({ seed }) => !open.has(seed)))(
    'keeps every promise now: $seed, which broke $was',
    async ({ seed, bias }) => {
      expect(await play(seed, bias)).toEqual([]);
    },
  );

  it.each(broken.filter(({ seed }) => open.has(seed)))(
    'breaks one still, as the page says: $seed, which broke $was',
    async ({ seed, bias }) => {
      expect(await play(seed, bias)).not.toEqual([]);
    },
  );
});
