import { describe, expect, it } from 'vitest';
import { defaultMapping } from '../../src/core/default-mapping.ts';
import { sourceId } from '../../src/model/ids.ts';
import { mappingRule } from '../core/builders.ts';
import { staff } from '../support/staff.ts';
import { connection, id, plainConnection, type Story, story } from '../support/story.ts';

/** Lists show none of them, with every sign of success. */
const vanish = (s: Story, from: number, to: number, letter = 'p'): void => {
  const names = Array.from({ length: to - from }, (_, nth) => `${letter}${from + nth}`);
  s.directory.liberties.unlisted = new Set([...s.directory.liberties.unlisted, ...names.map(id)]);
};
const allOn = (s: Story, count: number): boolean =>
  Object.values(s.accounts()).filter((state) => state === 'on').length === count;
const versionOf = async (s: Story): Promise<number> => (await s.stores.snapshots.head(connection)).version;

describe('a full sync that finds many missing', () => {
  it('is held: nothing of it is kept, and nobody loses anything', async () => {
    const s = await story();
    staff(s, 60);
    await s.full();
    const before = await versionOf(s);
    vanish(s, 40, 60);
    const run = await s.full();
    expect(run).toMatchObject({
      state: 'held',
      version: null,
      problem: { code: 'read_shrank', message: expect.stringContaining('20 of 60 known users are missing') },
      counters: { read: 40, skipped: { read_shrank: 20 } },
    });
    expect(await versionOf(s)).toBe(before);
    await s.provision();
    expect(allOn(s, 60)).toBe(true);
  });

  it('leaves the changes to the delta syncs meanwhile', async () => {
    const s = await story();
    staff(s, 60);
    await s.full();
    vanish(s, 40, 60);
    await s.full();
    s.hire('new');
    s.directory.remove(id('p0'), 'deleted');
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { created: 1, removed: 1 } });
    expect(s.accounts()).toMatchObject({ new: 'on', p0: 'off', p59: 'on' });
  });

  it('is held again each time, until the source shows them again', async () => {
    const s = await story();
    staff(s, 60);
    await s.full();
    vanish(s, 40, 60);
    expect(await s.full()).toMatchObject({ state: 'held' });
    expect(await s.full()).toMatchObject({ state: 'held' });
    s.directory.liberties.unlisted = new Set();
    expect(await s.full()).toMatchObject({ state: 'succeeded', counters: { removed: 0 } });
  });

  it('is let pass by a person for one run, and not for the next', async () => {
    const s = await story();
    staff(s, 60);
    await s.full();
    vanish(s, 40, 60);
    await s.full();
    expect(await s.full({ acceptShrink: true })).toMatchObject({ state: 'succeeded', counters: { removed: 20 } });
    vanish(s, 20, 40);
    expect(await s.full()).toMatchObject({ state: 'held' });
  });

  it('keeps what it was held for', async () => {
    const s = await story();
    staff(s, 60);
    await s.full();
    vanish(s, 40, 60);
    expect(await s.full()).toMatchObject({
      acceptShrink: null,
      shrink: { missing: { user: 20, group: 0 }, known: { user: 60, group: 0 }, drained: [] },
    });
  });

  it('is held again when more are missing than somebody saw and accepted', async () => {
    const s = await story();
    staff(s, 60);
    await s.full();
    vanish(s, 40, 60);
    await s.full();
    vanish(s, 39, 40);
    const more = await s.requestSync('full', { acceptShrink: true });
    await s.syncAll();
    expect(await s.ended(more)).toMatchObject({
      state: 'held',
      problem: { code: 'read_shrank', message: expect.stringContaining('21 of 60 known users are missing, not 20') },
      shrink: { missing: { user: 21 } },
    });
    const seen = await s.requestSync('full', { acceptShrink: true });
    await s.syncAll();
    expect(await s.ended(seen)).toMatchObject({ state: 'succeeded', counters: { removed: 21 } });
  });

  it('is held again when others are missing than those whom somebody saw', async () => {
    const s = await story();
    staff(s, 60);
    await s.full();
    vanish(s, 40, 60);
    await s.full();
    s.directory.liberties.unlisted = new Set();
    vanish(s, 0, 20);
    const others = await s.requestSync('full', { acceptShrink: true });
    await s.syncAll();
    expect(await s.ended(others)).toMatchObject({
      state: 'held',
      problem: { message: expect.stringContaining('20 of the 20 missing were not among those') },
    });
    expect(allOn(s, 60)).toBe(true);
  });

  it('passes when fewer are missing than were accepted, and hardly anybody else', async () => {
    const s = await story();
    staff(s, 60);
    await s.full();
    vanish(s, 40, 60);
    await s.full();
    s.directory.liberties.unlisted = new Set();
    vanish(s, 38, 55);
    const run = await s.requestSync('full', { acceptShrink: true });
    await s.syncAll();
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded', counters: { removed: 17 } });
  });

  it('passes when they are within the limit of the connection', async () => {
    const s = await story({ connection: { shrinkLimit: { count: 20, percent: 50, floor: 0 } } });
    staff(s, 60);
    await s.full();
    vanish(s, 40, 60);
    expect(await s.full()).toMatchObject({ state: 'succeeded', counters: { removed: 20 } });
    vanish(s, 19, 40);
    expect(await s.full()).toMatchObject({ state: 'held' });
  });

  it('is held for groups as for users', async () => {
    const s = await story();
    staff(s, 3);
    for (let nth = 0; nth < 12; nth += 1) s.found(`g${nth}`);
    await s.full();
    vanish(s, 0, 6, 'g');
    expect(await s.full()).toMatchObject({ state: 'held', problem: { message: expect.stringContaining('6 of 12') } });
  });

  it('is held when a scope that somebody chose anew leaves many out', async () => {
    const s = await story();
    staff(s, 60);
    s.found('few');
    for (let nth = 0; nth < 3; nth += 1) s.directory.join(id('few'), id(`p${nth}`));
    await s.full();
    await s.stores.connections.edit(connection, 1, {
      scope: { kind: 'groups', groups: [sourceId(id('few'))], nested: false },
    });
    expect(await s.full()).toMatchObject({ state: 'held', counters: { skipped: { read_shrank: 57 } } });
    expect(allOn(s, 60)).toBe(true);
    expect(await s.full({ acceptShrink: true })).toMatchObject({ state: 'succeeded', counters: { removed: 57 } });
  });
});

