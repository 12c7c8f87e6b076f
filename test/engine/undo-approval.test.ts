/** Which runs may be undone, and when what was planned for it may still be carried out. */

import { describe, expect, it } from 'vitest';
import { runId } from '../../src/model/ids.ts';
import { id, target } from '../support/story.ts';
import { blunder, leftOut, sorted, staffed, word } from '../support/undoing.ts';

describe('the undo of a provision run', () => {
  it('is refused when the target was written to since it was planned, whatever else the tenant says', async () => {
    const s = await staffed();
    const run = await blunder(s);
    await s.planUndo(run);
    const plan = await s.newestPlan();
    s.directory.remove(id('p5'), 'soft_deleted');
    await s.requestSync('delta');
    await s.syncAll();
    for (const { id: queued } of (await s.stores.runs.list({ target, state: 'queued' }, null, 10)).items)
      await s.stores.runs.cancel(queued, s.now());
    await s.commands.approvePlan(plan.id, word);
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p29: 'on', p5: 'on' });
    const other = await staffed();
    const wrong = await blunder(other);
    await other.planUndo(wrong);
    const stale = await other.newestPlan();
    other.hire('late');
    await other.delta();
    await expect(other.commands.approvePlan(stale.id, word)).rejects.toMatchObject({ code: 'plan_moved' });
    await other.provisionAll();
    expect(await other.newestPlan()).toMatchObject({ kind: 'undo', amends: { run: wrong.id } });
  });

  it('is let through when a run since then found nothing to do, and only moved the position', async () => {
    const s = await staffed();
    const before = sorted(s);
    const run = await blunder(s);
    await s.planUndo(run);
    const plan = await s.newestPlan();
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { updated: 0 } });
    expect(await s.stores.ledger.position(target)).toBeGreaterThan(plan.basis.position ?? 0);
    expect(await s.approve()).toMatchObject({ state: 'succeeded', plan: plan.id });
    const { objects, members } = sorted(s);
    expect(objects.filter(([, { attributes }]) => attributes['externalId'] !== id('new'))).toEqual(before.objects);
    expect(members).toEqual(before.members);
  });

  it('asked-again-waits-with-nothing: is refused where all of it is taken back, with the run that did so', async () => {
    const s = await staffed();
    const run = await blunder(s);
    await s.planUndo(run);
    const by = await s.approve();
    await expect(s.commands.requestUndo(run.id)).rejects.toMatchObject({
      code: 'nothing_to_undo',
      message: `All that the run did was taken back by the run ${by.id}; nothing of it is left.`,
    });
  });

  it('asked-again-waits-with-nothing: is over at once where it holds nothing but what it leaves out, and says that', async () => {
    const s = await staffed({ target: { deprovision: { kind: 'none' } } });
    const run = await blunder(s);
    await s.planUndo(run);
    const first = await s.newestPlan();
    expect(await leftOut(s)).toEqual(['deprovision_off create new -']);
    const by = await s.approve();
    await s.planUndo(run);
    const second = await s.newestPlan();
    expect(second.id).not.toBe(first.id);
    expect(await leftOut(s)).toContain(`changed_since update p1 ${by.id}`);
    expect(second.standing).toEqual({ state: 'superseded', by: null });
    await expect(s.commands.approvePlan(second.id, word)).rejects.toMatchObject({
      code: 'plan_superseded',
      message: expect.stringContaining('It holds nothing: what the run did is taken back already, or is left out'),
    });
  });

  it('is refused for a run that wrote nothing, has not ended, or is too long ago', async () => {
    const s = await staffed();
    const run = await s.provisioned();
    const dry = await s.provision('delta', true);
    await expect(s.commands.requestUndo(dry.id)).rejects.toMatchObject({ code: 'nothing_to_undo' });
    const queued = await s.requestProvision();
    await expect(s.commands.requestUndo(queued.id)).rejects.toMatchObject({ code: 'run_not_ended' });
    await expect(s.commands.requestUndo(runId('run_none'))).rejects.toMatchObject({ code: 'not_found' });
    const sync = await s.delta();
    await expect(s.commands.requestUndo(sync.id)).rejects.toMatchObject({ code: 'not_a_provision_run' });
    s.pass(61 * 86_400_000);
    await expect(s.commands.requestUndo(run.id)).rejects.toMatchObject({ code: 'undo_too_late' });
  });
});
