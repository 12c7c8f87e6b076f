/** docs/reliability.md shows what is kept of the bugs that were put in (test/docs/generated.test.ts); here it is held against the bugs there are. */

import { describe, expect, it } from 'vitest';
import { layersText, mutantSummary, mutantTable } from '../../../scripts/simulate/page.ts';
import {
  isSeen,
  type MutantResult,
  mostSeeds,
  namesVersion,
  readMutantResults,
  readStoreResults,
  unseenWithout,
} from '../../../scripts/simulate/results.ts';
import { storeMutants } from '../../store/mongo/mutants.ts';
import { layers, layersBeside, type Mutant, mutants } from './index.ts';

const results = readMutantResults()?.mutants ?? [];
const looks = results.flatMap(({ name, alone, without }) =>
  [alone, ...Object.values(without)].map(({ commit, caught }) => ({ name, commit, caught })),
);

describe('what is kept of the bugs that were put in', () => {
  it('is of every bug that there is, in their order, and of nothing else: npm run simulate:mutants -- --missing --write', () => {
    expect(results.map(({ name }) => name)).toEqual(mutants.map(({ name }) => name));
  });

  it('says of each where it was seen', () => {
    expect(results.filter((result) => !isSeen(result)).map(({ name }) => name)).toEqual([]);
  });

  it('saw it with every layer in its place, or says which one covers it and why, and saw it without that one', () => {
    const covered = mutants.flatMap(({ name, coveredBy }) => (coveredBy === undefined ? [] : [{ name, coveredBy }]));
    const unseen = results.filter(({ alone }) => alone.caught === null);
    expect(unseen.map(({ name }) => name)).toEqual(covered.map(({ name }) => name));
    for (const { name, coveredBy } of covered)
      expect(results.find((each) => each.name === name)?.without[coveredBy.layer]?.caught).toEqual(expect.anything());
  });

  it('saw it in a seed that whoever plays them in order comes to', () => {
    const late = looks.filter(({ caught }) => caught !== null && caught.seed > mostSeeds);
    expect(late).toEqual([]);
  });

  it('names the version that it is of', () => {
    expect(looks.filter(({ commit }) => !namesVersion(commit))).toEqual([]);
  });

  it('is of layers that there are, and that say more than the bug alone', () => {
    const strange = mutants.flatMap((mutant) => {
      const beside = new Set(layersBeside(mutant).map(({ name }) => name));
      const looked = results.find(({ name }) => name === mutant.name)?.without ?? {};
      return Object.keys(looked).filter((name) => !beside.has(name));
    });
    expect(strange).toEqual([]);
  });
});

describe('what is kept of the bugs in the stores of MongoDB', () => {
  it('is of every one of them, each seen by a test: npm run simulate:mutants -- --stores --write', () => {
    const stores = readStoreResults();
    expect(stores.map(({ name }) => name)).toEqual(storeMutants.map(({ name }) => name));
    expect(stores.filter(({ red }) => red.length === 0)).toEqual([]);
    expect(stores.filter(({ commit }) => !namesVersion(commit))).toEqual([]);
  });
});

describe('a bug', () => {
  const seen = { commit: 'one', caught: { seed: 1, bias: null, promises: ['I1'] }, tried: 0 };
  const nothing = { commit: 'one', caught: null, tried: 400 };
  const result = (alone: MutantResult['alone'], without: MutantResult['without']): MutantResult => ({
    name: 'a bug',
    alone,
    without,
  });
  const both = [{ name: 'one layer' }, { name: 'another' }];

  it('is seen alone, or with a layer off; not where nothing showed it', () => {
    expect(isSeen(result(seen, {}))).toBe(true);
    expect(isSeen(result(nothing, { 'one layer': seen }))).toBe(true);
    expect(isSeen(result(nothing, { 'one layer': nothing }))).toBe(false);
  });

  it('that is seen alone is to be seen without any layer; whatever was not tried, or showed nothing, is told', () => {
    expect(unseenWithout(result(seen, { 'one layer': nothing }), both)).toEqual(['one layer', 'another']);
    expect(unseenWithout(result(seen, { 'one layer': seen, another: seen }), both)).toEqual([]);
    expect(unseenWithout(result(nothing, { 'one layer': seen }), both)).toEqual([]);
  });
});