describe('a scope group that has no members any more', () => {
  const scoped = async () => {
    const s = await story({
      connection: {
        scope: { kind: 'groups', groups: [id('staff'), id('board')].map((each) => sourceId(each)), nested: false },
      },
    });
    for (const [group, members] of [
      ['staff', ['p0', 'p1', 'p2']],
      ['board', ['p3']],
    ] as const) {
      s.found(group);
      for (const member of members) {
        s.hire(member);
        s.directory.join(id(group), id(member));
      }
    }
    await s.full();
    return s;
  };

  it.each(['full', 'delta'] as const)('holds a %s sync, and is let pass by a person', async (mode) => {
    const s = await scoped();
    s.directory.leave(id('board'), id('p3'));
    expect(await s[mode]()).toMatchObject({
      state: 'held',
      problem: {
        code: 'read_shrank',
        message: expect.stringContaining(`nobody is in scope by group ${id('board')} any more`),
      },
    });
    expect(allOn(s, 4)).toBe(true);
    await s.full({ acceptShrink: true });
    expect(s.accounts()).toMatchObject({ p2: 'on', p3: 'off' });
    expect(await s.delta()).toMatchObject({ state: 'succeeded' });
  });

  it('holds nothing while one member is left', async () => {
    const s = await scoped();
    s.directory.leave(id('staff'), id('p0'));
    s.directory.leave(id('staff'), id('p1'));
    expect(await s.delta()).toMatchObject({ state: 'succeeded' });
    expect(s.accounts()).toMatchObject({ p0: 'off', p1: 'off', p2: 'on', p3: 'on' });
  });

  it.each(['full', 'delta'] as const)('holds a %s sync when most of a large one left it', async (mode) => {
    const s = await scoped();
    for (let nth = 10; nth < 30; nth += 1) {
      s.hire(`p${nth}`);
      s.directory.join(id('board'), id(`p${nth}`));
    }
    await s.full();
    for (let nth = 10; nth < 22; nth += 1) s.directory.leave(id('board'), id(`p${nth}`));
    const held = await s[mode]();
    expect(held).toMatchObject({
      state: 'held',
      problem: { message: expect.stringContaining(`most members are out of scope by group ${id('board')} (12 of 21)`) },
      shrink: { drained: [{ group: id('board'), lost: 12, of: 21 }] },
    });
    expect(allOn(s, 24)).toBe(true);
    expect(await s[mode]({ acceptShrink: true })).toMatchObject({ state: 'succeeded', counters: { removed: 12 } });
  });

  it('holds a delta sync that takes as many out of the scope as a full one would be held for', async () => {
    const s = await scoped();
    for (let nth = 10; nth < 80; nth += 1) {
      s.hire(`p${nth}`);
      s.directory.join(id(nth % 2 === 0 ? 'staff' : 'board'), id(`p${nth}`));
    }
    await s.full();
    for (let nth = 10; nth < 16; nth += 1) s.directory.leave(id(nth % 2 === 0 ? 'staff' : 'board'), id(`p${nth}`));
    expect(await s.delta()).toMatchObject({
      state: 'held',
      problem: { message: expect.stringContaining('6 of 74 known users are missing; up to 5 may be') },
    });
    s.directory.join(id('staff'), id('p10'));
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { removed: 5 } });
  });

  it('holds no delta sync for whom the tenant itself says that they left', async () => {
    const s = await scoped();
    for (let nth = 10; nth < 80; nth += 1) {
      s.hire(`p${nth}`);
      s.directory.join(id('staff'), id(`p${nth}`));
    }
    await s.full();
    for (let nth = 10; nth < 70; nth += 1) s.directory.remove(id(`p${nth}`), 'soft_deleted');
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { removed: 60 } });
  });

  it('holds nothing when the tenant says of each member that they left', async () => {
    const s = await scoped();
    s.directory.remove(id('p3'), 'soft_deleted');
    expect(await s.delta()).toMatchObject({ state: 'succeeded' });
    expect(s.accounts()).toMatchObject({ p0: 'on', p3: 'off' });
    expect(await s.delta()).toMatchObject({ state: 'succeeded' });
  });

  it('holds a run of that test group alone', async () => {
    const s = await story();
    staff(s, 3);
    s.found('pilots');
    for (const name of ['p0', 'p1']) s.directory.join(id('pilots'), id(name));
    await s.full();
    for (const name of ['p0', 'p1']) s.directory.leave(id('pilots'), id(name));
    expect(await s.full({ group: id('pilots') })).toMatchObject({ state: 'held' });
    expect(s.groups()['pilots']).toEqual(['p0', 'p1']);
  });
});

