/** Nobody is let go of who is in a group by a mistake still. */

import { describe, expect, it } from 'vitest';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import type { Operation } from '../../src/model/operation.ts';
import { group } from '../../src/model/source-object.ts';
import type { Target } from '../../src/target/target.ts';
import { id, nameIn, type Story, target } from '../support/story.ts';
import { linked, takenOver } from '../support/taken-over.ts';
import { leftOut } from '../support/undoing.ts';

describe('the undo of a run that took over the accounts of others, by a wrong matching rule', () => {
  describe('and put them into groups', () => {
    const withStaff = (s: Story): void => {
      s.found('staff');
      s.directory.join(id('staff'), id('anna'));
    };

    it('takes them out again before it lets go of them, though a later run told the group once more', async () => {
      const { s, run } = await takenOver(undefined, withStaff);
      await s.provision('full');
      s.pass(1_000);
      await s.planUndo(run);
      expect(await leftOut(s)).toEqual(['group_kept create staff -']);
      expect(await s.approve()).toMatchObject({ state: 'succeeded' });
      expect(s.groups()).toEqual({ staff: [] });
      expect(await linked(s)).toBe(0);
    });

    it('lets go of nobody whom the target does not take out: whoever has the account next would be in the group', async () => {
      const { s, run } = await takenOver(
        (made) => ({
          ...made,
          apply: async (operation, signal) => {
            if (operation.action === 'remove_members') throw new TargetError('rejected', 'Nobody leaves.');
            return await made.apply(operation, signal);
          },
        }),
        withStaff,
      );
      await s.planUndo(run);
      expect(await s.approve()).toMatchObject({ counters: { skipped: { not_given_back: 1 } } });
      expect(s.groups()).toEqual({ staff: ['xaver'] });
      expect(await linked(s)).toBe(1);
      expect(await leftOut(s)).toEqual(['group_kept create staff -', 'not_given_back update anna -']);
    });

    it('lets go of whoever was in a group that is gone: nobody is in it any more', async () => {
      const { s, run } = await takenOver(undefined, withStaff);
      await s.planUndo(run);
      s.pass(60_000);
      for (const [of, { type }] of s.remote.objects) if (type === 'group') s.remote.objects.delete(of);
      const { counters } = await s.approve();
      expect(counters.skipped).not.toHaveProperty('not_given_back');
      expect(await linked(s)).toBe(0);
      const waits: string[] = [];
      for await (const some of s.stores.ledger.waitingFor(target, [group(sourceId(id('staff')))]))
        waits.push(...some.map(({ to, want }) => `${want} ${nameIn(to)}`));
      expect(waits).not.toContain('remove anna');
    });

    it('lets go of nobody whose group is not deleted, because it could not be when the plan was made', async () => {
      let takesGroups = true;
      const { s, run } = await takenOver(
        (made) => ({
          ...made,
          capabilities: {
            ...made.capabilities,
            get groups() {
              return takesGroups;
            },
          },
        }),
        withStaff,
        { leftGroups: 'delete' },
      );
      takesGroups = false;
      await s.planUndo(run);
      takesGroups = true;
      await s.approve();
      expect(s.groups()).toEqual({ staff: ['xaver'] });
      expect(await linked(s)).toBe(1);
      expect(await leftOut(s)).toContain('not_given_back update anna -');
    });

    it('leaves whoever a later run put into another one, until that run is undone', async () => {
      const { s, run } = await takenOver(undefined, withStaff);
      s.found('board');
      s.directory.join(id('board'), id('anna'));
      await s.delta();
      s.pass(1_000);
      const later = await s.provisioned();
      await s.planUndo(run);
      expect(await leftOut(s)).toContain(`changed_since update anna ${later.id}`);
      s.pass(1_000);
      await s.planUndo(later);
      await s.approve();
      s.pass(1_000);
      await s.planUndo(run);
      expect(await s.approve()).toMatchObject({ state: 'succeeded' });
      expect(s.groups()).toEqual({ board: [], staff: [] });
      expect(await linked(s)).toBe(0);
    });

    /** In the tenant anna leaves the group, and bert with her; `how`: what the target does of it, once. */
    const leftSince = async (how: (apply: Target['apply']) => Target['apply']) => {
      let isOdd = false;
      const { s, run } = await takenOver(
        (made) => ({
          ...made,
          apply: async (...asked) => {
            if (!isOdd || asked[0].action !== 'remove_members') return await made.apply(...asked);
            isOdd = false;
            return await how(made.apply)(...asked);
          },
        }),
        (s) => {
          withStaff(s);
          s.directory.join(id('staff'), id('bert'));
        },
      );
      for (const name of ['anna', 'bert']) s.directory.leave(id('staff'), id(name));
      isOdd = true;
      await s.delta();
      s.pass(1_000);
      const later = await s.provisioned();
      expect(s.groups()).toEqual({ staff: ['anna'] });
      await s.planUndo(run);
      return { s, later };
    };

    const withoutXaver = (operation: Operation): Operation =>
      'members' in operation
        ? { ...operation, members: operation.members.filter(({ remoteId: of }) => of !== 'xaver') }
        : operation;

    it('takes out whom a later run was to take out, and the target refused to', async () => {
      const { s } = await leftSince((apply) => async (operation, signal) => ({
        ...(await apply(withoutXaver(operation), signal)),
        refused: [{ member: remoteId('xaver'), detail: 'The director stays.' }],
      }));
      expect(await s.approve()).toMatchObject({ state: 'succeeded' });
      expect(s.groups()).toEqual({ staff: [] });
      expect(await linked(s)).toBe(0);
    });

    it('leaves whoever may be in the group still: a later run took them out, and it was not seen', async () => {
      const { s, later } = await leftSince((apply) => async (operation, signal) => {
        await apply(withoutXaver(operation), signal);
        throw new TargetError('rejected', 'They are shown still.', { code: 'not_applied' });
      });
      expect(await leftOut(s)).toContain(`changed_since update anna ${later.id}`);
      expect(await s.newestPlan()).toMatchObject({ standing: { state: 'superseded', by: null } });
      expect(s.groups()).toEqual({ staff: ['anna'] });
      expect(await linked(s)).toBe(2);
    });

    it('goes by what was written last, and not by which run was asked for last', async () => {
      const { s, run } = await takenOver(undefined, withStaff);
      s.found('board');
      s.directory.join(id('board'), id('anna'));
      await s.delta();
      s.pass(1_000);
      await s.provisioned();
      s.directory.leave(id('board'), id('anna'));
      await s.delta();
      s.pass(1_000);
      await s.provisioned();
      expect(s.groups()).toEqual({ board: [], staff: ['anna'] });
      // The run that took her out waited: it had been asked for before the one that put her in.
      const { list } = s.stores.runs;
      Object.assign(s.stores.runs, {
        list: async (...asked: Parameters<typeof list>) => {
          const page = await list(...asked);
          return { ...page, items: page.items.toReversed() };
        },
      });
      await s.planUndo(run);
      expect((await leftOut(s)).filter((each) => each.startsWith('changed_since'))).toEqual([]);
    });
  });
});
