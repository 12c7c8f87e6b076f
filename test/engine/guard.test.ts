import { describe, expect, it } from 'vitest';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import { defaultLimits, type Limits, nobodyProtected, type Protection } from '../../src/model/target-record.ts';
import { why } from '../support/explaining.ts';
import { off, staff } from '../support/staff.ts';
import { id, type Story, story, target } from '../support/story.ts';

const hourMs = 3_600_000;
const limit = (count: number) => ({ count, percent: 100, floor: 0 });

const leave = (s: Story, from: number, to: number): void => {
  for (let nth = from; nth < to; nth += 1) s.directory.remove(id(`p${nth}`), 'deleted');
};
const limited = (limits: Partial<Limits>, more: { protected?: Partial<Protection> } = {}) =>
  story({
    target: {
      limits: { ...defaultLimits, ...limits },
      protected: { ...nobodyProtected, ...more.protected },
    },
  });

describe('a leak of a few people a run', () => {
  it('is caught by what the last 24 hours took, and no earlier', async () => {
    const s = await limited({ deprovisions: limit(5) });
    staff(s, 40);
    await s.full();
    leave(s, 0, 3);
    await s.delta();
    s.pass(hourMs);
    leave(s, 3, 5);
    await s.delta();
    expect(off(s)).toBe(5);
    s.pass(hourMs);
    leave(s, 5, 6);
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'guard_hold' } });
    expect((await s.provisioned()).problem?.message).toContain('1 deprovisions after 5 within 24 hours');
    expect(off(s)).toBe(5);
    // The first three are out of the window, the later two are not.
    s.pass(22 * hourMs + 1);
    await s.delta();
    expect(off(s)).toBe(6);
  });

  it('counts those once who are told to go again, because the target did not show them gone', async () => {
    let isDeaf = true;
    const s = await story({
      target: { limits: { ...defaultLimits, deprovisions: limit(3) } },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal, beforeWrite, known) => {
          if (isDeaf && operation.action === 'disable')
            throw new TargetError('rejected', 'It said yes.', { code: 'not_applied' });
          return await made.apply(operation, signal, beforeWrite, known);
        },
      }),
    });
    staff(s, 40);
    await s.full();
    leave(s, 0, 3);
    await s.delta();
    expect(off(s)).toBe(0);
    isDeaf = false;
    s.pass(6 * hourMs);
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { disabled: 3 } });
    // And they are three, beside whom nobody else may go.
    leave(s, 3, 4);
    await s.delta();
    expect((await s.provisioned()).problem?.message).toContain('1 deprovisions after 3 within 24 hours');
  });

  it('is measured by who has an account, not once more by who was told to lose it and is not shown without', async () => {
    const s = await story({
      target: { limits: { ...defaultLimits, memberRemovals: { count: 500, percent: 25, floor: 0 } } },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...rest) => {
          if (operation.action === 'disable')
            throw new TargetError('rejected', 'It said yes.', { code: 'not_applied' });
          return await made.apply(operation, ...rest);
        },
      }),
    });
    staff(s, 6);
    s.found('team');
    for (const name of ['p1', 'p2']) s.directory.join(id('team'), id(name));
    await s.full();
    leave(s, 0, 1);
    await s.delta();
    for (const name of ['p1', 'p2']) s.directory.leave(id('team'), id(name));
    await s.delta();
    // A quarter of seven is one.
    expect((await s.provisioned()).problem?.message).toContain('2 member removals after 0 within 24 hours, where 1');
    expect(s.groups()['team']).toHaveLength(2);
  });

  it('is measured by who has an account, not once more by who was switched off and is not shown to be on again', async () => {
    const s = await story({
      target: { limits: { ...defaultLimits, deprovisions: { count: 500, percent: 25, floor: 0 } } },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...rest) => {
          if (operation.action === 'update' && operation.attributes['active'] === true)
            throw new TargetError('rejected', 'It said yes.', { code: 'not_applied' });
          return await made.apply(operation, ...rest);
        },
      }),
    });
    staff(s, 7);
    await s.full();
    s.directory.setUser(id('p0'), { accountEnabled: false });
    await s.delta();
    s.directory.setUser(id('p0'), { accountEnabled: true });
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ counters: { failed: { not_applied: 1 } } });
    leave(s, 1, 2);
    await s.delta();
    // A quarter of seven is one.
    expect((await s.provisioned()).problem?.message).toContain('1 deprovisions after 1 within 24 hours, where 1');
    expect(off(s)).toBe(1);
  });

  it('is caught also when each run breaks off right after it took something', async () => {
    const s = await limited({ deprovisions: limit(5) });
    staff(s, 40);
    await s.full();
    const { provisionTurn } = await import('../../src/engine/provision-run.ts');
    const dying = {
      ...s.engine,
      failpoint: async (site: string) => {
        if (site === 'provision.applied') throw new Error('power cut');
      },
    };
    for (let day = 0; day < 5; day += 1) {
      leave(s, day * 3, day * 3 + 3);
      await s.requestSync('delta');
      await s.syncAll();
      await provisionTurn(dying, target, new AbortController().signal).catch(() => {});
      s.pass(60_000);
      await s.provisionAll();
    }
    expect(off(s)).toBe(3);
    expect(await s.provisioned()).toMatchObject({ state: 'held' });
  });
});

