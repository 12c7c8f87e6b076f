import { describe, expect, it } from 'vitest';
import { defaultMapping } from '../../src/core/default-mapping.ts';
import { delta, noticed, putBack, waitsFor } from '../support/put-back.ts';
import { id, type Story, type StoryOptions, story } from '../support/story.ts';

const until = async (s: Story): Promise<void> => {
  for (const name of ['anna', 'dora']) s.hire(name);
  await s.full();
};
const lockedByHand = (s: Story, name: string): void => {
  const account = s.account(name);
  if (account === undefined) throw new Error(`There is no account of ${name}.`);
  s.remote.objects.set(account.remoteId, { ...account, attributes: { ...account.attributes, active: false } });
};
/** By the tenant, so that we switched it off. */
const disabled = async (s: Story, name: string): Promise<void> => {
  s.hire(name, { accountEnabled: false });
  await s.delta();
};

describe('after a restore, the account of somebody who is away, that the record has on and the target off', () => {
  const leftAlone: StoryOptions = { target: { deprovision: { kind: 'none' } } };

  describe('where leavers are left as they are', () => {
    const afterRestore = async (
      options: StoryOptions = {},
      off: typeof lockedByHand | typeof disabled = lockedByHand,
    ) => {
      const lived = await story(leftAlone);
      await until(lived);
      await off(lived, 'dora');
      lived.directory.remove(id('dora'), 'soft_deleted');
      const s = await putBack(lived, until, { ...leftAlone, ...options });
      await noticed(s);
      return { s, lived };
    };

    it('stays off when they come back, and a reconcile run shows it', async () => {
      const { s, lived } = await afterRestore();
      await delta(s);
      expect(await waitsFor(s)).toBe('nothing');
      lived.directory.restore(id('dora'));
      await s.delta();
      expect(s.accounts()).toEqual({ anna: 'on', dora: 'off' });
      expect(await s.discrepancies(await s.reconcile())).toMatchObject([{ ref: { id: id('dora') } }]);
    });

    it('stays off also where it was the tenant that had it off, which nobody knows any more', async () => {
      const { s, lived } = await afterRestore({}, disabled);
      await delta(s);
      expect(await waitsFor(s)).toBe('nothing');
      lived.directory.restore(id('dora'));
      lived.hire('dora');
      await s.delta();
      expect(s.accounts()).toEqual({ anna: 'on', dora: 'off' });
      expect(await s.discrepancies(await s.reconcile())).toMatchObject([{ ref: { id: id('dora') } }]);
    });

    it('stays off also where they come back in the midst of the look', async () => {
      const own: { now: (() => Promise<void>) | null } = { now: null };
      const failpoint = async (site: string): Promise<void> => {
        const comesBack = own.now;
        if (comesBack === null || site !== 'provision.objects') return;
        own.now = null;
        await comesBack();
      };
      const { s, lived } = await afterRestore({ engine: { failpoint } });
      own.now = async () => {
        lived.directory.restore(id('dora'));
        await s.requestSync('delta');
        await s.syncAll();
      };
      await delta(s);
      await s.delta();
      expect(s.accounts()).toEqual({ anna: 'on', dora: 'off' });
    });

    it('has all else noted of it, so that they have it as the tenant says when they are back', async () => {
      const { s, lived } = await afterRestore();
      const account = s.account('dora');
      if (account === undefined) throw new Error('Dora has no account.');
      const attributes = { ...account.attributes, displayName: 'Dora of the lost day' };
      s.remote.objects.set(account.remoteId, { ...account, attributes });
      await delta(s);
      lived.directory.restore(id('dora'));
      await s.delta();
      expect(s.account('dora')?.attributes).toMatchObject({ displayName: 'dora', active: false });
    });
  });

  describe('where leavers are switched off, and the mapping says nothing of the switch', () => {
    const { user, group } = defaultMapping;
    const options: StoryOptions = { target: { mapping: { user: user.filter(({ to }) => to !== 'active'), group } } };
    const afterRestore = async (isBack: boolean) => {
      const lived = await story(options);
      await until(lived);
      lived.directory.remove(id('dora'), 'soft_deleted');
      await lived.delta();
      if (isBack) lived.directory.restore(id('dora'));
      const s = await putBack(lived, until, options);
      await noticed(s);
      await delta(s);
      return { s, lived };
    };

    it('is switched on when they come back', async () => {
      const { s, lived } = await afterRestore(false);
      lived.directory.restore(id('dora'));
      await s.approve();
      await s.delta();
      expect(s.accounts()).toEqual({ anna: 'on', dora: 'on' });
    });

    it('is switched on by the plan where they were back before the restore', async () => {
      const { s } = await afterRestore(true);
      expect(s.accounts()).toEqual({ anna: 'on', dora: 'off' });
      await s.approve();
      expect(s.accounts()).toEqual({ anna: 'on', dora: 'on' });
    });
  });
});
