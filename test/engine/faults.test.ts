import { describe, expect, it } from 'vitest';
import { unobserved } from '../../src/engine/engine.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { SourceError, TargetError } from '../../src/model/errors.ts';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import type { Link, Operation } from '../../src/model/operation.ts';
import { group } from '../../src/model/source-object.ts';
import { defaultLimits } from '../../src/model/target-record.ts';
import type { Target } from '../../src/target/target.ts';
import { connection, id, type Story, story, target } from '../support/story.ts';

const staff = (s: Story, count: number): void => {
  for (let nth = 0; nth < count; nth += 1) s.hire(`p${nth}`);
};
const off = (s: Story): number => Object.values(s.accounts()).filter((state) => state === 'off').length;

const linkOfGroup = async (s: Story, name: string): Promise<Link | undefined> => {
  const ref = group(sourceId(id(name)));
  return (await s.stores.ledger.links(target, [ref])).get(ref.id);
};

/** A target that does as `before` says for the operations it is asked; `after` runs once an operation was really applied. */
const faulty =
  (fault: { before?: (operation: Operation) => Error | null; after?: (operation: Operation) => Error | null }) =>
  (target: Target): Target => ({
    ...target,
    apply: async (operation, signal) => {
      const refused = fault.before?.(operation) ?? null;
      if (refused !== null) throw refused;
      const applied = await target.apply(operation, signal);
      const lost = fault.after?.(operation) ?? null;
      if (lost !== null) throw lost;
      return applied;
    },
  });

