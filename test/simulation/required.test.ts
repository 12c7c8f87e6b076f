import { expect, it } from 'vitest';
import { missing } from './required.ts';
import { simulate } from './simulate.ts';
import { addTold, noSummary, type Summary } from './summary.ts';

const played = async (ask: Pick<Parameters<typeof simulate>[0], 'mix' | 'bias'>): Promise<Summary> => {
  const summary = noSummary();
  for (let seed = 1; seed <= 8; seed += 1)
    addTold(summary, await simulate({ seed, only: null, keepsTrace: false, ...ask }), true);
  return summary;
};
const lacks = (summary: Summary): readonly string[] => missing(summary, 1).map(({ what }) => what);

it('deaths-were-required-and-counted-without-any: that no fault killed a worker is missing, whoever is stopped', async () => {
  const calm = await played({ mix: {}, bias: 'a database that is put back' });
  expect(calm.happened['database.put_back']).toBeGreaterThan(0);
  expect(lacks(calm)).toContain('worker.died');
});

it('a worker that a fault killed has died', async () => {
  expect(lacks(await played({ bias: 'workers that die' }))).not.toContain('worker.died');
});
