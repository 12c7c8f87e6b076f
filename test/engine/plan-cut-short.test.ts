/** An approved plan whose worker dies: what it made is brought to what the plan holds, whatever happened to it meanwhile, and to nothing else. */

import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { noCounters } from '../../src/model/run.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createVault } from '../../src/store/vault.ts';
import { id, story, target } from '../support/story.ts';

it('brings an account that it made to what it holds, though somebody edited it before the worker after it came', async () => {
  const power = { isCut: false };
  const s = await story({
    target: { autoApproveFirst: false },
    engine: {
      failpoint: async (site) => {
        if (!power.isCut || site !== 'provision.applied') return;
        power.isCut = false;
        throw new Error('power cut');
      },
    },
  });
  s.hire('anna', { jobTitle: 'Clerk' });
  await s.full();
  const plan = await s.newestPlan();
  expect(plan).toMatchObject({ kind: 'first', counts: { create: 1, update: 0 } });
  const { run } = await s.commands.approvePlan(plan.id, { by: 'anna', reason: 'It looks right.' });
  power.isCut = true;
  await expect(provisionTurn(s.engine, target, new AbortController().signal)).rejects.toThrow('power cut');
  const made = s.account('anna');
  if (made === undefined) throw new Error('Nothing was made before the power was cut.');
  s.remote.objects.set(made.remoteId, { ...made, attributes: { ...made.attributes, title: 'By hand', nickName: 'A' } });
  // What the tenant says since is in no plan.
  s.directory.setUser(id('anna'), { jobTitle: 'Manager' });
  s.pass(31_000);
  await s.provisionAll();
  expect(s.account('anna')?.attributes).toMatchObject({ title: 'Clerk', nickName: 'A' });
  expect(await s.ended(run)).toMatchObject({ state: 'succeeded', plan: plan.id });
});

it('ends with the plan that is written, though a worker that was taken for dead has put its place back since', async () => {
  const power = { isCut: true };
  const places: string[] = [];
  const s = await story({
    target: { autoApproveFirst: false },
    stores: (now) => {
      const stores = createMemoryStores({ now, vault: createVault(randomBytes(32)) });
      const { runs, plans } = stores;
      return {
        ...stores,
        runs: {
          ...runs,
          progress: (run, report) => {
            if (typeof report.place === 'string') places.push(report.place);
            return runs.progress(run, report);
          },
        },
        plans: {
          ...plans,
          add: async (lease, plan) => {
            await plans.add(lease, plan);
            if (!power.isCut) return;
            power.isCut = false;
            throw new Error('power cut');
          },
        },
      };
    },
  });
  for (const name of ['anna', 'bob']) s.hire(name);
  await s.requestSync('full');
  await s.syncAll();
  await expect(provisionTurn(s.engine, target, new AbortController().signal)).rejects.toThrow('power cut');
  const { run } = await s.newestPlan();
  const [place] = places;
  if (place === undefined) throw new Error('The run noted no place.');
  // Where the run was before it had staged anything.
  const older = JSON.stringify({ ...JSON.parse(place), wave: 'objects', after: null, done: [] });
  await s.stores.runs.progress(run, { phase: 'objects', counters: noCounters, place: older });
  s.pass(31_000);
  await s.provisionAll();
  expect(await s.ended(await s.provisioned())).toMatchObject({ id: run, state: 'held' });
  expect(await s.newestPlan()).toMatchObject({ run, standing: { state: 'waiting' }, counts: { create: 2 } });
});