describe('a read that goes wrong takes nothing away', () => {
  it('read-5xx-never-deletes: a fault in the middle keeps the snapshot and the watermark, and the run goes on later', async () => {
    const s = await story();
    staff(s, 250);
    await s.full();
    const { version, watermark } = await s.stores.snapshots.head((await s.requestSync('full')).connection);
    s.directory.liberties.fault = { afterPages: 1, error: new SourceError('unavailable', '503') };
    await s.syncAll();
    const [run] = (await s.stores.runs.list({ kind: 'sync' }, null, 1)).items;
    expect(run).toMatchObject({ state: 'succeeded', counters: { removed: 0, unchanged: 250 } });
    expect(off(s)).toBe(0);
    expect(version).toBeGreaterThan(0);
    expect(watermark).not.toBeNull();
  });

  it('empty-read-holds: a full list without any user is a fault, not the end of the company', async () => {
    const s = await story();
    staff(s, 3);
    s.found('staff');
    await s.full();
    for (const nth of [0, 1, 2]) s.directory.remove(id(`p${nth}`), 'deleted');
    const run = await s.full();
    expect(run).toMatchObject({ state: 'failed', problem: { code: 'empty_read' } });
    expect(off(s)).toBe(0);
  });

  it('a full list without any user is a fault also where somebody left the scope since the last one', async () => {
    const all = sourceId(id('all'));
    const s = await story({ connection: { scope: { kind: 'groups', groups: [all], nested: false } } });
    s.found('all');
    staff(s, 3);
    for (const nth of [0, 1, 2]) s.directory.join(id('all'), id(`p${nth}`));
    await s.full();
    s.directory.leave(id('all'), id('p0'));
    s.directory.liberties.unlisted = new Set([id('p1'), id('p2')]);
    expect(await s.full()).toMatchObject({ state: 'failed', problem: { code: 'empty_read' } });
    expect(off(s)).toBe(0);
    s.directory.liberties.unlisted = new Set();
    expect(await s.full()).toMatchObject({ state: 'succeeded', counters: { removed: 1 } });
  });

  it('an expired watermark leads to a full sync that finds who left meanwhile', async () => {
    const s = await story();
    staff(s, 5);
    await s.full();
    s.directory.remove(id('p4'), 'deleted');
    s.hire('late');
    s.directory.expireWatermarks();
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { created: 1, removed: 1, unchanged: 4 } });
    expect(s.accounts()).toMatchObject({ p4: 'off', late: 'on', p0: 'on' });
    s.hire('later');
    expect(await s.delta()).toMatchObject({ counters: { created: 1, unchanged: 0 } });
  });

  it('an expired place inside a read starts it over', async () => {
    const s = await story({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } } });
    staff(s, 250);
    await s.requestSync('full');
    const signal = new AbortController().signal;
    await syncTurn(s.engine, connection, signal);
    s.directory.expireResumes();
    await s.syncAll();
    await s.provisionAll();
    expect(Object.keys(s.accounts())).toHaveLength(250);
  });

  it('stands with the connection: as long as no sync is committed, and when one is held', async () => {
    const s = await story();
    staff(s, 20);
    const record = () => s.stores.connections.get(connection);
    s.directory.liberties.fault = { afterPages: 0, error: new SourceError('unavailable', '503') };
    await s.requestSync('full');
    await syncTurn(s.engine, connection, new AbortController().signal);
    const away = { found: 'run', problem: { code: 'source_unavailable', owner: 'microsoft' } };
    expect(await record()).toMatchObject({ state: 'active', firstReadAt: null, trouble: away });
    await s.syncAll();
    const { firstReadAt } = (await record()) ?? {};
    expect(firstReadAt).toBeInstanceOf(Date);
    expect(await record()).toMatchObject({ trouble: null });
    for (let nth = 0; nth < 10; nth += 1) s.directory.remove(id(`p${nth}`), 'deleted');
    expect(await s.full()).toMatchObject({ state: 'held' });
    expect(await record()).toMatchObject({ firstReadAt, trouble: { found: 'run', problem: { code: 'read_shrank' } } });
  });

  it('a sync that is committed puts an end also to what a check found while it was under way', async () => {
    const aside: { check: () => Promise<void> } = { check: async () => {} };
    const s = await story({
      wrapSource: (made) => ({
        ...made,
        read: async function* (ask, aborted) {
          await aside.check();
          yield* made.read(ask, aborted);
        },
      }),
    });
    staff(s, 3);
    await s.full();
    const { connections } = s.stores;
    const record = async () => (await connections.get(connection)) ?? expect.fail('It is gone.');
    const problem = { code: 'graph_timed_out', message: 'It was slow.', owner: 'microsoft' } as const;
    aside.check = async () => {
      const { revision } = await record();
      await connections.noteReading(connection, revision, {
        trouble: { problem, found: 'check', since: s.engine.world.now() },
      });
      expect(await record()).toMatchObject({ trouble: { found: 'check' } });
    };
    expect(await s.full()).toMatchObject({ state: 'succeeded' });
    expect(await record()).toMatchObject({ trouble: null });
  });

  it('lost credentials hold the connection back, and nothing is removed anywhere', async () => {
    const s = await story();
    staff(s, 3);
    await s.full();
    s.directory.liberties.fault = {
      afterPages: 0,
      error: new SourceError('unauthorized', 'expired', { code: 'AADSTS7000222' }),
    };
    const run = await s.full();
    expect(run).toMatchObject({ state: 'failed', problem: { code: 'AADSTS7000222', owner: 'customer_it' } });
    expect(await s.stores.connections.get(run.connection)).toMatchObject({ state: 'quarantined' });
    expect(off(s)).toBe(0);
  });

  it('messages that come twice, in any order and in parts, end in the same state', async () => {
    const s = await story();
    staff(s, 30);
    s.found('staff');
    for (let nth = 0; nth < 30; nth += 1) s.directory.join(id('staff'), id(`p${nth}`));
    await s.full();
    Object.assign(s.directory.liberties, {
      duplicate: true,
      partial: true,
      shuffle: (messages: readonly unknown[]) => messages.toReversed(),
      pageSize: 7,
    });
    for (let nth = 0; nth < 10; nth += 1) s.directory.setUser(id(`p${nth}`), { jobTitle: `title ${nth}` });
    s.directory.remove(id('p29'), 'soft_deleted');
    s.directory.leave(id('staff'), id('p28'));
    expect(await s.delta()).toMatchObject({ counters: { updated: 10, removed: 1, membersRemoved: 2 } });
    expect(s.account('p9')?.attributes['title']).toBe('title 9');
    expect(s.groups()['staff']).toHaveLength(28);
  });
});