describe('people who may not be deprovisioned before somebody looked', () => {
  it('stay in their groups as well', async () => {
    const s = await limited({ deprovisions: limit(2) });
    staff(s, 10);
    s.found('staff');
    for (let nth = 0; nth < 10; nth += 1) s.directory.join(id('staff'), id(`p${nth}`));
    await s.full();
    leave(s, 0, 3);
    s.directory.leave(id('staff'), id('p9'));
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held', counters: { membersRemoved: 1 } });
    expect(s.groups()['staff']).toHaveLength(9);
    await s.editTarget({ limits: defaultLimits });
    await s.provision();
    expect(s.groups()['staff']).toHaveLength(6);
    expect(off(s)).toBe(3);
  });
});

describe('somebody who is removed from a group', () => {
  const removals = (s: Story): number => s.remote.applied.filter(({ action }) => action === 'remove_members').length;
  const counted = async (s: Story): Promise<number> =>
    (await s.stores.ledger.taken(target, new Date(0))).memberRemovals;
  const inGroups = (s: Story, count: number, groups: readonly string[]): void => {
    staff(s, count);
    for (const group of groups) {
      s.found(group);
      for (let nth = 0; nth < count; nth += 1) s.directory.join(id(group), id(`p${nth}`));
    }
  };

  it('is removed once and counted once, however many runs come while a plan waits', async () => {
    const s = await limited({ deprovisions: limit(2) });
    inGroups(s, 10, ['staff']);
    await s.full();
    leave(s, 0, 3);
    s.directory.leave(id('staff'), id('p9'));
    await s.delta();
    const plan = await s.newestPlan();
    for (let nth = 0; nth < 10; nth += 1) {
      s.pass(60_000);
      s.hire(`late${nth}`);
      await s.delta();
      expect(await s.provisioned()).toMatchObject({ state: 'held', counters: { created: 1, membersRemoved: 0 } });
    }
    expect([removals(s), await counted(s)]).toEqual([1, 1]);
    expect(await s.newestPlan()).toMatchObject({ id: plan.id, hash: plan.hash, standing: { state: 'waiting' } });
    expect((await why(s, id('staff'))).verdict.reason).toBe('guard_hold');
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(s.groups()['staff']).toHaveLength(6);
    expect(off(s)).toBe(3);
  });

  it('who comes back while a plan waits is a member again, and stays one', async () => {
    const s = await limited({ deprovisions: limit(2) });
    inGroups(s, 10, ['staff']);
    await s.full();
    leave(s, 0, 3);
    for (const nth of [8, 9]) s.directory.leave(id('staff'), id(`p${nth}`));
    await s.delta();
    staff(s, 1);
    for (const nth of [0, 9]) s.directory.join(id('staff'), id(`p${nth}`));
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { disabled: 2 } });
    expect(s.groups()['staff']).toEqual(['p0', 'p3', 'p4', 'p5', 'p6', 'p7', 'p9']);
  });

  it('is not removed again when the target asks to wait in the middle', async () => {
    let calls = 0;
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal, beforeWrite) => {
          if (operation.action === 'remove_members') calls += 1;
          if (operation.action === 'remove_members' && calls % 2 === 0)
            throw new TargetError('throttled', '429', { retryAfterMs: 60_000 });
          return await made.apply(operation, signal, beforeWrite);
        },
      }),
    });
    const groups = ['red', 'green', 'blue', 'white', 'black', 'grey'];
    inGroups(s, 4, groups);
    await s.full();
    for (const group of groups) s.directory.leave(id(group), id('p0'));
    await s.delta();
    expect(calls).toBeGreaterThan(groups.length);
    expect([removals(s), await counted(s)]).toEqual([groups.length, groups.length]);
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
  });
});

