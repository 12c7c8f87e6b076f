/** An undo that is carried out in pieces: in many turns, by a worker that dies, beside another plan, or never to its end. */

import { describe, expect, it } from 'vitest';
import { defaultTiming } from '../../src/engine/engine.ts';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { isUndoneMark } from '../../src/engine/undone-mark.ts';
import { TargetError } from '../../src/model/errors.ts';
import { isEnded, type Run } from '../../src/model/run.ts';
import { free, id, type Story, story, target } from '../support/story.ts';
import { blunder, sorted, staffed, word } from '../support/undoing.ts';

/** A worker that dies once, at the moment of this number after it was armed. */
const dyingAt = (moment: number) => {
  let passed = Number.NEGATIVE_INFINITY;
  return {
    arm: (): void => {
      passed = 0;
    },
    engine: {
      failpoint: async (): Promise<void> => {
        passed += 1;
        if (passed === moment) throw new Error('power cut');
      },
    },
  };
};

/** A worker dies as it carries the undo out, and then the rules change, so that nobody goes on with it; the next run looks at everybody. */
const undoneHalfway = async (s: Story, wrong: Run, arm: () => void): Promise<void> => {
  await s.planUndo(wrong);
  const { run } = await s.commands.approvePlan((await s.newestPlan()).id, word);
  arm();
  await expect(s.provisionAll()).rejects.toThrow('power cut');
  await s.editTarget({ deprovision: { kind: 'delete' } });
  s.pass(60_000);
  await s.provisionAll();
  expect((await s.ended(run)).state).toBe('failed');
  s.pass(1_000);
  await s.provision();
  await s.approve();
};

describe('the undo of a provision run', () => {
  it('comes to the same in many turns as in one', async () => {
    const whole = await staffed();
    await whole.planUndo(await blunder(whole));
    await whole.approve();
    const sliced = await staffed();
    await sliced.planUndo(await blunder(sliced));
    const once = sorted(whole);
    Object.assign(sliced.engine, { timing: { ...defaultTiming, sliceMs: -1 } });
    await sliced.approve();
    expect(sorted(sliced)).toEqual(once);
  });

  it('goes on after a worker died, and nobody writes to the target unseen in between', async () => {
    const clean = await staffed();
    await clean.planUndo(await blunder(clean));
    await clean.approve();
    const expected = sorted(clean);
    for (let nth = 1; nth <= 8; nth += 1) {
      const { arm, engine } = dyingAt(nth);
      const s = await staffed({ engine });
      await s.planUndo(await blunder(s));
      arm();
      const { run } = await s.commands.approvePlan((await s.newestPlan()).id, word);
      await s.provisionAll().catch(() => s.pass(60_000));
      await s.provisionAll();
      expect(await s.ended(run)).toMatchObject({ state: 'succeeded' });
      expect(sorted(s)).toEqual(expected);
      await s.delta();
      expect(sorted(s)).toEqual(expected);
    }
  });

  it('stands against a first plan that was being carried out, and waited for its second look meanwhile', async () => {
    const s = await staffed({ target: { autoApproveFirst: false } });
    await s.approve();
    s.pass(1_000);
    const wrong = await blunder(s);
    const record = await s.stores.targets.get(target);
    const mapping = record?.mapping ?? { user: [], group: [] };
    const title = mapping.user.filter(({ to }) => to !== 'title');
    await s.stores.targets.edit(target, record?.revision ?? 0, { mapping: { ...mapping, user: title } });
    s.directory.remove(id('p9'), 'deleted');
    await s.full();
    const first = await s.newestPlan();
    expect(first).toMatchObject({ kind: 'first', counts: { disable: 1 } });
    const { run } = await s.commands.approvePlan(first.id, word);
    await provisionTurn(s.engine, target, new AbortController().signal);
    expect(await s.ended(run)).toMatchObject({ state: 'waiting' });

    const { run: asked } = await s.commands.requestUndo(wrong.id);
    while (!isEnded((await s.ended(asked)).state)) await provisionTurn(s.engine, target, new AbortController().signal);
    const { run: undoing } = await s.commands.approvePlan((await s.newestPlan()).id, word);
    while (!isEnded((await s.ended(undoing)).state))
      await provisionTurn(s.engine, target, new AbortController().signal);
    expect(await s.ended(undoing)).toMatchObject({ state: 'succeeded' });
    const undone = sorted(s);

    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'rules_changed' } });
    expect((await s.stores.plans.get(first.id))?.standing).toMatchObject({ state: 'refused', why: 'undone_since' });
    expect(isUndoneMark(await s.stores.ledger.rules(target))).toBe(true);
    expect(sorted(s)).toEqual(undone);
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', standing: { state: 'waiting' } });
  });
});

describe('what an undo leaves behind', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'is nobody out of a group, or in it, of whom no run knows: the worker died at moment %d, and the rules changed before another went on',
    async (moment) => {
      const { arm, engine } = dyingAt(moment);
      const s = await story({ target: { limits: free }, engine });
      for (const name of ['anna', 'bert', 'cleo']) s.hire(name);
      s.found('staff');
      for (const name of ['bert', 'cleo']) s.directory.join(id('staff'), id(name));
      await s.full();
      s.pass(1_000);
      s.directory.join(id('staff'), id('anna'));
      s.directory.leave(id('staff'), id('bert'));
      await s.delta();
      s.pass(1_000);
      await undoneHalfway(s, await s.provisioned(), arm);
      expect(s.groups()).toEqual({ staff: ['anna', 'cleo'] });
    },
  );

  describe.each([1, 2, 3])('that died at moment %d, before the rules changed,', (moment) => {
    /** What a later run should have done with anna once the tenant said the opposite, the target refused; then the first run is undone. */
    const refusedSince = async (was: 'in' | 'out'): Promise<Story> => {
      const { arm, engine } = dyingAt(moment);
      let refuses = false;
      const s = await story({
        target: { limits: free },
        engine,
        wrapTarget: (made) => ({
          ...made,
          apply: async (...asked) => {
            if (refuses && 'members' in asked[0]) throw new TargetError('rejected', 'Not today.');
            return await made.apply(...asked);
          },
        }),
      });
      const turn = (isIn: boolean) =>
        isIn ? s.directory.join(id('staff'), id('anna')) : s.directory.leave(id('staff'), id('anna'));
      s.hire('anna');
      s.found('staff');
      if (was === 'in') turn(true);
      await s.full();
      s.pass(1_000);
      turn(was === 'out');
      await s.delta();
      s.pass(1_000);
      const wrong = await s.provisioned();
      turn(was === 'in');
      refuses = true;
      await s.delta();
      s.pass(1_000);
      refuses = false;
      expect(s.groups()).toEqual({ staff: was === 'in' ? [] : ['anna'] });
      await undoneHalfway(s, wrong, arm);
      return s;
    };

    it('is nobody in a group whom the tenant took out of it, and whom the run after could not take out', async () => {
      expect((await refusedSince('out')).groups()).toEqual({ staff: [] });
    });

    it('is nobody out of a group whom the tenant put into it, and whom the run after could not put in', async () => {
      expect((await refusedSince('in')).groups()).toEqual({ staff: ['anna'] });
    });
  });
});
