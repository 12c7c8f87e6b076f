import { describe, expect, it } from 'vitest';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId } from '../../src/model/ids.ts';
import type { Attributes } from '../../src/model/source-object.ts';
import { defaultLimits, type Limits } from '../../src/model/target-record.ts';
import { why } from '../support/explaining.ts';
import { free, id, type Story, story, target } from '../support/story.ts';

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
    s.pass(60_000);
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

  it.each(['unavailable', 'unknown'] as const)(
    'nor where the target cannot be asked then, and shows it to the next turn (%s)',
    async (fault) => {
      let seen: 'hidden' | 'away' | 'shown' = 'hidden';
      const s: Story = await story({
        wrapTarget: (made) => ({
          ...made,
          find: async (type, ...rest) => {
            if (type !== 'group' || seen === 'shown') return await made.find(type, ...rest);
            if (seen === 'hidden') return [];
            seen = 'shown';
            throw new TargetError(fault, 'The answer is lost.');
          },
          apply: async (operation, ...rest) => {
            if (operation.action !== 'create' || operation.ref.type !== 'group')
              return await made.apply(operation, ...rest);
            seen = 'away';
            throw new TargetError('conflict', 'A group has this name.');
          },
        }),
      });
      local(s, 'staff');
      s.hire('anna');
      s.found('staff');
      s.directory.join(id('staff'), id('anna'));
      await s.full();
      expect(seen).toBe('shown');
      expect(s.groups()).toEqual({ staff: [] });
      expect(await reasons(s)).toEqual(['unclaimed_group']);
    },
  );
});

describe('people who had accounts before', () => {
  /** A target that is kept in step already; then these come, who were invited to it by hand. */
  const invited = async (names: readonly string[], limits: Partial<Limits> = {}): Promise<Story> => {
    const s = await story({ target: { limits: { ...defaultLimits, ...limits } } });
    s.hire('anna');
    await s.full();
    come(s, names);
    return s;
  };
  const come = (s: Story, names: readonly string[]): void => {
    for (const name of names) {
      const account = remoteId(`r-${name}`);
      const attributes = { userName: `${name}@contoso.example`, active: true };
      s.remote.objects.set(account, { type: 'user', remoteId: account, attributes });
      s.hire(name);
    }
  };
  const ours = (s: Story): number =>
    [...s.remote.objects.values()].filter(({ attributes }) => attributes['externalId'] !== undefined).length - 1;
  const people = (from: number, to: number) => Array.from({ length: to - from }, (_, nth) => `p${from + nth}`);

  it('are taken over by an ordinary run, which says of each that it was', async () => {
    const s = await invited(people(0, 5));
    expect(await s.delta()).toMatchObject({ state: 'succeeded' });
    expect(ours(s)).toBe(5);
    const { items } = await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 100);
    expect(items.filter(({ cause }) => cause.why === 'adopted')).toHaveLength(5);
    await s.full();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
  });

  it('wait as a plan where there are more than may be taken over in a day with nobody looking', async () => {
    const s = await invited(people(0, 6));
    s.hire('zoe');
    await s.delta();
    expect(await s.provisioned()).toMatchObject({
      state: 'held',
      problem: { code: 'guard_hold', message: expect.stringContaining('6 accounts and groups taken over') },
      counters: { created: 1, skipped: { guard_hold: 6 } },
    });
    expect(ours(s)).toBe(1);
    expect(await s.newestPlan()).toMatchObject({
      kind: 'held',
      exceeded: [{ limit: 'adoptions', group: null, wanted: 6, taken: 0, allowed: 5 }],
    });
    expect((await why(s, id('p0'))).verdict.reason).toBe('guard_hold');
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(ours(s)).toBe(7);
  });

  it('are taken over by that plan though whoever they report to came with the run that held them', async () => {
    const s = await invited(people(0, 6));
    for (const name of people(0, 6)) s.hire(name, { manager: id('zoe') });
    s.hire('zoe');
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held', counters: { created: 1 } });
    expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { managersSet: 6 } });
    expect(ours(s)).toBe(7);
  });

  it('count together with those of the day before', async () => {
    const s = await invited(people(0, 4));
    await s.delta();
    come(s, people(4, 6));
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held' });
    expect(ours(s)).toBe(4);
    s.pass(25 * 3_600_000);
    await s.delta();
    expect(ours(s)).toBe(6);
  });

  it('are as many as come where nothing limits it, or as limited as somebody sets it', async () => {
    const free = await invited(people(0, 30), { adoptions: null });
    await free.delta();
    expect(ours(free)).toBe(30);
    const strict = await invited(people(0, 1), { adoptions: { count: 0, percent: 0, floor: 0 } });
    await strict.delta();
    expect(ours(strict)).toBe(0);
  });

  it('an-adoption-that-was-not-counted: count also where whoever takes one over lost theirs in the same run', async () => {
    const s = await story({
      target: { limits: { ...defaultLimits, adoptions: { count: 0, percent: 0, floor: 0 } } },
    });
    s.hire('ann');
    await s.full();
    s.pass(3_600_000);
    s.remote.objects.delete(s.account('ann')?.remoteId ?? remoteId(''));
    const other = remoteId('there-before');
    const attributes = { userName: 'anna@contoso.example', active: true };
    s.remote.objects.set(other, { type: 'user', remoteId: other, attributes });
    s.directory.setUser(id('ann'), { userPrincipalName: 'anna@contoso.example' });
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held', counters: { skipped: { guard_hold: 1 } } });
    expect(s.remote.objects.get(other)?.attributes).toEqual(attributes);
  });

  it('do not count as changed', async () => {
    const s = await invited(people(0, 5), { updates: { count: 1, percent: 0, floor: 0 } });
    await s.delta();
    expect(ours(s)).toBe(5);
  });
});

describe('an account that carries the id of somebody, and is called otherwise', () => {
  it('is theirs though the target refuses their name, and is switched off while they are disabled', async () => {
    const s = await story({
      target: { limits: free },
      wrapTarget: (inner) => ({
        ...inner,
        apply: async (operation, ...rest) => {
          if (operation.action === 'update' && 'userName' in operation.attributes)
            throw new TargetError('rejected', 'The name is reserved.');
          return await inner.apply(operation, ...rest);
        },
      }),
    });
    s.hire('ben');
    await s.full();
    s.hire('anna');
    const account = remoteId('from-before');
    const attributes = { userName: 'old-anna', externalId: id('anna'), active: true };
    s.remote.objects.set(account, { type: 'user', remoteId: account, attributes });
    await s.delta();
    expect(await reasons(s)).toEqual(['target_rejected']);
    s.directory.setUser(id('anna'), { accountEnabled: false });
    await s.delta();
    expect(s.remote.objects.get(account)?.attributes).toMatchObject({ userName: 'old-anna', active: false });
    expect(await reasons(s)).toEqual(['target_rejected']);
  });
});