describe('somebody whose removal from a group was not answered', () => {
  it('counts, also where the target asks to wait when it is told again', async () => {
    let calls = 0;
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal, beforeWrite) => {
          if (operation.action !== 'remove_members') return await made.apply(operation, signal, beforeWrite);
          calls += 1;
          if (calls === 2) throw new TargetError('throttled', '429', { retryAfterMs: 60_000 });
          const done = await made.apply(operation, signal, beforeWrite);
          if (calls === 1) throw new TargetError('unknown', 'No answer came.');
          return done;
        },
      }),
    });
    staff(s, 4);
    s.found('staff');
    for (let nth = 0; nth < 4; nth += 1) s.directory.join(id('staff'), id(`p${nth}`));
    await s.full();
    s.directory.leave(id('staff'), id('p0'));
    await s.requestSync('delta');
    await s.syncAll();
    const { provisionTurn } = await import('../../src/engine/provision-run.ts');
    await provisionTurn(s.engine, target, new AbortController().signal);
    expect(calls).toBe(2);
    expect(await s.stores.ledger.taken(target, new Date(0))).toMatchObject({ memberRemovals: 1 });
  });
});

describe('a group that is emptied', () => {
  it('is held alone: other groups lose who left them', async () => {
    const s = await limited({ memberRemovalsPerGroup: { count: 1_000, percent: 50, floor: 2 } });
    staff(s, 8);
    for (const group of ['all', 'team']) {
      s.found(group);
      for (let nth = 0; nth < 8; nth += 1) s.directory.join(id(group), id(`p${nth}`));
    }
    await s.full();
    for (let nth = 0; nth < 8; nth += 1) s.directory.leave(id('team'), id(`p${nth}`));
    s.directory.leave(id('all'), id('p0'));
    await s.delta();
    const run = await s.provisioned();
    expect(run).toMatchObject({ state: 'held', counters: { membersRemoved: 1, skipped: { guard_hold: 1 } } });
    expect(run.problem?.message).toContain(`8 member removals from the group ${id('team')}`);
    expect(s.groups()['team']).toHaveLength(8);
    expect(s.groups()['all']).toHaveLength(7);
    await s.editTarget({ limits: defaultLimits });
    await s.provision();
    expect(s.groups()['team']).toHaveLength(0);
  });

  it('bit by bit is held as soon as half of it went within a day', async () => {
    const s = await limited({ memberRemovalsPerGroup: { count: 1_000, percent: 50, floor: 2 } });
    staff(s, 8);
    s.found('team');
    for (let nth = 0; nth < 8; nth += 1) s.directory.join(id('team'), id(`p${nth}`));
    await s.full();
    for (let nth = 0; nth < 8; nth += 1) {
      s.directory.leave(id('team'), id(`p${nth}`));
      await s.delta();
      s.pass(60_000);
    }
    expect(s.groups()['team']).toHaveLength(4);
  });
});