describe('the layers that are taken away beside a bug', () => {
  const [layer, ...others] = layers;
  const bug: Mutant = { name: 'a bug', what: 'It is there.', edits: [] };
  const names = (mutant: Mutant) => layersBeside(mutant).map(({ name }) => name);

  it('are all, but for the one that it takes away itself, and the one whose work it spoils', () => {
    expect(names(bug)).toEqual(layers.map(({ name }) => name));
    const rest = others.map(({ name }) => name);
    expect(names({ ...bug, edits: layer?.edits ?? [] })).toEqual(rest);
    expect(names({ ...bug, within: [layer?.name ?? ''] })).toEqual(rest);
  });

  it('are named as they are called', () => {
    const known = new Set(layers.map(({ name }) => name));
    const named = mutants
      .flatMap(({ within = [], coveredBy }) => [...within, coveredBy?.layer])
      .filter((name) => name !== undefined);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('a version', () => {
  it('is named by a hash; not by zeros, nor where the sources were edited since, nor where there is no repository', () => {
    expect(['4f4a00a', '0000001'].filter(namesVersion)).toHaveLength(2);
    expect(['0000000', '4f4a00a+', 'unknown', ''].filter(namesVersion)).toEqual([]);
  });
});

describe('the page', () => {
  const [one, two, three] = mutants.map(({ name }) => name);
  const seen = { commit: '4f4a00a', caught: { seed: 1, bias: null, promises: ['I1'] }, tried: 0 };
  const inVain = (name = '', tried = 0, layer: MutantResult['alone'] = seen): MutantResult => ({
    name,
    alone: { commit: '4f4a00a', caught: null, tried },
    without: { limits: layer },
  });

  it('says how long a bug that a layer covers was looked for with every layer in its place', () => {
    const alone = { name: one ?? '', alone: seen, without: {} };
    expect(mutantSummary([alone, inVain(two, 100), inVain(three, 240)])).toContain(
      'of these 1 are seen with everything else in its place, 2 once the layer is off that covers them. With every layer in its place these 2 showed nothing in 100 to 240 seeds each.',
    );
    expect(mutantSummary([inVain(two, 100)])).toContain('these 1 showed nothing in 100 seeds each.');
    expect(mutantSummary([alone])).not.toContain('showed nothing');
    expect(mutantSummary([inVain(two, 100, { ...seen, caught: null })])).not.toContain('showed nothing');
  });

  it('says of how many versions its figures are, and how many looks are of each', () => {
    const newer = { ...seen, commit: '06d337e' };
    const of = (alone: MutantResult['alone'], without: MutantResult['without']) =>
      mutantSummary([{ name: one ?? '', alone, without }]);
    expect(of(seen, { fence: seen })).toContain('All of that is of one version, 4f4a00a.');
    expect(of(seen, { fence: newer, limits: newer })).toContain(
      'That is of 2 versions, and of none of them alone: of the 3 looks, each for one bug with everything in its place or with one layer off, 2 are of 06d337e, 1 of 4f4a00a.',
    );
  });

  it('names every version that something of a bug was looked for in, that of its seed first, and each once', () => {
    const newer = { ...seen, commit: '06d337e' };
    const row = (alone: MutantResult['alone'], without: MutantResult['without']) =>
      mutantTable([{ name: one ?? '', alone, without }])
        .split('\n')
        .find((line) => line.startsWith(`| **${one}.**`));
    expect(row(newer, { fence: seen, recovery: newer, limits: seen })).toContain('| 06d337e, 4f4a00a |');
    expect(row({ ...newer, caught: null, tried: 100 }, { fence: seen })).toContain('| fence | 4f4a00a, 06d337e |');
    expect(row(seen, { fence: seen })).toContain('| 4f4a00a |');
  });

  it('tells of every layer, and what holds while it is off', () => {
    for (const { name } of layers) expect(layersText()).toContain(name);
    expect(layersText()).toContain('limits (any number may be deprovisioned in a day)');
  });
});
