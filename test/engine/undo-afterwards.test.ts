/** What the runs after an undo do: nothing of what was taken back comes again before somebody has looked. */

import { describe, expect, it } from 'vitest';
import { isUndoneMark } from '../../src/engine/undone-mark.ts';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId } from '../../src/model/ids.ts';
import { isDestructive } from '../../src/model/operation.ts';
import type { Target } from '../../src/target/target.ts';
import { why } from '../support/explaining.ts';
import { free, id, nameIn, type Story, story, target } from '../support/story.ts';
import { blunder, many, sorted, staffed } from '../support/undoing.ts';

describe('the undo of a provision run', () => {
  it('is not undone by the next run: what that would do waits as a plan, memberships too', async () => {
    const s = await staffed();
    const run = await blunder(s);
    await s.planUndo(run);
    await s.approve();
    const undone = sorted(s);
    s.hire('late');
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'plan_waits' } });
    await s.full();
    expect(sorted(s)).toEqual(undone);
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ kind: 'first', counts: { create: 1, disable: 20 } });
    expect(plan.counts.remove_members).toBe(3);
    expect(plan.counts.add_members).toBe(1);
    await s.approve();
    expect(s.accounts()).toMatchObject({ late: 'on', new: 'on', p29: 'off' });
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
  });

  it('is told to whoever asks why somebody is not as the tenant says, until somebody has looked', async () => {
    const s = await staffed();
    const run = await blunder(s);
    await s.planUndo(run);
    await s.approve();
    for (const of of ['p29', 'p1', 'staff']) {
      const { verdict, steps } = await why(s, id(of));
      expect([of, verdict.reason]).toEqual([of, 'run_undone']);
      expect(verdict.sentence).toContain(`run ${run.id} was taken back there`);
      expect(steps.find(({ state }) => state === 'stopped')?.says).toContain(run.id);
    }
    expect((await why(s, id('p5'))).verdict.reason).toBe('in_sync');
    await s.delta();
    expect((await why(s, id('p29'))).verdict.reason).toBe('plan_waits');
    await s.approve();
    expect((await why(s, id('p29'))).verdict.reason).toBe('soft_deleted');
  });

  it('leaves the target alone once the tenant is mended, and goes on as before when that was looked at', async () => {
    const s = await staffed();
    const before = sorted(s);
    const run = await blunder(s);
    await s.planUndo(run);
    await s.approve();
    for (let nth = 10; nth < many; nth += 1) s.hire(`p${nth}`, { jobTitle: 'clerk', manager: id('p0') });
    s.hire('p1', { jobTitle: 'clerk', manager: id('p0') });
    for (const name of ['p3', 'p10', 'p11']) s.directory.join(id('staff'), id(name));
    s.directory.remove(id('new'), 'soft_deleted');
    await s.delta();
    expect(await s.held(await s.newestPlan())).toEqual(['add_members 3', 'remove_members 1']);
    await s.approve();
    const { objects } = sorted(s);
    expect(objects.filter(([, { attributes }]) => attributes['externalId'] !== id('new'))).toEqual(before.objects);
    expect(sorted(s).members).toEqual(before.members);
  });
});

describe('an undo that the target refuses', () => {
  /** A target that takes nothing away, and two people for one of whom there are two accounts. */
  const refused = async (): Promise<Story> => {
    const s = await story({
      target: { limits: free, leftGroups: 'delete' },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal) => {
          if (isDestructive(operation.action)) throw new TargetError('rejected', 'Nobody leaves.');
          return await made.apply(operation, signal);
        },
      }),
    });
    for (const name of ['one', 'other'])
      s.remote.objects.set(remoteId(name), {
        type: 'user',
        remoteId: remoteId(name),
        attributes: { userName: 'bert@contoso.example', active: true },
      });
    s.hire('anna');
    s.hire('bert');
    s.found('staff');
    s.directory.join(id('staff'), id('anna'));
    await s.full();
    await s.planUndo(await s.provisioned());
    await s.approve();
    return s;
  };
  const escrowed = async (s: Story) =>
    (await s.stores.ledger.escrows(target, null, 100)).items
      .map(({ ref, reason }) => `${nameIn(ref.id)} ${reason}`)
      .sort();

  it('leaves nobody in escrow who is as the tenant has them, though the target waits for somebody to look', async () => {
    const s = await refused();
    expect(await escrowed(s)).toEqual(['anna target_rejected', 'bert ambiguous_match', 'staff target_rejected']);
    await s.delta();
    expect(await escrowed(s)).toHaveLength(3);
    s.pass(7 * 3_600_000);
    await s.delta();
    expect(await s.provisioned()).toMatchObject({
      state: 'partially_succeeded',
      counters: { failed: { ambiguous_match: 1 } },
    });
    expect(isUndoneMark(await s.stores.ledger.rules(target))).toBe(true);
    // Whose account it is nobody can say now either.
    expect(await escrowed(s)).toEqual(['bert ambiguous_match']);
  });
});