describe('creates and updates', () => {
  it('have no limit unless they are given one', async () => {
    const s = await story();
    staff(s, 60);
    await s.full();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { created: 60 } });
  });

  it('over their limit are not begun; the rest goes on', async () => {
    const s = await limited({ creates: { count: 6, percent: 100, floor: 6 } });
    staff(s, 5);
    s.found('staff');
    await s.full();
    expect(Object.keys(s.accounts())).toHaveLength(5);
    for (let nth = 5; nth < 12; nth += 1) s.hire(`p${nth}`);
    s.directory.setUser(id('p0'), { jobTitle: 'changed' });
    leave(s, 4, 5);
    s.pass(25 * hourMs);
    await s.delta();
    const run = await s.provisioned();
    expect(run).toMatchObject({
      state: 'held',
      counters: { created: 0, updated: 1, disabled: 1, skipped: { guard_hold: 7 } },
    });
    expect(await s.held(await s.newestPlan())).toEqual(Array.from({ length: 7 }, () => 'create user'));
    await s.editTarget({ limits: defaultLimits });
    await s.provision();
    expect(Object.keys(s.accounts())).toHaveLength(12);
  });

  it('over their limit stay held in every slice of the run', async () => {
    const s = await story({
      target: { limits: { ...defaultLimits, updates: limit(700) } },
      engine: { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } },
    });
    staff(s, 1_100);
    await s.full();
    for (let nth = 0; nth < 1_100; nth += 1) s.directory.setUser(id(`p${nth}`), { jobTitle: 'all of them' });
    const writes = s.writes();
    await s.delta();
    expect(await s.provisioned()).toMatchObject({
      state: 'held',
      counters: { updated: 0, skipped: { guard_hold: 1_100 } },
    });
    expect(s.writes()).toBe(writes);
  });

  it('are counted once more as they are done, for the tenant may say more by then than when they were counted', async () => {
    let meanwhile = async (): Promise<void> => {};
    const s = await story({
      target: { limits: { ...defaultLimits, creates: { ...limit(6), floor: 6 } } },
      wrapTarget: (made) => ({
        ...made,
        find: async (...asked) => {
          const once = meanwhile;
          meanwhile = async () => {};
          await once();
          return await made.find(...asked);
        },
      }),
    });
    staff(s, 5);
    await s.full();
    s.pass(25 * hourMs);
    const hire = async (from: number, to: number): Promise<void> => {
      for (let nth = from; nth < to; nth += 1) s.hire(`p${nth}`);
      await s.requestSync('delta');
      await s.syncAll();
    };
    await hire(5, 9);
    meanwhile = () => hire(9, 13);
    await s.requestProvision('full');
    await s.provisionAll();
    expect(Object.keys(s.accounts())).toHaveLength(5);
    expect(await s.held(await s.newestPlan())).toEqual(Array.from({ length: 8 }, () => 'create user'));
  });

  it('add up over the runs of a day', async () => {
    const s = await limited({ updates: limit(3) });
    staff(s, 5);
    await s.full();
    for (let nth = 0; nth < 5; nth += 1) {
      s.directory.setUser(id(`p${nth}`), { jobTitle: `title ${nth}` });
      await s.delta();
      s.pass(hourMs);
    }
    expect([...s.remote.objects.values()].filter(({ attributes }) => attributes['title'] !== undefined)).toHaveLength(
      3,
    );
  });
});

describe('an update or a takeover that the target said it did, and does not show', () => {
  const unseen = (limits: Partial<Limits>) => {
    const seen = { isSlow: false };
    const made = story({
      target: { limits: { ...defaultLimits, ...limits } },
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, ...rest) => {
          const done = await made.apply(operation, ...rest);
          if (seen.isSlow && operation.action === 'update')
            throw new TargetError('rejected', 'It said yes.', { code: 'not_applied' });
          return done;
        },
      }),
    });
    return made.then((s) => ({ s, seen }));
  };

  it('counts against the limits of the day, for it was done', async () => {
    const { s, seen } = await unseen({ updates: limit(3) });
    staff(s, 5);
    await s.full();
    seen.isSlow = true;
    for (const name of ['p0', 'p1']) s.directory.setUser(id(name), { jobTitle: 'changed' });
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ counters: { failed: { not_applied: 2 } } });
    seen.isSlow = false;
    for (const name of ['p2', 'p3']) s.directory.setUser(id(name), { jobTitle: 'changed' });
    await s.delta();
    expect((await s.provisioned()).problem?.message).toContain('2 updates after 2 within 24 hours, where 3');
  });

  it('so that no more accounts are taken over in a day than are let be', async () => {
    const { s, seen } = await unseen({ adoptions: limit(1) });
    staff(s, 5);
    await s.full();
    seen.isSlow = true;
    for (const name of ['anna', 'bert']) {
      s.remote.objects.set(remoteId(name), {
        type: 'user',
        remoteId: remoteId(name),
        attributes: { userName: `${name}@contoso.example` },
      });
      s.hire(name);
      await s.delta();
    }
    const taken = [...s.remote.objects.values()].filter(({ attributes }) => attributes['externalId'] === id('bert'));
    expect(taken).toEqual([]);
  });
});

