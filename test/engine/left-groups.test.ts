/** What becomes, at a target, of groups that leave: they are left alone unless somebody says otherwise, and counted apart from people. */

import { describe, expect, it } from 'vitest';
import { TargetError } from '../../src/model/errors.ts';
import { sourceId } from '../../src/model/ids.ts';
import { defaultLimits, type TargetRecord } from '../../src/model/target-record.ts';
import { why } from '../support/explaining.ts';
import { anyNumber, id, type Story, story } from '../support/story.ts';

const hourMs = 3_600_000;
const team = (nth: number): string => `team${nth}`;

/** So many teams with one person each, who is in everyone's group, too. */
const office = async (teams: number, record: Partial<TargetRecord> = {}): Promise<Story> => {
  const s = await story({ connection: { shrinkLimit: anyNumber }, target: record });
  s.found('all');
  for (let nth = 0; nth < teams; nth += 1) {
    s.hire(`p${nth}`);
    s.found(team(nth));
    s.directory.join(id(team(nth)), id(`p${nth}`));
    s.directory.join(id('all'), id(`p${nth}`));
  }
  await s.full();
  return s;
};

const end = (s: Story, from: number, to: number): void => {
  for (let nth = from; nth < to; nth += 1) s.directory.remove(id(team(nth)), 'deleted');
};
/** The first team, which was made and is met again some hours later. */
const isOursAndDeleted = async (s: Story): Promise<void> => {
  s.pass(7 * hourMs);
  await s.provision();
  expect((await why(s, id(team(1)))).link).toMatchObject({ by: 'created' });
  s.directory.remove(id(team(1)), 'deleted');
  await s.delta();
  expect(s.groups()).toEqual({});
};
const teamsAt = (s: Story): number => Object.keys(s.groups()).filter((name) => name.startsWith('team')).length;

