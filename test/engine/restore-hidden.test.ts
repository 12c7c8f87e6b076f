import { describe, expect, it } from 'vitest';
import { TargetError } from '../../src/model/errors.ts';
import type { Attributes, ObjectType } from '../../src/model/source-object.ts';
import type { Target } from '../../src/target/target.ts';
import { delta, noticed, putBack, waitsFor } from '../support/put-back.ts';
import { id, type Story, type StoryOptions, story } from '../support/story.ts';

type Asked = { readonly type: ObjectType; readonly attributes: Attributes };
type Hiding = { is: boolean };

/** While it hides them, it refuses to show these by their ids, and says nothing else of them. `hasGroups`: whether it takes any meanwhile. */
const hiding = (hides: Hiding, isHidden: (one: Asked) => boolean, hasGroups: boolean): StoryOptions => ({
  wrapTarget: (made): Target => ({
    ...made,
    get capabilities() {
      return { ...made.capabilities, groups: hasGroups || !hides.is };
    },
    get: async (type, remoteId, signal) => {
      const remote = await made.get(type, remoteId, signal);
      if (hides.is && remote !== null && isHidden(remote))
        throw new TargetError('rejected', 'The target refuses to show this one.');
      return remote;
    },
  }),
});

describe('after a restore, what a target refuses to show', () => {
  describe('of a group that left, where it takes no groups any more', () => {
    const afterRestore = async (meanwhile: (lived: Story) => void): Promise<Story> => {
      const hides: Hiding = { is: false };
      const options = hiding(hides, ({ type }) => type === 'group', false);
      const until = async (s: Story): Promise<void> => {
        hides.is = false;
        for (const name of ['anna', 'ben']) s.hire(name);
        s.found('sales');
        await s.full();
        s.directory.remove(id('sales'), 'deleted');
        await s.delta();
        hides.is = true;
        await s.delta();
      };
      const lived = await story(options);
      await until(lived);
      meanwhile(lived);
      const s = await putBack(lived, until, options);
      await noticed(s);
      await delta(s);
      return s;
    };

    it('keeps nobody from going on where there is nothing to do', async () => {
      const s = await afterRestore(() => {});
      expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
      expect(await waitsFor(s)).toBe('nothing');
    });

    it('keeps nobody from being switched off by the plan that somebody approved', async () => {
      const s = await afterRestore((lived) => lived.directory.remove(id('ben'), 'deleted'));
      expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { disabled: 1 } });
      expect(await waitsFor(s)).toBe('nothing');
      expect(s.accounts()).toEqual({ anna: 'on', ben: 'off' });
    });
  });

  it('of the account of somebody who is here is told once more, by the plan, so that nobody stays off who was switched off in the time that was lost', async () => {
    const hides: Hiding = { is: false };
    const options = hiding(hides, ({ attributes }) => String(attributes['userName']).startsWith('dora'), true);
    const until = async (s: Story): Promise<void> => {
      for (const name of ['anna', 'ben', 'dora']) s.hire(name);
      await s.full();
    };
    const lived = await story(options);
    await until(lived);
    lived.hire('dora', { accountEnabled: false });
    await lived.delta();
    lived.hire('dora');
    const s = await putBack(lived, until, options);
    hides.is = true;
    await noticed(s);
    await delta(s);
    expect(await s.held(await s.newestPlan())).toEqual(['update user']);
    expect(s.accounts()).toEqual({ anna: 'on', ben: 'on', dora: 'off' });
    expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { updated: 1 } });
    expect(await waitsFor(s)).toBe('nothing');
    expect(s.accounts()).toEqual({ anna: 'on', ben: 'on', dora: 'on' });
  });

  describe('of the account of somebody who left', () => {
    const afterRestore = async (kind: 'none' | 'disable') => {
      const hides: Hiding = { is: false };
      const options: StoryOptions = {
        target: { deprovision: { kind } },
        ...hiding(hides, ({ attributes }) => String(attributes['userName']).startsWith('dora'), true),
      };
      const until = async (s: Story): Promise<void> => {
        for (const name of ['anna', 'ben', 'dora']) s.hire(name);
        await s.full();
        s.directory.remove(id('dora'), 'deleted');
        await s.delta();
      };
      const lived = await story(options);
      await until(lived);
      const s = await putBack(lived, until, options);
      hides.is = true;
      await noticed(s);
      await delta(s);
      return { s, lived };
    };

    it('keeps nobody from going on where leavers are left as they are', async () => {
      const { s } = await afterRestore('none');
      expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
      expect(await waitsFor(s)).toBe('nothing');
    });

    it('keeps nobody else from being switched off, now and later', async () => {
      const { s, lived } = await afterRestore('disable');
      expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
      expect(await waitsFor(s)).toBe('nothing');
      lived.directory.remove(id('ben'), 'deleted');
      await s.delta();
      expect(s.accounts()).toEqual({ anna: 'on', ben: 'off', dora: 'off' });
    });
  });
});