describe('what an undo leaves behind', () => {
  it('is a group whose members are told again: one that was deleted is in it once it is made anew', async () => {
    let refuses = false;
    const s = await story({
      target: { limits: free, leftGroups: 'delete' },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal) => {
          const of = 'remoteId' in operation ? s.remote.objects.get(operation.remoteId) : undefined;
          if (refuses && operation.action === 'delete' && of?.attributes['displayName'] === 'board')
            throw new TargetError('rejected', 'The board stays.');
          return await made.apply(operation, signal);
        },
      }),
    });
    for (const name of ['board', 'staff']) s.found(name);
    s.directory.join(id('board'), id('staff'));
    await s.full();
    s.pass(1_000);
    await s.planUndo(await s.provisioned());
    refuses = true;
    await s.approve();
    expect(Object.keys(s.groups())).toEqual(['board']);
    s.pass(1_000);
    await s.provision();
    await s.approve();
    expect(s.groups()).toEqual({ board: ['staff'], staff: [] });
  });

  describe('where it was to take somebody out of a group', () => {
    type Apply = Target['apply'];
    /** `how`: what the target does of it. */
    const tried = async (how: (apply: Apply) => Apply): Promise<Story> => {
      let isUndone = false;
      const s = await story({
        target: { limits: free },
        wrapTarget: (made) => ({
          ...made,
          apply: async (...asked) =>
            await (isUndone && asked[0].action === 'remove_members' ? how(made.apply) : made.apply)(...asked),
        }),
      });
      s.hire('anna');
      s.found('staff');
      await s.full();
      s.directory.join(id('staff'), id('anna'));
      await s.delta();
      s.pass(1_000);
      await s.planUndo(await s.provisioned());
      isUndone = true;
      await s.approve();
      isUndone = false;
      s.pass(7 * 3_600_000);
      await s.provision();
      return s;
    };

    it('is nobody whom the target refused to take out: they are in it, as the tenant says', async () => {
      const s = await tried(() => async () => {
        throw new TargetError('rejected', 'Nobody leaves.');
      });
      expect((await s.provisioned()).counters.skipped).not.toHaveProperty('confirmed_present');
      expect(s.groups()).toEqual({ staff: ['anna'] });
      expect(await s.stores.ledger.countEscrows(target)).toBe(0);
    });

    it('is in it again whoever was taken out, and was not seen to be', async () => {
      const s = await tried((apply) => async (...asked) => {
        await apply(...asked);
        throw new TargetError('rejected', 'They are shown still.', { code: 'not_applied' });
      });
      expect(s.groups()).toEqual({ staff: [] });
      await s.approve();
      expect(s.groups()).toEqual({ staff: ['anna'] });
      expect(await s.stores.ledger.countEscrows(target)).toBe(0);
    });
  });

  it('is taken away by the run after the plan that left it out, though no change tells of it any more', async () => {
    let unsure = false;
    const s = await staffed({
      wrapSource: (made) => ({
        ...made,
        confirm: async (refs, scope, signal) =>
          unsure ? new Map(refs.map(({ id: of }) => [of, 'unsure'])) : await made.confirm(refs, scope, signal),
      }),
    });
    s.directory.remove(id('p29'), 'soft_deleted');
    await s.delta();
    s.pass(1_000);
    await s.planUndo(await s.provisioned());
    await s.approve();
    expect(s.accounts()).toMatchObject({ p29: 'on' });
    s.pass(1_000);
    unsure = true;
    s.hire('p1', { jobTitle: 'king', manager: id('p0') });
    await s.delta();
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', counts: { update: 1, disable: 0 } });
    unsure = false;
    await s.approve();
    expect(s.accounts()).toMatchObject({ p29: 'off' });
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { disabled: 1 } });
  });
});

describe('a plan over a limit that waits when a run is taken back', () => {
  it.each([true, false])(
    'is left to the first plan after the undo, also where it is approved (%s)',
    async (isApproved) => {
      const deprovisions = { count: 21, percent: 100, floor: 0 };
      const s = await staffed({ target: { limits: { ...free, deprovisions } } });
      const run = await blunder(s);
      for (let nth = 4; nth < 8; nth += 1) s.directory.remove(id(`p${nth}`), 'soft_deleted');
      await s.delta();
      const held = await s.newestPlan();
      expect(held).toMatchObject({ kind: 'held', counts: { disable: 4 } });
      const standing = async () => (await s.stores.plans.get(held.id))?.standing.state;
      await s.planUndo(run);
      await s.approve();
      await s.delta();
      const first = await s.newestPlan();
      expect(first).toMatchObject({ kind: 'first', standing: { state: 'waiting' }, counts: { disable: 24 } });
      expect(await standing()).toBe('waiting');
      expect((await s.commands.waitingPlan(target))?.id).toBe(first.id);
      const before = sorted(s);
      if (isApproved) await s.commands.approvePlan(held.id, { by: 'anna', reason: 'It was asked for.' });
      await s.provisionAll();
      expect(sorted(s)).toEqual(before);
      expect(await standing()).toBe(isApproved ? 'approved' : 'waiting');
      expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { disabled: 24 } });
      await s.delta();
      await s.provision();
      expect(await standing()).toBe('superseded');
    },
  );
});