describe('a group inside one of the scope', () => {
  const join = (s: Story, group: string, names: readonly string[]): void => {
    for (const name of names) s.directory.join(id(group), id(name));
  };
  const team = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6'];
  /** `all` holds one person and the group `team`, and that one `night`. */
  const nested = async () => {
    const s = await story({
      connection: { scope: { kind: 'groups', groups: [sourceId(id('all'))], nested: true } },
    });
    staff(s, 10);
    for (const group of ['all', 'team', 'night']) s.found(group);
    join(s, 'all', ['p0', 'team']);
    join(s, 'team', [...team, 'night']);
    join(s, 'night', ['p7', 'p8']);
    await s.full();
    expect(allOn(s, 9)).toBe(true);
    return s;
  };
  const held = (group: string, of: number) => ({
    state: 'held',
    problem: { code: 'read_shrank', message: expect.stringContaining('nobody is in scope by group') },
    shrink: { drained: [{ group: id(group), lost: of, of }] },
  });

  it.each(['full', 'delta'] as const)('that is emptied of more than the floor holds a %s sync', async (mode) => {
    const s = await nested();
    for (const name of team) s.directory.leave(id('team'), id(name));
    expect(await s[mode]()).toMatchObject(held('team', 6));
    expect(allOn(s, 9)).toBe(true);
    expect(await s[mode]({ acceptShrink: true })).toMatchObject({ state: 'succeeded', counters: { removed: 6 } });
  });

  it.each(['full', 'delta'] as const)('that its last two people left holds no %s sync', async (mode) => {
    const s = await nested();
    for (const name of ['p7', 'p8']) s.directory.leave(id('night'), id(name));
    expect(await s[mode]()).toMatchObject({ state: 'succeeded', counters: { removed: 2 } });
    expect(s.accounts()).toMatchObject({ p6: 'on', p7: 'off', p8: 'off' });
  });

  it.each(['full', 'delta'] as const)('that is taken out of it holds a %s sync, with those below it', async (mode) => {
    const s = await nested();
    s.directory.leave(id('all'), id('team'));
    expect(await s[mode]()).toMatchObject(held('team', 8));
    expect(allOn(s, 9)).toBe(true);
  });

  it.each(['full', 'delta'] as const)('that is deleted holds a %s sync', async (mode) => {
    const s = await nested();
    s.directory.remove(id('team'), 'soft_deleted');
    expect(await s[mode]()).toMatchObject(held('team', 8));
  });

  it('that is deleted with as few as the floor holds nothing', async () => {
    const s = await nested();
    s.directory.remove(id('night'), 'soft_deleted');
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { removed: 3 } });
  });

  it.each(['taken out of it', 'emptied of these', 'deleted with these'] as const)(
    'that is one of many small ones holds a delta sync when it is %s, however few are in each',
    async (way) => {
      const s = await nested();
      const small = ['early', 'late', 'weekend'];
      for (const group of ['shifts', ...small]) s.found(group);
      join(s, 'all', ['shifts']);
      join(s, 'shifts', small);
      for (const [nth, group] of small.entries())
        for (const person of ['a', 'b']) {
          s.hire(`${person}${nth}`);
          join(s, group, [`${person}${nth}`]);
        }
      await s.full();
      if (way === 'taken out of it') s.directory.leave(id('all'), id('shifts'));
      if (way === 'emptied of these') for (const group of small) s.directory.leave(id('shifts'), id(group));
      if (way === 'deleted with these')
        for (const group of [...small, 'shifts']) s.directory.remove(id(group), 'soft_deleted');
      expect(await s.delta()).toMatchObject(held('shifts', 6));
      expect(allOn(s, 15)).toBe(true);
    },
  );

  it('that is taken out of it holds a run of the test group alone', async () => {
    const s = await nested();
    s.directory.leave(id('all'), id('team'));
    expect(await s.full({ group: id('all') })).toMatchObject(held('team', 8));
    expect(allOn(s, 9)).toBe(true);
  });

  it('holds nothing while its members are in scope by another one', async () => {
    const s = await nested();
    for (const name of team) s.directory.leave(id('team'), id(name));
    join(s, 'night', team);
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { removed: 0 } });
    s.directory.leave(id('team'), id('night'));
    join(s, 'all', ['night']);
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { removed: 0 } });
    expect(allOn(s, 9)).toBe(true);
  });

  it('holds nothing when somebody of several left it, or its members left the tenant', async () => {
    const s = await nested();
    s.directory.leave(id('team'), id('p1'));
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { removed: 1 } });
    for (const name of ['p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8']) s.directory.remove(id(name), 'soft_deleted');
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { removed: 7 } });
  });

  it('that is nothing to the scope holds nothing', async () => {
    const s = await nested();
    await s.saveScope({ kind: 'groups', groups: [sourceId(id('night'))], nested: true });
    await s.full({ acceptShrink: true });
    for (const name of team) s.directory.leave(id('team'), id(name));
    expect(await s.delta()).toMatchObject({ state: 'succeeded' });
  });
});