/** From now on p2 is off for 29 days, and gone two days later. */
const expectGoneAfterThirtyDays = async (s: Story): Promise<void> => {
  s.pass(29 * 86_400_000);
  await s.delta();
  expect(s.accounts()).toMatchObject({ p2: 'off' });
  s.pass(2 * 86_400_000);
  await s.delta();
  expect(Object.keys(s.accounts())).toEqual(['p0', 'p1']);
};

describe('taking away', () => {
  it('is held when it is more than the limits allow, while everything else goes on', async () => {
    const s = await story({
      target: { limits: { ...defaultLimits, deprovisions: { count: 500, percent: 10, floor: 2 } } },
    });
    staff(s, 30);
    await s.full();
    for (let nth = 0; nth < 4; nth += 1) s.directory.remove(id(`p${nth}`), 'deleted');
    s.hire('new');
    await s.delta();
    expect(await s.provisioned()).toMatchObject({
      state: 'held',
      problem: { code: 'guard_hold' },
      counters: { created: 1, disabled: 0 },
    });
    const { id: run } = await s.provisioned();
    const operations = await s.stores.ledger.entries('tgt_story' as never, run, null, 100);
    expect(operations.items.map(({ state, operation }) => `${state} ${operation.action}`)).toEqual(['settled create']);
    expect(await s.held(await s.newestPlan())).toEqual(Array.from({ length: 4 }, () => 'disable user'));
    expect(off(s)).toBe(0);
    expect(s.accounts()).toMatchObject({ new: 'on' });

    const record = await s.stores.targets.get('tgt_story' as never);
    await s.stores.targets.edit('tgt_story' as never, record?.revision ?? 0, { limits: defaultLimits });
    await s.provision();
    expect(off(s)).toBe(4);
  });

  it('does not happen to somebody whom the source still shows, and is asked again later', async () => {
    const s = await story();
    staff(s, 3);
    await s.full();
    // The list does not show p2 any more; the point read does.
    const { memorySource } = await import('../../src/source/memory.ts');
    const honest = memorySource(s.directory);
    let lying = true;
    const engine = {
      ...s.engine,
      connectSource: () => ({
        ...honest,
        confirm: async (...ask: Parameters<typeof honest.confirm>) =>
          lying ? new Map(ask[0].map((ref) => [ref.id, 'present' as const])) : honest.confirm(...ask),
      }),
    };
    s.directory.remove(id('p2'), 'deleted');
    await s.requestSync('delta');
    await s.syncAll();
    const { provisionTurn } = await import('../../src/engine/provision-run.ts');
    await provisionTurn(engine, 'tgt_story' as never, new AbortController().signal);
    expect(off(s)).toBe(0);
    expect(await s.provisioned()).toMatchObject({
      state: 'succeeded',
      counters: { skipped: { confirmed_present: 1 } },
    });
    lying = false;
    s.pass(7 * 3_600_000);
    await s.delta();
    expect(s.accounts()).toMatchObject({ p2: 'off' });
  });

  it('deletes only days after switching off, where the policy says so', async () => {
    const s = await story({ target: { deprovision: { kind: 'delete_after_days', days: 30 } } });
    staff(s, 3);
    await s.full();
    s.directory.remove(id('p2'), 'deleted');
    await s.delta();
    expect(s.accounts()).toMatchObject({ p2: 'off' });
    await expectGoneAfterThirtyDays(s);
  });

  it('gives who was disabled long before they left all the days from their leaving', async () => {
    const s = await story({ target: { deprovision: { kind: 'delete_after_days', days: 30 } } });
    staff(s, 3);
    await s.full();
    s.hire('p2', { accountEnabled: false });
    await s.delta();
    expect(s.accounts()).toMatchObject({ p2: 'off' });
    s.pass(40 * 86_400_000);
    s.directory.remove(id('p2'), 'soft_deleted');
    await s.delta();
    expect(s.accounts()).toMatchObject({ p2: 'off' });
    await expectGoneAfterThirtyDays(s);
  });
});

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
    expect(await s.stores.ledger.countEscrows('tgt_story' as never)).toBe(0);
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
    expect((await s.stores.ledger.escrows('tgt_story' as never, null, 10, 'given_up')).items).toHaveLength(1);

    s.directory.setUser(id('p1'), { jobTitle: 'promoted' });
    expect(await askedAfter(1)).toBe(4);
    expect(await askedAfter(1_000)).toBe(4);

    await s.stores.ledger.retry('tgt_story' as never, { reason: 'target_rejected' });
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
    expect(await s.stores.ledger.countEscrows('tgt_story' as never)).toBe(0);
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
    const { items } = await s.stores.ledger.escrows('tgt_story' as never, null, 10);
    expect(items).toMatchObject([{ ref: { id: id('staff') }, detail: '1 of 3 members were refused. no seat left' }]);
    refusing = false;
    s.pass(6 * 3_600_000);
    await s.delta();
    expect(s.groups()).toEqual({ staff: ['p0', 'p1', 'p2'] });
    expect(await s.provisioned()).toMatchObject({ counters: { membersAdded: 1 } });
    expect(await s.stores.ledger.countEscrows('tgt_story' as never)).toBe(0);
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
    const account = s.account('p1');
    if (account !== undefined) s.remote.objects.delete(account.remoteId);
    s.directory.setUser(id('p1'), { jobTitle: 'new' });
    await s.delta();
    expect(s.accounts()).toEqual({ p0: 'on', p1: 'on' });
    expect(s.account('p1')?.attributes['title']).toBe('new');
  });

  describe('that says of the account of a leaver that it does not know it', () => {
    /** `forHowLong`: so many times it says so. */
    const denying = async (forHowLong: number): Promise<Story> => {
      let denied = 0;
      const s = await story({
        wrapTarget: faulty({
          before: ({ action }) => {
            if (action !== 'disable' || denied >= forHowLong) return null;
            denied += 1;
            return new TargetError('gone', '404 from a server that is behind');
          },
        }),
      });
      staff(s, 3);
      await s.full();
      return s;
    };
    const links = (s: Story) => s.stores.ledger.countLinks(target);

    it('once, and holds it, is told once more: the account is not left on, and forgotten', async () => {
      const s = await denying(1);
      s.directory.remove(id('p2'), 'deleted');
      await s.delta();
      expect(s.accounts()).toEqual({ p0: 'on', p1: 'on', p2: 'off' });
      expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { disabled: 1 } });
      expect(await links(s)).toEqual({ user: 3, group: 0 });
    });

    it('again and again, and holds it, gets it later', async () => {
      const s = await denying(2);
      s.directory.remove(id('p2'), 'deleted');
      await s.delta();
      expect(await s.provisioned()).toMatchObject({
        state: 'partially_succeeded',
        counters: { disabled: 0, failed: { not_applied: 1 } },
      });
      expect(await links(s)).toEqual({ user: 3, group: 0 });
      s.pass(7 * 3_600_000);
      await s.delta();
      expect(s.accounts()).toMatchObject({ p2: 'off' });
    });

    it('and does not hold it, is believed', async () => {
      const s = await denying(0);
      const account = s.account('p2');
      if (account !== undefined) s.remote.objects.delete(account.remoteId);
      s.directory.remove(id('p2'), 'deleted');
      await s.delta();
      expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { disabled: 1 } });
      expect(await links(s)).toEqual({ user: 2, group: 0 });
    });

    it('and says that it found them by their name, without showing them, is not believed', async () => {
      let isBehind = false;
      const s = await story({
        wrapTarget: (made) => ({
          ...made,
          apply: async (operation, signal) => {
            if (isBehind && operation.action === 'disable') throw new TargetError('gone', 'Not found.');
            return await made.apply(operation, signal);
          },
          get: async (...asked) => (isBehind ? null : await made.get(...asked)),
          find: async (...asked) => {
            if (!isBehind) return await made.find(...asked);
            throw new TargetError('rejected', 'It found 1, and shows 0.', { code: 'paging_broken' });
          },
        }),
      });
      staff(s, 3);
      await s.full();
      s.directory.remove(id('p2'), 'deleted');
      isBehind = true;
      await s.delta();
      expect(await s.provisioned()).toMatchObject({ counters: { disabled: 0, failed: { target_rejected: 1 } } });
      expect(await links(s)).toEqual({ user: 3, group: 0 });
      isBehind = false;
      s.pass(7 * 3_600_000);
      await s.delta();
      expect(s.accounts()).toMatchObject({ p2: 'off' });
    });

    it('and cannot be asked then, is asked again before anything is forgotten', async () => {
      let isDown = false;
      let denied = 0;
      const s = await story({
        wrapTarget: (made) => ({
          ...made,
          get: async (...ask) => {
            if (!isDown) return await made.get(...ask);
            isDown = false;
            throw new TargetError('unavailable', '503');
          },
          apply: async (operation, ...ask) => {
            if (operation.action !== 'disable' || denied > 0) return await made.apply(operation, ...ask);
            denied += 1;
            isDown = true;
            throw new TargetError('gone', '404 from a server that is behind');
          },
        }),
      });
      staff(s, 3);
      await s.full();
      s.directory.remove(id('p2'), 'deleted');
      await s.delta();
      expect(s.accounts()).toMatchObject({ p2: 'off' });
      expect(await links(s)).toEqual({ user: 3, group: 0 });
    });
  });

  describe('whose gateway has lost its route, and says of everybody that they are not there', () => {
    /** As an adapter says it: the word of a write is handed on, and no look proves it. For `answers` answers the route is lost. */
    const people = async (count: number) => {
      const route = { answers: 0 };
      const isLost = (): boolean => {
        route.answers -= 1;
        return route.answers >= 0;
      };
      const ask = async <T>(asked: () => Promise<T>): Promise<T> => {
        if (isLost()) throw new TargetError('unavailable', '404 to everything', { code: 'all_not_found' });
        return await asked();
      };
      const s = await story({
        wrapTarget: (made) => ({
          ...made,
          get: (...asked) => ask(() => made.get(...asked)),
          find: (...asked) => ask(() => made.find(...asked)),
          apply: async (...asked) => {
            if (isLost()) throw new TargetError('gone', '404');
            return await made.apply(...asked);
          },
        }),
      });
      staff(s, count);
      await s.full();
      return { s, route };
    };
    const links = (s: Story) => s.stores.ledger.countLinks(target);

    it('forgets no leaver: they are switched off once it has its route again', async () => {
      const { s, route } = await people(12);
      for (const nth of [0, 1, 2, 3, 4]) s.directory.remove(id(`p${nth}`), 'deleted');
      route.answers = 12;
      await s.delta();
      expect(route.answers).toBeLessThan(0);
      expect(off(s)).toBe(5);
      expect(await links(s)).toEqual({ user: 12, group: 0 });
    });

    it('forgets nobody who is to be changed', async () => {
      const { s, route } = await people(12);
      for (let nth = 0; nth < 12; nth += 1) s.directory.setUser(id(`p${nth}`), { jobTitle: 'new' });
      route.answers = 12;
      await s.delta();
      expect(await links(s)).toEqual({ user: 12, group: 0 });
      expect(s.remote.applied.filter(({ action }) => action === 'create')).toHaveLength(12);
      expect(s.account('p7')?.attributes['title']).toBe('new');
      const adopted = s.remote.applied.filter(({ action }) => action === 'update');
      expect(adopted).toHaveLength(12);
    });
  });

  it('that says once of each account to be changed that it does not know it, and holds it, loses no link', async () => {
    const denied = new Set<string>();
    const s = await story({
      wrapTarget: faulty({
        before: ({ action, ref }) => {
          if (action !== 'update' || denied.has(ref.id)) return null;
          denied.add(ref.id);
          return new TargetError('gone', '404 from a server that is behind');
        },
      }),
    });
    staff(s, 3);
    await s.full();
    for (const nth of [0, 1, 2]) s.directory.setUser(id(`p${nth}`), { jobTitle: 'new' });
    await s.delta();
    expect(denied.size).toBe(3);
    const entries = (await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 10)).items;
    expect(entries.map(({ outcome }) => outcome?.result)).toEqual(['applied', 'applied', 'applied']);
    expect(s.account('p1')?.attributes['title']).toBe('new');
  });

  it('that forgets a group for a while, and shows it again: who left the group meanwhile is taken out of it', async () => {
    const hidden = { group: false };
    const s = await story({
      wrapTarget: (made) => ({
        ...made,
        get: async (type, ...ask) => (hidden.group && type === 'group' ? null : await made.get(type, ...ask)),
        find: async (type, ...ask) => {
          // Met again when it is matched, after its link was dropped.
          if (type !== 'group' || !hidden.group) return await made.find(type, ...ask);
          const links = await s.stores.ledger.countLinks(target);
          return links.group > 0 ? [] : await made.find(type, ...ask);
        },
        apply: async (operation, ...ask) => {
          if (operation.action !== 'update' || operation.ref.type !== 'group')
            return await made.apply(operation, ...ask);
          hidden.group = !hidden.group;
          if (hidden.group) throw new TargetError('gone', '404 from a server that is behind');
          return await made.apply(operation, ...ask);
        },
      }),
    });
    staff(s, 3);
    s.found('team');
    for (const name of ['p0', 'p1', 'p2']) s.directory.join(id('team'), id(name));
    await s.full();
    expect(s.groups()).toEqual({ team: ['p0', 'p1', 'p2'] });
    const made = await linkOfGroup(s, 'team');
    s.found('team', { displayName: 'the team' });
    s.directory.leave(id('team'), id('p1'));
    await s.delta();
    expect(s.groups()).toEqual({ 'the team': ['p0', 'p2'] });
    const met = await linkOfGroup(s, 'team');
    expect(met).toMatchObject({ remoteId: made?.remoteId, by: 'created', membersSince: made?.membersSince });
  });

  it('that lost a group, and has another one with its name: that one is of others', async () => {
    const s = await story({ target: { leftGroups: 'delete' } });
    s.hire('p0');
    s.found('team');
    s.directory.join(id('team'), id('p0'));
    await s.full();
    const [ours] = [...s.remote.objects.values()].filter(({ type }) => type === 'group');
    s.remote.objects.delete(ours?.remoteId ?? remoteId(''));
    const theirs = remoteId('theirs');
    s.remote.objects.set(theirs, { type: 'group', remoteId: theirs, attributes: { displayName: 'the team' } });
    s.found('team', { displayName: 'the team' });
    await s.delta();
    expect(await linkOfGroup(s, 'team')).toBeUndefined();
    s.directory.remove(id('team'), 'deleted');
    await s.delta({ acceptShrink: true });
    expect(s.groups()).toEqual({ 'the team': [] });
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
    expect(await s.stores.targets.get('tgt_story' as never)).toMatchObject({ state: 'quarantined' });
  });
});