describe('a protected account', () => {
  const outcome = async (s: Story) => (await s.provisioned()).counters.skipped['protected'];

  it('is not updated, not disabled and not removed from groups, by whatever it is protected', async () => {
    for (const how of [
      { ids: [id('p0').toUpperCase()] },
      { ids: ['remote-1'] },
      { attributes: [{ attribute: 'employeeType', value: 'SERVICE' }] },
      { groups: [sourceId(id('admins'))] },
    ]) {
      const s = await story();
      s.hire('p0', { employeeType: 'service' });
      await s.full();
      staff(s, 6);
      s.hire('p0', { employeeType: 'service' });
      for (const group of ['staff', 'admins']) s.found(group);
      s.directory.join(id('admins'), id('p0'));
      for (const nth of [0, 1]) s.directory.join(id('staff'), id(`p${nth}`));
      await s.full();
      expect(s.groups()['staff']).toEqual(['p0', 'p1']);
      await s.editTarget({ protected: { ...nobodyProtected, ...how } });
      s.directory.setUser(id('p0'), { jobTitle: 'changed' });
      s.directory.setUser(id('p1'), { jobTitle: 'changed' });
      for (const nth of [0, 1]) s.directory.leave(id('staff'), id(`p${nth}`));
      await s.delta();
      expect(s.account('p0')?.attributes['title'] ?? null).toBeNull();
      expect(s.account('p1')?.attributes['title']).toBe('changed');
      expect(s.groups()['staff']).toEqual(['p0']);
      leave(s, 0, 2);
      await s.delta();
      expect(s.accounts()).toMatchObject({ p0: 'on', p1: 'off' });
      expect(await outcome(s)).toBeGreaterThan(0);
      expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    }
  });

  it('is not created, and not adopted where it is there already', async () => {
    const s = await limited({}, { protected: { ids: ['r-root', id('p1')] } });
    s.remote.objects.set('r-root' as never, {
      type: 'user',
      remoteId: 'r-root' as never,
      attributes: { userName: 'p0@contoso.example', active: true, title: 'root' },
    });
    staff(s, 3);
    await s.full();
    expect(s.accounts()).toEqual({ p0: 'on', p2: 'on' });
    expect(s.remote.objects.get('r-root' as never)?.attributes).toMatchObject({ title: 'root' });
    expect(await s.stores.ledger.countLinks(target)).toEqual({ user: 1, group: 0 });
    expect(await s.provisioned()).toMatchObject({ counters: { created: 1, skipped: { protected: 2 } } });
  });

  it('does not join a group either, and joins it when it is protected no longer', async () => {
    const s = await limited({}, { protected: { ids: [id('p0')] } });
    staff(s, 2);
    s.found('staff');
    for (const nth of [0, 1]) s.directory.join(id('staff'), id(`p${nth}`));
    await s.full();
    expect(s.groups()).toEqual({ staff: ['p1'] });
    await s.editTarget({ protected: nobodyProtected });
    await s.provision('full');
    expect(s.groups()).toEqual({ staff: ['p0', 'p1'] });
  });

  it('stays protected when its group is emptied together with its leaving', async () => {
    const s = await story();
    staff(s, 3);
    s.found('admins');
    s.found('inner');
    s.directory.join(id('admins'), id('inner'));
    s.directory.join(id('inner'), id('p0'));
    s.directory.join(id('admins'), id('p1'));
    await s.full();
    await s.editTarget({ protected: { ...nobodyProtected, groups: [sourceId(id('admins'))] } });
    s.directory.leave(id('admins'), id('p1'));
    leave(s, 0, 3);
    await s.delta();
    expect(s.accounts()).toEqual({ p0: 'on', p1: 'on', p2: 'off' });
    expect(s.groups()).toMatchObject({ admins: ['inner', 'p1'] });
  });

  it('fills no limit: whoever is never touched is not in the way of the others', async () => {
    const s = await limited({ deprovisions: limit(2) });
    staff(s, 6);
    await s.full();
    await s.editTarget({ protected: { ...nobodyProtected, ids: [id('p0'), id('p1')] } });
    leave(s, 0, 4);
    await s.delta();
    expect(await s.provisioned()).toMatchObject({
      state: 'succeeded',
      counters: { disabled: 2, skipped: { protected: 2 } },
    });
    expect(s.accounts()).toMatchObject({ p0: 'on', p1: 'on', p2: 'off', p3: 'off' });
  });

  it('that was disabled in the source is left alone, and counted once', async () => {
    const s = await story();
    staff(s, 2);
    await s.full();
    await s.editTarget({ protected: { ...nobodyProtected, ids: [id('p0')] } });
    for (const nth of [0, 1]) s.directory.setUser(id(`p${nth}`), { accountEnabled: false });
    await s.delta();
    expect(s.accounts()).toEqual({ p0: 'on', p1: 'off' });
    expect(await s.provisioned()).toMatchObject({ counters: { disabled: 1, skipped: { protected: 1 } } });
  });
});
