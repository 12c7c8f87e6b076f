import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { targetId } from '../../src/model/ids.ts';
import { id, plainTarget, type Story, story, target } from '../support/story.ts';

const again = targetId('tgt_story_again');
const provisionAgain = async (s: Story): Promise<void> => {
  for (let turns = 0; turns < 20; turns += 1)
    if ((await provisionTurn(s.engine, again, new AbortController().signal)).next === 'done') return;
  throw new Error('The turns do not come to an end.');
};
const reconciliations = async (s: Story) =>
  (await s.stores.runs.list({ target: again, kind: 'reconcile' }, null, 10)).items;

describe('a target that is taken away, and added again when somebody has left meanwhile', () => {
  it('is compared after its first run, which finds the account of who left: no link names it, so nobody takes it away', async () => {
    const s = await story();
    for (const name of ['anna', 'mal']) s.hire(name);
    await s.full();
    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, { state: 'deleting' });
    s.directory.remove(id('mal'), 'soft_deleted');
    await s.delta();
    s.pass(60_000);
    await s.stores.targets.add({ ...plainTarget(s.now()), id: again }, {});
    await s.delta();
    await provisionAgain(s);
    expect(s.accounts()).toEqual({ anna: 'on', mal: 'on' });
    const [run, ...others] = await reconciliations(s);
    expect(run).toMatchObject({ state: 'succeeded', trigger: 'commit' });
    expect(others).toEqual([]);
    const { items } = await s.stores.discrepancies.page({ target: again, run: run?.id as never }, {}, null, 10);
    expect(items).toMatchObject([
      { kind: 'orphan', ref: { id: id('mal') }, gone: expect.any(String), by: 'externalId' },
    ]);
    s.hire('bert');
    await s.delta();
    await provisionAgain(s);
    expect(await reconciliations(s)).toHaveLength(1);
  });

  it('is not compared by itself where it was there from the beginning', async () => {
    const s = await story();
    s.hire('anna');
    await s.full();
    expect((await s.stores.runs.list({ target, kind: 'reconcile' }, null, 10)).items).toEqual([]);
  });
});
