/** What must not matter: that a job is delivered twice, and that somebody edits the configuration while a run is at it. */

import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { sourceId } from '../../src/model/ids.ts';
import { connection, id, type Story, story, target } from '../support/story.ts';

const signal = new AbortController().signal;
const slices = { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } };
const people = 130;
const staff = (s: Story): void => {
  for (let nth = 0; nth < people; nth += 1) s.hire(`p${nth}`);
};
const off = (s: Story): readonly string[] =>
  Object.entries(s.accounts()).flatMap(([name, state]) => (state === 'off' ? [name] : []));
const editTarget = async (s: Story, edit: Parameters<Story['stores']['targets']['edit']>[2]): Promise<void> => {
  const record = await s.stores.targets.get(target);
  await s.stores.targets.edit(target, record?.revision ?? 0, edit);
};
const editConnection = async (s: Story, edit: Parameters<Story['stores']['connections']['edit']>[2]): Promise<void> => {
  const record = await s.stores.connections.get(connection);
  await s.stores.connections.edit(connection, record?.revision ?? 0, edit);
};

describe('a job that is delivered twice', () => {
  it('at once, to one process: one of the two works, the other is told to come back', async () => {
    const s = await story();
    staff(s);
    const run = await s.requestSync('full');
    const turns = await Promise.all([syncTurn(s.engine, connection, signal), syncTurn(s.engine, connection, signal)]);
    expect(turns.map(({ next }) => next)).toEqual(['again', 'again']);
    await s.syncAll();
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded', counters: { created: people } });
    await Promise.all([provisionTurn(s.engine, target, signal), provisionTurn(s.engine, target, signal)]);
    await s.provisionAll();
    expect(s.remote.objects.size).toBe(people);
    expect(s.remote.applied.filter(({ action }) => action === 'create')).toHaveLength(people);
  });

  it('to two workers, turn by turn: everything is done once', async () => {
    const s = await story({ engine: slices });
    const other = { ...s.engine, owner: 'another worker' };
    staff(s);
    await s.requestSync('full');
    const both = async (turn: typeof syncTurn, key: typeof connection): Promise<void> => {
      for (let nth = 0; nth < 200; nth += 1) {
        const [one, two] = await Promise.all([turn(s.engine, key, signal), turn(other, key, signal)]);
        if (one.next === 'done' && two.next === 'done') return;
      }
      throw new Error('It does not come to an end.');
    };
    await both(syncTurn, connection);
    for (let nth = 0; nth < 200; nth += 1) {
      const ends = await Promise.all([provisionTurn(s.engine, target, signal), provisionTurn(other, target, signal)]);
      if (ends.every(({ next }) => next === 'done')) break;
    }
    expect(s.remote.objects.size).toBe(people);
    expect(s.remote.applied.filter(({ action }) => action === 'create')).toHaveLength(people);
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { created: people } });
  });

  it('once more after all is done: nothing is left to do', async () => {
    const s = await story();
    staff(s);
    await s.full();
    const before = s.writes();
    expect(await syncTurn(s.engine, connection, signal)).toEqual({ next: 'done' });
    expect(await provisionTurn(s.engine, target, signal)).toEqual({ next: 'done' });
    expect(s.writes()).toBe(before);
  });
});

describe('a connection that is edited in the middle of a sync run', () => {
  it('in its scope: what was read of the old one is not taken for the new one, and nobody of it is lost', async () => {
    const s = await story({ engine: slices });
    staff(s);
    s.found('sales');
    for (let nth = 0; nth < 40; nth += 1) s.directory.join(id('sales'), id(`p${nth}`));
    await s.requestSync('full');
    await syncTurn(s.engine, connection, signal);
    await editConnection(s, { scope: { kind: 'groups', groups: [sourceId(id('sales'))], nested: false } });
    await s.syncAll();
    await s.provisionAll();
    expect(Object.keys(s.accounts())).toHaveLength(40);
    await editConnection(s, { scope: { kind: 'all' } });
    await s.full();
    expect(Object.keys(s.accounts())).toHaveLength(people);
    expect(off(s)).toEqual([]);
  });

  it('in its attributes: everybody is read with the new ones', async () => {
    const s = await story({ engine: slices });
    for (let nth = 0; nth < people; nth += 1) s.hire(`p${nth}`, { jobTitle: `Title ${nth}` });
    const before = await s.stores.connections.get(connection);
    const attributes = before?.attributes ?? { user: [], group: [] };
    await editConnection(s, {
      attributes: { ...attributes, user: attributes.user.filter((name) => name !== 'jobTitle') },
    });
    await s.requestSync('full');
    await syncTurn(s.engine, connection, signal);
    await editConnection(s, { attributes });
    await s.syncAll();
    await s.provisionAll();
    expect(s.account('p0')?.attributes['title']).toBe('Title 0');
    expect(s.account(`p${people - 1}`)?.attributes['title']).toBe(`Title ${people - 1}`);
  });

  it('by being removed: it is not committed', async () => {
    const s = await story({ engine: slices });
    staff(s);
    const run = await s.requestSync('full');
    await syncTurn(s.engine, connection, signal);
    await editConnection(s, { state: 'deleting' });
    await s.syncAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'connection_removed' } });
    expect(await s.stores.snapshots.head(connection)).toMatchObject({ version: 0 });
  });
});