describe('two people and one account', () => {
  it('that both match it: one gets it, the other one waits for somebody to decide', async () => {
    const s = await story();
    s.remote.objects.set('r-1' as never, {
      type: 'user',
      remoteId: 'r-1' as never,
      attributes: { userName: 'shared@contoso.example', active: true },
    });
    s.hire('anna', { userPrincipalName: 'shared@contoso.example' });
    s.hire('bert', { userPrincipalName: 'SHARED@contoso.example' });
    await s.full();
    expect(s.remote.objects.size).toBe(1);
    expect(await s.provisioned()).toMatchObject({
      state: 'partially_succeeded',
      counters: { failed: { linked_elsewhere: 1 } },
    });
    expect((await s.stores.ledger.countLinks('tgt_story' as never)).user).toBe(1);
  });

  it('that both would be made: the second is refused, and does not take over the first', async () => {
    const s = await story();
    s.hire('anna', { userPrincipalName: 'shared@contoso.example' });
    s.hire('bert', { userPrincipalName: 'SHARED@contoso.example' });
    await s.full();
    expect(s.remote.objects.size).toBe(1);
    const [account] = [...s.remote.objects.values()];
    const links = await s.stores.ledger.links(
      'tgt_story' as never,
      [id('anna'), id('bert')].map((each) => ({ type: 'user', id: each as never })),
    );
    expect(links.size).toBe(1);
    expect([...links.keys()][0]).toBe(account?.attributes['externalId']);
  });
});

