/** Two thousand whole Entrains, in processes of their own. What chance leaves out is aimed at, so that nothing passes because it was never tried. */

import { beforeAll, describe, expect, it } from 'vitest';
import { type Failure, type Many, simulateMany, type Work } from '../../scripts/simulate/many.ts';
import { missing } from './required.ts';

/** None is left out (docs/reliability.md). */
const open: readonly number[] = [];
const work: Work = {
  from: 1,
  to: 2_000,
  workers: 2,
  isCalm: false,
  planted: [],
  without: open,
  bias: null,
  ofEachBias: 4,
  aims: true,
  enough: 10,
};
/** Its processes give way to everybody else, but what hangs must end some time. */
const patienceMs = 1_200_000;

const again = ({ seed, aimed, bias, invariants }: Failure): string => {
  const named = Object.entries({ aimed, bias }).flatMap(([name, value]) =>
    value === null ? [] : [` --${name} '${value}'`],
  );
  return `${invariants.join(', ')}: npm run simulate -- --seed ${seed}${named.join('')}`;
};

describe('two thousand whole Entrains', () => {
  let many: Many;
  beforeAll(async () => {
    many = await simulateMany(work, () => {});
  }, patienceMs);

  it('keep every promise', () => {
    expect(many.failures.map(again)).toEqual([]);
    expect(many.summary.seeds).toBeGreaterThanOrEqual(work.to - open.length);
  });

  it('meet every fault wherever it can strike, trip every guard, and do all there is to do', () => {
    expect(missing(many.summary, 1)).toEqual([]);
  });
});

describe('a simulation', () => {
  it.each(['nobody is asked about again', 'no intent', 'members are replaced', 'all targets share their links'])(
    'sees a bug: %s',
    async (name) => {
      const { failures } = await simulateMany(
        { ...work, to: 400, workers: 1, aims: false, ofEachBias: 0, planted: [name], enough: 1 },
        () => {},
      );
      expect(failures).not.toEqual([]);
    },
    patienceMs,
  );
});
