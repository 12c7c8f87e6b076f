import { describe, expect, it } from 'vitest';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId } from '../../src/model/ids.ts';
import type { Attributes } from '../../src/model/source-object.ts';
import { why } from '../support/explaining.ts';
import { id, type Story, story, target } from '../support/story.ts';

/** A group that the people of the target made, with one of them in it. */
const local = (s: Story, name: string, attributes: Attributes = {}): void => {
  const group = remoteId(`g-${name}`);
  s.remote.objects.set(group, { type: 'group', remoteId: group, attributes: { displayName: name, ...attributes } });
  s.remote.members.set(group, new Set());
};
const reasons = async (s: Story): Promise<readonly string[]> =>
  (await s.stores.ledger.escrows(target, null, 10)).items.map(({ reason }) => reason);

/** A target that is kept in step already, with a group of its own; then anybody who may make groups makes one of that name. */
const namesake = async (attributes: Attributes = {}): Promise<Story> => {
  const s = await story();
  s.hire('mallory');
  await s.full();
  local(s, 'Administrators', attributes);
  s.directory.setGroup(id('evil'), { displayName: 'Administrators' });
  s.directory.join(id('evil'), id('mallory'));
  return s;
};

describe('a group of the target that was there before, and a group of the tenant with its name', () => {
  it('is neither taken over nor filled by a run that nobody looks at', async () => {
    const s = await namesake();
    expect(await s.delta()).toMatchObject({ state: 'succeeded' });
    expect(s.groups()).toEqual({ Administrators: [] });
    expect(s.remote.objects.get(remoteId('g-Administrators'))?.attributes).toEqual({ displayName: 'Administrators' });
    expect(await reasons(s)).toEqual(['unclaimed_group']);
    expect((await why(s, id('evil'))).verdict).toMatchObject({
      reason: 'unclaimed_group',
      owner: 'your_team',
      sentence: expect.stringContaining('was there before'),
      todo: expect.stringContaining('dry run'),
    });
    expect((await why(s, id('evil'), true)).live).toMatchObject({ kind: 'unclaimed_group', attribute: 'displayName' });
    await s.full();
    expect(s.groups()).toEqual({ Administrators: [] });
  });

  it('nor by the first run of a target whose first plan nobody has to approve', async () => {
    const s = await story();
    local(s, 'Administrators');
    s.hire('mallory');
    s.directory.setGroup(id('evil'), { displayName: 'Administrators' });
    s.directory.join(id('evil'), id('mallory'));
    await s.full();
    expect(s.groups()).toEqual({ Administrators: [] });
    expect(await reasons(s)).toEqual(['unclaimed_group']);
  });

  it('is made beside it once one of the two has another name', async () => {
    const s = await namesake();
    await s.delta();
    s.directory.setGroup(id('evil'), { displayName: 'Project Evil' });
    await s.delta();
    expect(s.groups()).toEqual({ Administrators: [], 'Project Evil': ['mallory'] });
    expect(await reasons(s)).toEqual([]);
  });

  it('is taken over with the plan of a dry run that somebody applies', async () => {
    const s = await namesake();
    await s.delta();
    await s.provision('full', true);
    expect(await s.held(await s.newestPlan())).toEqual(['add_members 1', 'update group']);
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(s.groups()).toEqual({ Administrators: ['mallory'] });
    expect(await reasons(s)).toEqual([]);
    s.hire('bert');
    s.directory.join(id('evil'), id('bert'));
    await s.delta();
    expect(s.groups()).toEqual({ Administrators: ['bert', 'mallory'] });
  });

  it('is taken over with the first plan, which somebody approves', async () => {
    const s = await story({ target: { autoApproveFirst: false } });
    local(s, 'Staff');
    s.hire('anna');
    s.found('staff', { displayName: 'Staff' });
    s.directory.join(id('staff'), id('anna'));
    await s.full();
    expect(s.groups()).toEqual({ Staff: [] });
    await s.approve();
    expect(s.groups()).toEqual({ Staff: ['anna'] });
  });

  it('is ours where it carries the id of this very group', async () => {
    const s = await namesake({ externalId: id('evil') });
    await s.delta();
    expect(s.groups()).toEqual({ Administrators: ['mallory'] });
  });
});

describe('a group that we make', () => {
  /** Tells of what it was sent, and keeps no `externalId` of groups, as many targets do. */
  const forgetful = (s: Story): void => {
    for (const [key, object] of s.remote.objects)
      if (object.type === 'group') {
        const { externalId: _, ...attributes } = object.attributes;
        s.remote.objects.set(key, { ...object, attributes });
      }
  };

  it('is ours also where the answer was lost, and the target keeps no id of it', async () => {
    let lose = true;
    const s: Story = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...rest) => {
          const applied = await made.apply(operation, ...rest);
          if (operation.action !== 'create' || operation.ref.type !== 'group' || !lose) return applied;
          lose = false;
          forgetful(s);
          throw new TargetError('unknown', 'The connection broke.');
        },
      }),
    });
    s.hire('anna');
    s.found('staff');
    s.directory.join(id('staff'), id('anna'));
    await s.full();
    expect(lose).toBe(false);
    expect(s.groups()).toEqual({ staff: ['anna'] });
    expect(await reasons(s)).toEqual([]);
  });

  it('and that the target did not know for a while is ours again by its name and its id there', async () => {
    let isAway = false;
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        get: async (...asked) => (isAway ? null : await made.get(...asked)),
        find: async (type, attribute, ...rest) => {
          const found = isAway ? [] : await made.find(type, attribute, ...rest);
          if (attribute === 'displayName') isAway = false;
          return found;
        },
        apply: async (operation, ...rest) => {
          if (isAway) throw new TargetError('gone', 'There is no such group.');
          return await made.apply(operation, ...rest);
        },
      }),
    });
    s.hire('anna');
    s.found('staff');
    s.directory.join(id('staff'), id('anna'));
    await s.full();
    forgetful(s);
    const [before] = [...s.remote.objects.values()].filter(({ type }) => type === 'group');
    if (before === undefined) throw new Error('There is no group.');
    // Renamed on both sides, so that there is something to write.
    s.remote.objects.set(before.remoteId, { ...before, attributes: { displayName: 'crew' } });
    s.directory.setGroup(id('staff'), { displayName: 'crew' });
    isAway = true;
    await s.full();
    expect(isAway).toBe(false);
    expect(await reasons(s)).toEqual([]);
    expect(s.groups()).toEqual({ crew: ['anna'] });
  });

  it('is not the one that the target says is there already, and shows only then', async () => {
    let hidden = true;
    const s: Story = await story({
      wrapTarget: (made) => ({
        ...made,
        find: async (type, ...rest) => (type === 'group' && hidden ? [] : await made.find(type, ...rest)),
        apply: async (operation, ...rest) => {
          if (operation.action !== 'create' || operation.ref.type !== 'group')
            return await made.apply(operation, ...rest);
          hidden = false;
          throw new TargetError('conflict', 'A group has this name.');
        },
      }),
    });
    local(s, 'staff');
    s.hire('anna');
    s.found('staff');
    s.directory.join(id('staff'), id('anna'));
    await s.full();
    expect(s.groups()).toEqual({ staff: [] });
    expect(await reasons(s)).toEqual(['unclaimed_group']);
  });
});
