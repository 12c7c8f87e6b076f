/** A target that loses answers, throttles or refuses: everybody else goes on, and what was refused is asked again later. */

import { describe, expect, it } from 'vitest';
import { unobserved } from '../../src/engine/engine.ts';
import { TargetError } from '../../src/model/errors.ts';
import { defaultLimits } from '../../src/model/target-record.ts';
import { faulty } from '../support/faulty.ts';
import { staff } from '../support/staff.ts';
import { id, story, target } from '../support/story.ts';

describe('a target that misbehaves', () => {
  it('that lost the answer to a create is looked at, and gets no second account', async () => {
    let lost = 0;
    const s = await story({
      wrapTarget: faulty({
        after: ({ action }) => (action === 'create' && lost++ < 5 ? new TargetError('unknown', 'timeout') : null),
      }),
    });
    staff(s, 20);
    await s.full();
    expect(Object.keys(s.accounts())).toHaveLength(20);
    expect(s.remote.objects.size).toBe(20);
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { created: 20 } });
  });

  it('that throttles is waited for; every object is done once and counted once', async () => {
    let calls = 0;
    const s = await story({
      wrapTarget: faulty({
        before: () => {
          calls += 1;
          return calls % 7 === 0 ? new TargetError('throttled', '429', { retryAfterMs: 60_000 }) : null;
        },
      }),
    });
    staff(s, 40);
    await s.full();
    expect(s.remote.objects.size).toBe(40);
    expect(await s.provisioned()).toMatchObject({
      state: 'succeeded',
      faults: 0,
      counters: { created: 40, unchanged: 0 },
    });
  });

  it('that refuses one person gets everybody else, and that person later', async () => {
    let refusing = true;
    const s = await story({
      wrapTarget: faulty({
        before: (operation) =>
          refusing && operation.ref.id === id('p1') ? new TargetError('rejected', 'invalidValue') : null,
      }),
    });
    staff(s, 3);
    s.found('staff');
    s.directory.join(id('staff'), id('p1'));
    await s.full();
    expect(s.accounts()).toEqual({ p0: 'on', p2: 'on' });
    expect(await s.provisioned()).toMatchObject({
      state: 'partially_succeeded',
      counters: { created: 3, failed: { target_rejected: 1 }, skipped: { member_not_linked: 1 } },
    });
    refusing = false;
    await s.delta();
    expect(s.accounts()).toEqual({ p0: 'on', p2: 'on' });
    s.pass(6 * 3_600_000);
    await s.delta();
    expect(s.accounts()).toEqual({ p0: 'on', p1: 'on', p2: 'on' });
    expect(s.groups()).toEqual({ staff: ['p1'] });
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('that refuses one person for too long is left alone with them, until they change or somebody asks', async () => {
    let asked = 0;
    const givenUp: number[] = [];
    const s = await story({
      target: { escrow: { retryAfterHours: [10], giveUpAfterDays: 1 } },
      engine: { observe: { ...unobserved, givenUp: (objects) => givenUp.push(objects) } },
      wrapTarget: faulty({
        before: (operation) => {
          if (operation.ref.id !== id('p1')) return null;
          asked += 1;
          return new TargetError('rejected', 'invalidValue');
        },
      }),
    });
    staff(s, 3);
    await s.full();
    const askedAfter = async (hours: number): Promise<number> => {
      s.pass(hours * 3_600_000);
      await s.delta();
      await s.provision();
      return asked;
    };
    expect([asked, await askedAfter(9), await askedAfter(1), await askedAfter(10)]).toEqual([1, 1, 2, 3]);
    expect(givenUp).toEqual([1]);
    expect(await askedAfter(1_000)).toBe(3);
    expect((await s.stores.ledger.escrows(target, null, 10, 'given_up')).items).toHaveLength(1);

    s.directory.setUser(id('p1'), { jobTitle: 'promoted' });
    expect(await askedAfter(1)).toBe(4);
    expect(await askedAfter(1_000)).toBe(4);

    await s.stores.ledger.retry(target, { reason: 'target_rejected' });
    expect(await askedAfter(0)).toBe(5);
    expect(givenUp).toEqual([1, 1]);
  });

  it('that refuses members keeps them waiting, and gets them later', async () => {
    let refusing = true;
    const s = await story({
      wrapTarget: faulty({
        before: ({ action }) => (refusing && action === 'add_members' ? new TargetError('rejected', 'too many') : null),
      }),
    });
    staff(s, 3);
    s.found('staff');
    for (const nth of [0, 1, 2]) s.directory.join(id('staff'), id(`p${nth}`));
    await s.full();
    expect(s.groups()).toEqual({ staff: [] });
    refusing = false;
    s.pass(6 * 3_600_000);
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['p0', 'p1', 'p2'] });
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('that refuses one of many members gets all the others at once, and that one later', async () => {
    let refusing = true;
    const s = await story({
      wrapTarget: (target) => ({
        ...target,
        apply: async (operation, signal) => {
          if (!refusing || !('members' in operation)) return await target.apply(operation, signal);
          const [refused] = operation.members.filter(({ ref }) => ref.id === id('p1'));
          if (refused === undefined) return await target.apply(operation, signal);
          const members = operation.members.filter((member) => member !== refused);
          const applied = await target.apply({ ...operation, members }, signal);
          return { ...applied, refused: [{ member: refused.remoteId, detail: 'no seat left' }] };
        },
      }),
    });
    staff(s, 3);
    s.found('staff');
    for (const nth of [0, 1, 2]) s.directory.join(id('staff'), id(`p${nth}`));
    await s.full();
    expect(s.groups()).toEqual({ staff: ['p0', 'p2'] });
    expect(await s.provisioned()).toMatchObject({
      state: 'partially_succeeded',
      counters: { membersAdded: 2, failed: { target_rejected: 1 } },
    });
    const { items } = await s.stores.ledger.escrows(target, null, 10);
    expect(items).toMatchObject([{ ref: { id: id('staff') }, detail: '1 of 3 members were refused. no seat left' }]);
    refusing = false;
    s.pass(6 * 3_600_000);
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['p0', 'p1', 'p2'] });
    expect(await s.provisioned()).toMatchObject({ counters: { membersAdded: 1 } });
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
  });

  it('is told of nobody who left a group while they waited for an account', async () => {
    const s = await story();
    staff(s, 1);
    s.hire('bert', { accountEnabled: false });
    s.hire('carl', { accountEnabled: false });
    s.found('staff');
    for (const name of ['p0', 'bert', 'carl']) s.directory.join(id('staff'), id(name));
    await s.full();
    expect(s.groups()).toEqual({ staff: ['p0'] });
    s.directory.leave(id('staff'), id('bert'));
    await s.delta();
    for (const name of ['bert', 'carl']) s.directory.setUser(id(name), { accountEnabled: true });
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['carl', 'p0'] });
  });

  it('that removed an account behind our back gets it again', async () => {
    const s = await story();
    staff(s, 2);
    await s.full();
    s.pass(60_000);
    const account = s.account('p1');
    if (account !== undefined) s.remote.objects.delete(account.remoteId);
    s.directory.setUser(id('p1'), { jobTitle: 'new' });
    await s.delta();
    expect(s.accounts()).toEqual({ p0: 'on', p1: 'on' });
    expect(s.account('p1')?.attributes['title']).toBe('new');
  });

  it('that refuses to switch anybody off is not told of all the others', async () => {
    let asked = 0;
    const s = await story({
      target: { limits: { ...defaultLimits, deprovisions: { count: 400, percent: 100, floor: 5 } } },
      wrapTarget: faulty({
        before: ({ action }) => {
          if (action !== 'disable') return null;
          asked += 1;
          return new TargetError('rejected', '400');
        },
      }),
    });
    staff(s, 400);
    await s.full();
    for (let nth = 0; nth < 200; nth += 1) s.directory.remove(id(`p${nth}`), 'deleted');
    await s.delta({ acceptShrink: true });
    expect(await s.provisioned()).toMatchObject({ state: 'failed', problem: { code: 'target_refuses_most' } });
    expect(asked).toBeGreaterThan(19);
    expect(asked).toBeLessThan(100);
  });

  it('that no longer accepts our credentials is held back until somebody acts', async () => {
    const s = await story({ wrapTarget: faulty({ before: () => new TargetError('unauthorized', '401') }) });
    staff(s, 2);
    await s.full();
    expect(await s.provisioned()).toMatchObject({ state: 'failed', problem: { code: 'target_unauthorized' } });
    expect(await s.stores.targets.get(target)).toMatchObject({ state: 'quarantined' });
  });
});