describe('a connection that is paused', () => {
  const pause = (s: Story): Promise<void> => editConnection(s, { state: 'paused' });
  const goOn = async (s: Story): Promise<void> => {
    await editConnection(s, { state: 'active' });
    await s.syncAll();
    await s.provisionAll();
  };
  const committed = async (s: Story): Promise<number> => (await s.stores.snapshots.head(connection)).version;
  const word = { by: 'anna', reason: 'It is right.' };

  it('between two turns of a sync run is not read on, and goes on from there', async () => {
    const s = await story({ engine: slices });
    staff(s);
    const run = await s.requestSync('full');
    await syncTurn(s.engine, connection, signal);
    const { counters } = await s.ended(run);
    await pause(s);
    expect(await syncTurn(s.engine, connection, signal)).toEqual({ next: 'done' });
    expect(await s.ended(run)).toMatchObject({ state: 'waiting', problem: null, counters });
    expect(await committed(s)).toBe(0);
    await goOn(s);
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded', counters: { read: people } });
    expect(Object.keys(s.accounts())).toHaveLength(people);
  });

  it('in the midst of a turn of a sync run is not read to the end', async () => {
    let pages = 0;
    const s: Story = await story({
      engine: { timing: { ...slices.timing, sliceMs: 15_000 } },
      wrapSource: (made) => ({
        ...made,
        read: async function* (...ask) {
          for await (const page of made.read(...ask)) {
            pages += 1;
            if (pages === 2) await pause(s);
            yield page;
          }
        },
      }),
    });
    s.directory.liberties.pageSize = 20;
    staff(s);
    await s.requestSync('full');
    await s.syncAll();
    expect(pages).toBeLessThan(5);
    expect(await committed(s)).toBe(0);
    await goOn(s);
    expect(Object.keys(s.accounts())).toHaveLength(people);
  });

  it('right before a sync run commits does not commit, and nobody is asked to write anything', async () => {
    let isToPause = true;
    const s: Story = await story({
      engine: {
        failpoint: async (site) => {
          if (site !== 'sync.recorded' || !isToPause) return;
          isToPause = false;
          await pause(s);
        },
      },
    });
    staff(s);
    await s.full();
    expect(await committed(s)).toBe(0);
    expect((await s.stores.runs.list({ kind: 'provision' }, null, 5)).items).toEqual([]);
    await goOn(s);
    expect(Object.keys(s.accounts())).toHaveLength(people);
  });

  it('has nothing written to its targets from the next step on', async () => {
    let isToPause = false;
    const s: Story = await story({
      wrapTarget: (made) => ({
        ...made,
        apply: async (...ask) => {
          if (isToPause) {
            isToPause = false;
            await pause(s);
          }
          return await made.apply(...ask);
        },
      }),
    });
    staff(s);
    await s.full();
    for (let nth = 0; nth < people; nth += 1) s.directory.setUser(id(`p${nth}`), { city: 'Bonn' });
    await s.requestSync('delta');
    await s.syncAll();
    const before = s.writes();
    isToPause = true;
    await s.provisionAll();
    expect(s.writes() - before).toBe(50);
    expect(await s.provisioned()).toMatchObject({ state: 'waiting', problem: null });
    await goOn(s);
    expect(s.writes() - before).toBe(people);
  });

  it('has runs of its targets wait that were asked for before', async () => {
    const s = await story();
    staff(s);
    await s.full();
    s.hire('new');
    s.directory.remove(id('p0'), 'soft_deleted');
    await s.requestSync('delta');
    await s.syncAll();
    await pause(s);
    const before = s.writes();
    const [run] = (await s.stores.runs.list({ kind: 'provision', state: 'queued' }, null, 1)).items;
    if (run === undefined) throw new Error('No run was asked for.');
    expect(await provisionTurn(s.engine, target, signal)).toEqual({ next: 'done' });
    s.pass(86_400_000);
    await s.provisionAll();
    expect(s.writes()).toBe(before);
    expect(await s.ended(run)).toMatchObject({ state: 'queued' });
    await goOn(s);
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded' });
    expect(s.accounts()).toMatchObject({ new: 'on', p0: 'off' });
  });

  it('has a run taken back, which needs no word of the tenant, past one that waits in the same line', async () => {
    const s = await story({ engine: slices });
    staff(s);
    await s.full();
    s.pass(1_000);
    for (let nth = 0; nth < people; nth += 1) s.directory.setUser(id(`p${nth}`), { city: 'Bonn' });
    await s.delta();
    const mistake = await s.provisioned();
    s.pass(1_000);
    for (let nth = 0; nth < people; nth += 1) s.directory.setUser(id(`p${nth}`), { city: 'Rome' });
    await s.requestSync('delta');
    await s.syncAll();
    // It is under way, so that whatever else is asked for stands behind it.
    await provisionTurn(s.engine, target, signal);
    await pause(s);
    const cityOf = (name: string) => s.account(name)?.attributes['addresses[type eq "work"].locality'];
    expect([cityOf('p0'), cityOf('p129')]).toEqual(['Rome', 'Bonn']);
    await s.planUndo(mistake);
    expect(await s.newestPlan()).toMatchObject({ kind: 'undo', counts: { update: people - 50 } });
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(cityOf('p0')).toBe('Rome');
    expect(cityOf('p129') ?? null).toBe(null);
  });

  it('has a plan wait that is approved meanwhile, and carried out once it goes on', async () => {
    const s = await story({ target: { autoApproveFirst: false } });
    staff(s);
    await s.full();
    await pause(s);
    const { run } = await s.commands.approvePlan((await s.newestPlan()).id, word);
    await s.provisionAll();
    expect(s.writes()).toBe(0);
    expect(await s.ended(run)).toMatchObject({ state: 'queued' });
    await goOn(s);
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded', counters: { created: people } });
  });

  it('lets a run that was under way end that somebody cancels', async () => {
    const s = await story({ engine: slices });
    staff(s);
    const run = await s.requestSync('full');
    await syncTurn(s.engine, connection, signal);
    await s.stores.runs.start(run.id, s.now());
    await pause(s);
    await s.stores.runs.cancel(run.id, s.now());
    await s.syncAll();
    expect(await s.ended(run)).toMatchObject({ state: 'canceled' });
  });
});