describe('a dry run', () => {
  it('writes nothing to the target, and lists what the later run does', async () => {
    const s = await story();
    staff(s, 3);
    s.found('staff');
    s.directory.join(id('staff'), id('p0'));
    await s.full({ dryRun: true });
    const dry = await s.provisioned();
    expect(s.writes()).toBe(0);
    expect(dry).toMatchObject({ state: 'succeeded', dryRun: true, counters: { created: 4, membersAdded: 1 } });
    expect(await s.stores.ledger.lastWrite('tgt_story' as never)).toBeNull();
    expect(await s.held(await s.newestPlan())).toEqual([
      'add_members 1',
      'create group',
      'create user',
      'create user',
      'create user',
    ]);
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ dryRun: false, counters: { created: 4, membersAdded: 1 } });
    expect(s.writes()).toBe(5);
  });
});

describe('a run that is stopped', () => {
  it('is canceled at its next place', async () => {
    const s = await story({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: 60_000, reportMs: 0 } } });
    staff(s, 250);
    const run = await s.requestSync('full');
    const stopping = {
      ...s.engine,
      failpoint: async (site: string) => void (site === 'sync.page' && (await s.stores.runs.cancel(run.id, s.now()))),
    };
    await syncTurn(stopping, run.connection, new AbortController().signal);
    expect(await s.ended(run)).toMatchObject({ state: 'canceled' });
    expect((await s.stores.snapshots.head(run.connection)).version).toBe(0);
  });

  it('ends when it is over its time, and the next one continues', async () => {
    const s = await story({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } } });
    staff(s, 250);
    const run = await s.requestSync('full');
    await syncTurn(s.engine, run.connection, new AbortController().signal);
    s.pass(1_801_000);
    await syncTurn(s.engine, run.connection, new AbortController().signal);
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'run_timed_out' } });
    const next = await s.full();
    expect(next).toMatchObject({ state: 'succeeded' });
    expect(Object.keys(s.accounts())).toHaveLength(250);
  });

  it('yields at once when the worker is told to stop, and is continued', async () => {
    const s = await story();
    staff(s, 250);
    const run = await s.requestSync('full');
    const stop = new AbortController();
    const stopping = { ...s.engine, failpoint: async (site: string) => void (site === 'sync.page' && stop.abort()) };
    await syncTurn(stopping, run.connection, stop.signal);
    expect(await s.ended(run)).toMatchObject({ state: 'waiting', faults: 0 });
    await s.syncAll();
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded', counters: { created: 250, read: 250 } });
  });
});