describe('an attribute that the source shows of nobody any more, with every sign of success', () => {
  const working = async (count = 60) => {
    const s = await story();
    for (let nth = 0; nth < count; nth += 1) s.hire(`p${nth}`, { department: 'Sales', jobTitle: 'Clerk' });
    await s.full();
    return s;
  };
  const hide = (s: Story, ...names: readonly string[]): void => {
    s.directory.liberties.hidden = new Set(names);
  };
  const departments = (s: Story, count: number): number =>
    Array.from({ length: count }, (_, nth) => JSON.stringify(s.account(`p${nth}`)?.attributes)).filter((account) =>
      account.includes('Sales'),
    ).length;

  it('holds a full sync, as often as it comes, and nobody loses it', async () => {
    const s = await working();
    hide(s, 'department', 'jobTitle');
    for (const _ of ['once', 'again'])
      expect(await s.full()).toMatchObject({
        state: 'held',
        problem: {
          code: 'read_shrank',
          message: expect.stringMatching(
            /too many users lost a value at once: (department|jobTitle) \(60 of 60 who had one\), /,
          ),
        },
        counters: { skipped: { read_shrank: 60 } },
      });
    expect(departments(s, 60)).toBe(60);
    hide(s);
    expect(await s.full()).toMatchObject({ state: 'succeeded', counters: { updated: 0 } });
  });

  it('also where it was lost in the middle of the read', async () => {
    const s = await working();
    for (let nth = 30; nth < 60; nth += 1) s.directory.setUser(id(`p${nth}`), { department: null });
    expect(await s.full()).toMatchObject({
      state: 'held',
      problem: { message: expect.stringContaining('department (30 of 60 who had one)') },
    });
  });

  it('is let pass by a person', async () => {
    const s = await working();
    hide(s, 'department');
    expect(await s.full()).toMatchObject({ state: 'held' });
    expect(await s.full({ acceptShrink: true })).toMatchObject({ state: 'succeeded', counters: { updated: 60 } });
    expect(departments(s, 60)).toBe(0);
  });

  it('holds nothing where a few lost it, or where nobody had it', async () => {
    const s = await working();
    for (let nth = 0; nth < 5; nth += 1) s.directory.setUser(id(`p${nth}`), { department: null });
    hide(s, 'mobilePhone');
    expect(await s.full()).toMatchObject({ state: 'succeeded', counters: { updated: 5 } });
    expect(departments(s, 60)).toBe(55);
  });

  it('holds nothing where it is not asked for any more', async () => {
    const s = await working();
    const { attributes, revision } = plainConnection(s.now());
    const user = attributes.user.filter((name) => name !== 'department');
    await s.stores.connections.edit(connection, revision, { attributes: { ...attributes, user } });
    expect(await s.full()).toMatchObject({ state: 'succeeded', counters: { updated: 0 } });
  });

  it('holds a delta sync in which everybody who changed lost it, however few they are of all', async () => {
    const s = await working(300);
    hide(s, 'department');
    for (let nth = 0; nth < 8; nth += 1) s.directory.setUser(id(`p${nth}`), { jobTitle: 'Manager' });
    expect(await s.delta()).toMatchObject({
      state: 'held',
      problem: {
        message: expect.stringContaining(
          'most users who changed lost a value that is not shown of others either: department (8 of 300 who had one)',
        ),
      },
    });
    expect(departments(s, 300)).toBe(300);
    hide(s);
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { updated: 8 } });
    expect(departments(s, 300)).toBe(300);
  });

  it('holds no delta sync in which somebody cleared it of some, and it is shown of others', async () => {
    const s = await working(300);
    for (let nth = 0; nth < 8; nth += 1) s.directory.setUser(id(`p${nth}`), { department: null });
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { updated: 8 } });
    expect(departments(s, 300)).toBe(292);
  });

  it('holds a delta sync in which more lost it than the limit allows, whoever still shows it', async () => {
    const s = await working(300);
    for (let nth = 0; nth < 16; nth += 1) s.directory.setUser(id(`p${nth}`), { department: null });
    expect(await s.delta()).toMatchObject({
      state: 'held',
      problem: { message: expect.stringContaining('16 of 300') },
    });
  });

  it('holds a run of one test group in which everybody lost it', async () => {
    const s = await working(300);
    s.found('pilots');
    for (let nth = 0; nth < 8; nth += 1) s.directory.join(id('pilots'), id(`p${nth}`));
    await s.full();
    hide(s, 'department');
    expect(await s.full({ group: id('pilots') })).toMatchObject({
      state: 'held',
      problem: { message: expect.stringContaining('department (8 of 300 who had one)') },
    });
  });

  it('holds nothing when many lose their manager because the manager left', async () => {
    const s = await story();
    staff(s, 60);
    for (let nth = 1; nth < 20; nth += 1) s.directory.setUser(id(`p${nth}`), { manager: id('p0') });
    await s.full();
    s.directory.remove(id('p0'), 'soft_deleted');
    for (let nth = 1; nth < 20; nth += 1) s.directory.setUser(id(`p${nth}`), { manager: null });
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { removed: 1, updated: 19 } });
  });

  it('holds a sync in which many lose a manager who is there', async () => {
    const s = await story();
    staff(s, 60);
    for (let nth = 1; nth < 20; nth += 1) s.directory.setUser(id(`p${nth}`), { manager: id('p0') });
    await s.full();
    hide(s, 'manager');
    expect(await s.full()).toMatchObject({
      state: 'held',
      problem: { message: expect.stringContaining('manager (19 of 19 who had one)') },
    });
  });

  it('holds a sync in which groups lost their description', async () => {
    const { user, group } = defaultMapping;
    const described = { user, group: [...group, mappingRule('description', 'description')] };
    const s = await story({ target: { mapping: described } });
    staff(s, 3);
    for (let nth = 0; nth < 12; nth += 1) s.found(`g${nth}`, { description: 'Ours' });
    await s.full();
    hide(s, 'description');
    expect(await s.full()).toMatchObject({
      state: 'held',
      problem: { message: expect.stringContaining('too many groups lost a value at once: description (12 of 12') },
    });
  });
});