it('a connection that is held back is not read, and what was committed before goes to its targets', async () => {
  const s = await story();
  staff(s);
  await s.requestSync('full');
  await s.syncAll();
  await s.stores.connections.hold(connection, { code: 'x', message: 'x', owner: 'customer_it' });
  const run = await s.requestSync('delta');
  expect(await syncTurn(s.engine, connection, signal)).toEqual({ next: 'done' });
  await s.provisionAll();
  expect(Object.keys(s.accounts())).toHaveLength(people);
  await s.stores.connections.hold(connection, null);
  await s.syncAll();
  expect(await s.ended(run)).toMatchObject({ state: 'succeeded' });
});

/** What is taken away when somebody edits in the midst of it: `fresh-evidence.test.ts`. */
describe('a target that is edited in the middle of a provision run', () => {
  /** Some of the people who are to be changed are done; then somebody edits the target. Nothing was taken away yet. */
  const halfDone = async (change: (s: Story) => void, edit: (s: Story) => Promise<void>): Promise<Story> => {
    const s = await story({ engine: slices });
    staff(s);
    await s.full();
    change(s);
    await s.requestSync('delta');
    await s.syncAll();
    const before = s.writes();
    await provisionTurn(s.engine, target, signal);
    expect(s.writes() - before).toBeLessThan(people);
    await edit(s);
    return s;
  };
  const moveAll = (s: Story): void => {
    for (let nth = 0; nth < people; nth += 1) s.directory.setUser(id(`p${nth}`), { city: 'Bonn' });
  };

  it('by protecting somebody: they are left alone from then on', async () => {
    const last = id(`p${people - 1}`);
    const s = await halfDone(moveAll, (now) =>
      editTarget(now, { protected: { ids: [last], attributes: [], groups: [] } }),
    );
    const before = structuredClone(s.account(`p${people - 1}`));
    await s.provisionAll();
    expect(s.account(`p${people - 1}`)).toEqual(before);
    expect(s.account('p0')?.attributes['addresses[type eq "work"].locality']).toBe('Bonn');
  });

  it('by being paused: nothing more is written to it, and it goes on once it is let go', async () => {
    const s = await halfDone(moveAll, (now) => editTarget(now, { state: 'paused' }));
    const before = s.writes();
    await s.provisionAll();
    expect(s.writes()).toBe(before);
    expect(await s.provisioned()).toMatchObject({ state: 'failed', problem: { code: 'target_paused' } });
    await editTarget(s, { state: 'active' });
    await s.provision();
    expect(s.account(`p${people - 1}`)?.attributes['addresses[type eq "work"].locality']).toBe('Bonn');
  });

  it('by lower limits: they hold for what is taken away from then on', async () => {
    const s = await halfDone(
      (now) => {
        moveAll(now);
        for (let nth = 0; nth < 4; nth += 1) now.directory.remove(id(`p${nth}`), 'soft_deleted');
      },
      async (now) => {
        const record = await now.stores.targets.get(target);
        if (record === null) throw new Error('The target is gone.');
        await editTarget(now, { limits: { ...record.limits, deprovisions: { count: 2, percent: 100, floor: 0 } } });
      },
    );
    await s.provisionAll();
    expect(off(s)).toEqual([]);
    expect(await s.newestPlan()).toMatchObject({ kind: 'held', counts: { disable: 4 } });
  });

  it('by another deprovision policy: nobody loses anything by the one that somebody took back', async () => {
    const s = await halfDone(
      (now) => {
        moveAll(now);
        now.directory.remove(id('p0'), 'soft_deleted');
      },
      (now) => editTarget(now, { deprovision: { kind: 'none' } }),
    );
    await s.provisionAll();
    expect(off(s)).toEqual([]);
    expect(Object.keys(s.accounts())).toHaveLength(people);
  });
});