describe('groups that leave', () => {
  it('all stay at a helpdesk that was told nothing of groups, whatever becomes of people there', async () => {
    const s = await office(40, { deprovision: { kind: 'delete' } });
    end(s, 0, 40);
    s.directory.remove(id('p0'), 'deleted');
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { skipped: { group_kept: 40 } } });
    expect(teamsAt(s)).toBe(40);
    expect(s.accounts()).not.toHaveProperty('p0');
    const { verdict, link } = await why(s, id(team(3)));
    expect(verdict).toMatchObject({
      reason: 'group_kept',
      owner: 'your_team',
      sentence: expect.stringContaining('groups that leave are left alone there'),
    });
    expect(link).toMatchObject({ by: 'created' });
  });

  it('keep their link, so that one that comes back is the same group with the members it has now', async () => {
    const s = await office(3);
    const before = s.groups();
    const remote = [...s.remote.objects.values()].find(({ attributes }) => attributes['displayName'] === team(1));
    s.directory.remove(id(team(1)), 'soft_deleted');
    await s.delta();
    expect(s.groups()).toEqual(before);
    s.directory.leave(id(team(1)), id('p1'));
    s.directory.join(id(team(1)), id('p2'));
    s.directory.restore(id(team(1)));
    await s.delta();
    expect(s.groups()[team(1)]).toEqual(['p2']);
    expect(
      [...s.remote.objects.values()].find(({ attributes }) => attributes['displayName'] === team(1))?.remoteId,
    ).toBe(remote?.remoteId);
  });

  it('stay when the scope loses a hundred of them by one edge', async () => {
    const s = await story({
      connection: { scope: { kind: 'groups', groups: [sourceId(id('root'))], nested: true }, shrinkLimit: anyNumber },
    });
    s.found('root');
    s.found('branch');
    s.hire('boss');
    s.directory.join(id('root'), id('boss'));
    s.directory.join(id('root'), id('branch'));
    for (let nth = 0; nth < 100; nth += 1) {
      s.found(team(nth));
      s.directory.join(id('branch'), id(team(nth)));
    }
    await s.full();
    expect(teamsAt(s)).toBe(100);
    s.directory.leave(id('root'), id('branch'));
    await s.full();
    s.pass(25 * hourMs);
    await s.provision('full');
    expect(teamsAt(s)).toBe(100);
  });

  it('are deleted where the policy says so: within a limit of their own, and else none of them', async () => {
    const s = await office(30, { leftGroups: 'delete' });
    end(s, 0, 3);
    await s.delta();
    expect(teamsAt(s)).toBe(27);
    s.pass(hourMs);
    end(s, 3, 13);
    s.directory.remove(id('p0'), 'deleted');
    await s.delta();
    const run = await s.provisioned();
    expect(run).toMatchObject({ state: 'held', problem: { code: 'guard_hold' } });
    expect(run.problem?.message).toContain('10 group deletes after 3 within 24 hours, where 3 are allowed');
    expect(teamsAt(s)).toBe(27);
    // People have a limit of their own.
    expect(s.accounts()).toMatchObject({ p0: 'off' });
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({
      exceeded: [{ limit: 'groupDeletes', wanted: 10, taken: 3, allowed: 3 }],
      countsOf: { user: { disable: 0 }, group: { delete: 10 } },
    });
    expect((await why(s, id(team(5)))).verdict.reason).toBe('guard_hold');
    await s.approve();
    expect(teamsAt(s)).toBe(17);
  });

  it('made-and-not-to-be-asked-for: are ours, and deleted so, also where the target could not be asked right after whether they were made', async () => {
    let isMade = false;
    const s = await story({
      target: { leftGroups: 'delete' },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...rest) => {
          const applied = await made.apply(operation, ...rest);
          if (operation.action !== 'create' || operation.ref.type !== 'group') return applied;
          isMade = true;
          throw new TargetError('unknown', 'The connection was reset.');
        },
        find: async (type, ...asked) => {
          if (isMade && type === 'group') throw new TargetError('rejected', 'The target answers 404 to everything.');
          return await made.find(type, ...asked);
        },
      }),
    });
    s.found(team(1));
    await s.full();
    expect(await s.provisioned()).toMatchObject({ counters: { failed: { target_rejected: 1 } } });
    isMade = false;
    await isOursAndDeleted(s);
  });

  it('made-and-not-shown: are ours, and deleted so, also where the target said that they were made, and showed them only later', async () => {
    let isBehind = false;
    const s = await story({
      target: { leftGroups: 'delete' },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...rest) => {
          const applied = await made.apply(operation, ...rest);
          if (operation.action !== 'create' || operation.ref.type !== 'group') return applied;
          isBehind = true;
          throw new TargetError('rejected', 'It was made, and is not shown.', { code: 'not_applied' });
        },
        find: async (...asked) => (isBehind ? [] : await made.find(...asked)),
      }),
    });
    s.found(team(1));
    await s.full();
    expect(await s.provisioned()).toMatchObject({ counters: { failed: { not_applied: 1 } } });
    isBehind = false;
    await isOursAndDeleted(s);
  });

  it('make no room in the limit for people, and people none in theirs', async () => {
    const s = await office(30, {
      leftGroups: 'delete',
      limits: { ...defaultLimits, deprovisions: { count: 2, percent: 100, floor: 0 } },
    });
    end(s, 0, 3);
    s.directory.remove(id('p20'), 'deleted');
    s.directory.remove(id('p21'), 'deleted');
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { removed: 3, disabled: 2 } });
  });

  it('bit by bit are held once the day took its share, and go on after it', async () => {
    const s = await office(30, { leftGroups: 'delete' });
    for (let nth = 0; nth < 8; nth += 1) {
      end(s, nth, nth + 1);
      await s.delta();
      s.pass(hourMs);
    }
    expect(teamsAt(s)).toBe(27);
    s.pass(24 * hourMs);
    await s.editTarget({ limits: { ...defaultLimits, groupDeletes: anyNumber } });
    await s.delta();
    expect(teamsAt(s)).toBe(22);
  });

  it('are looked at in a plan first when somebody has groups deleted from now on', async () => {
    const s = await office(20);
    end(s, 0, 2);
    await s.delta();
    await s.editTarget({ leftGroups: 'delete', autoApproveFirst: false });
    await s.provision();
    expect(teamsAt(s)).toBe(20);
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', countsOf: { group: { delete: 2 } } });
    await s.approve();
    expect(teamsAt(s)).toBe(18);
  });

  it('are not deleted by the undo of the run that made them, unless the policy has groups deleted', async () => {
    const undone = async (leftGroups: TargetRecord['leftGroups']): Promise<Story> => {
      const s = await office(2, { leftGroups });
      s.found('blunder');
      await s.delta();
      await s.planUndo(await s.provisioned());
      if ((await s.newestPlan()).counts.delete > 0) await s.approve();
      return s;
    };
    expect((await undone('leave')).groups()).toHaveProperty('blunder');
    expect((await undone('delete')).groups()).not.toHaveProperty('blunder');
  });
});