describe('asking the source before something is taken away', () => {
  it('waits while it is throttled, and then takes away what is true', async () => {
    const s = await story();
    staff(s, 3);
    await s.full();
    const { memorySource } = await import('../../src/source/memory.ts');
    const honest = memorySource(s.directory);
    let throttled = 3;
    const engine = {
      ...s.engine,
      connectSource: () => ({
        ...honest,
        confirm: async (...ask: Parameters<typeof honest.confirm>) => {
          throttled -= 1;
          if (throttled >= 0) throw new SourceError('throttled', '429', { retryAfterMs: 120_000 });
          return await honest.confirm(...ask);
        },
      }),
    };
    s.directory.remove(id('p2'), 'deleted');
    await s.requestSync('delta');
    await s.syncAll();
    const { provisionTurn } = await import('../../src/engine/provision-run.ts');
    for (let turns = 0; turns < 10; turns += 1) {
      const turn = await provisionTurn(engine, 'tgt_story' as never, new AbortController().signal);
      if (turn.next === 'done') break;
      s.pass(Math.max(0, turn.at.getTime() - s.now().getTime()));
    }
    expect(s.accounts()).toMatchObject({ p2: 'off' });
    expect(await s.provisioned()).toMatchObject({
      state: 'succeeded',
      faults: 0,
      counters: { disabled: 1, skipped: {} },
    });
  });
});

describe('a full sync that is over its time while it is getting on', () => {
  it('is asked for again at once, and continues where it was', async () => {
    const s = await story({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } } });
    staff(s, 250);
    const run = await s.requestSync('full');
    await syncTurn(s.engine, run.connection, new AbortController().signal);
    s.pass(1_801_000);
    await s.syncAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'run_timed_out' } });
    const [rest] = (await s.stores.runs.list({ kind: 'sync' }, null, 1)).items;
    expect(rest).toMatchObject({ mode: 'full', trigger: 'retry', state: 'succeeded', counters: { created: 250 } });
  });
});
