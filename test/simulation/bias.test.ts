import { describe, expect, it } from 'vitest';
import { type Bias, biasNamed, biasNames } from './bias.ts';
import { chanceOf } from './chance.ts';
import { faultKinds } from './faults.ts';
import { mutants } from './mutants/index.ts';
import { simulate } from './simulate.ts';

const bias: Bias = { drawn: { lag: [0.8, 0.9] }, picked: { edit: ['left', 'nobody does this'] } };
const seeds = Array.from({ length: 50 }, (_, nth) => nth + 1);

describe('chance that leans', () => {
  it('draws one thing where it is told to, and all others as ever', () => {
    for (const seed of seeds) {
      const [even, leaning] = [chanceOf(seed), chanceOf(seed, bias)];
      expect(leaning.fraction('lag', 3)).toBeGreaterThanOrEqual(0.8);
      expect(leaning.fraction('lag', 3)).toBeLessThan(0.9);
      expect(leaning.fraction('tail', 3)).toBe(even.fraction('tail', 3));
    }
    expect(new Set(seeds.map((seed) => chanceOf(seed, bias).fraction('lag'))).size).toBe(seeds.length);
  });

  it('picks what it prefers more often than not, where that can be picked', () => {
    const picked = (list: readonly string[]) => seeds.map((seed) => chanceOf(seed, bias).pick(list, 'edit'));
    const left = picked(['joined', 'hired', 'left']).filter((name) => name === 'left').length;
    expect(left).toBeGreaterThan(seeds.length / 2);
    expect(left).toBeLessThan(seeds.length);
    expect(new Set(picked(['joined', 'hired']))).toEqual(new Set(['joined', 'hired']));
  });
});

/** What has to happen (required.ts), and chance alone brings about too seldom. */
const seldomOtherwise: readonly string[] = ['what is put right', 'Graph as it was observed', 'Graph at its strangest'];

describe('a bias', () => {
  it('has the names of faults that there are, and a bug that it is for or a world that is seldom otherwise', () => {
    const mixes = new Set(['mix share', ...faultKinds.flatMap((kind) => [`mix ${kind}`, `mix rate ${kind}`])]);
    const used = new Set(mutants.flatMap((mutant) => mutant.bias ?? []));
    for (const name of biasNames) {
      const mixed = Object.keys(biasNamed(name).drawn).filter((each) => each.startsWith('mix '));
      expect([name, mixed.filter((each) => !mixes.has(each))]).toEqual([name, []]);
      expect([...used, ...seldomOtherwise]).toContain(name);
    }
  });

  it('makes another run of the same seed, which is the same run every time', async () => {
    const ask = { seed: 7, only: null, keepsTrace: false, bias: 'previews' };
    const one = await simulate(ask);
    expect((await simulate({ ...ask, bias: null })).hash).not.toBe(one.hash);
    expect(await simulate(ask)).toEqual(one);
  });
});
