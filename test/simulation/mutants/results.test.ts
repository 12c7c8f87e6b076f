/** docs/reliability.md shows what is kept of the bugs that were put in (test/docs/generated.test.ts); here it is held against the bugs there are. */

import { describe, expect, it } from 'vitest';
import {
  isSeen,
  type MutantResult,
  readMutantResults,
  readStoreResults,
  unseenWithout,
} from '../../../scripts/simulate/results.ts';
import { storeMutants } from '../../store/mongo/mutants.ts';
import { layers, mutants } from './index.ts';

const results = readMutantResults()?.mutants ?? [];

describe('what is kept of the bugs that were put in', () => {
  it('is of every bug that there is, in their order, and of nothing else: npm run simulate:mutants -- --missing --write', () => {
    expect(results.map(({ name }) => name)).toEqual(mutants.map(({ name }) => name));
  });

  it('says of each where it was seen', () => {
    expect(results.filter((result) => !isSeen(result)).map(({ name }) => name)).toEqual([]);
  });

  it('is of layers that there are', () => {
    const known = new Set(layers.map(({ name }) => name));
    expect(results.flatMap(({ without }) => Object.keys(without)).filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('what is kept of the bugs in the stores of MongoDB', () => {
  it('is of every one of them, each seen by a test: npm run simulate:mutants -- --stores --write', () => {
    const stores = readStoreResults();
    expect(stores.map(({ name }) => name)).toEqual(storeMutants.map(({ name }) => name));
    expect(stores.filter(({ red }) => red.length === 0)).toEqual([]);
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
