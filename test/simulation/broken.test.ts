/**
 * Every seed that broke a promise in the long run, whole, as it is drawn today: whatever mended it, none breaks one now. Those that do are told in
 * docs/seeds.md, and have to be, for as long as they do and no longer, with a promise that they break.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openSeeds } from '../../scripts/simulate/page.ts';
import { readLongRun } from '../../scripts/simulate/results.ts';
import { otherwiseThanTold } from './as-told.ts';
import { simulate } from './simulate.ts';
import type { Violation } from './violation.ts';

const open = openSeeds(readFileSync('docs/seeds.md', 'utf8'));
const broken = (readLongRun()?.broken ?? []).map(({ seed, bias, promises }) => ({
  ...{ seed, bias, promises },
  was: promises.join(', '),
  named: open.get(seed) ?? null,
}));

const play = async (seed: number, bias: string | null): Promise<readonly Violation[]> =>
  (await simulate({ seed, bias, only: null, keepsTrace: false })).violations;

describe('a seed of the long run that broke a promise', () => {
  it('is on record', () => {
    expect(broken.length).toBeGreaterThan(0);
    expect(new Set(open.keys()).difference(new Set(broken.map(({ seed }) => seed)))).toEqual(new Set());
  });

  it.each(broken.filter(({ named }) => named === null))(
    'keeps every promise now: $seed, which broke $was',
    async ({ seed, bias }) => {
      expect(await play(seed, bias)).toEqual([]);
    },
  );

  it.each(broken.flatMap(({ named, ...each }) => (named === null ? [] : [{ ...each, named, is: named.join(', ') }])))(
    'breaks $is still, as the page says: $seed, which broke $was',
    async ({ seed, bias, named, promises }) => {
      const violations = await play(seed, bias);
      const now = new Set(violations.map(({ invariant }) => invariant));
      expect(otherwiseThanTold(now, { named, once: promises }), violations.map(({ what }) => what).join('\n')).toEqual(
        [],
      );
    },
  );
});
