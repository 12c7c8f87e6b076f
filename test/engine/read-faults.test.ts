/** A read that fails, lies, runs out of time or is stopped: nobody loses an account by it, and the next one goes on. */

import { describe, expect, it } from 'vitest';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { SourceError } from '../../src/model/errors.ts';
import { sourceId } from '../../src/model/ids.ts';
import type { ObjectMessage } from '../../src/model/source-message.ts';
import { off, staff } from '../support/staff.ts';
import { anyNumber, connection, id, story, target } from '../support/story.ts';

const whole = (message: ObjectMessage): ObjectMessage =>
  message.type === 'upsert' ? { ...message, whole: true } : message;

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

  it('told-of-and-not-reached: whom a delta tells whole, and no group of the scope holds, is not in the snapshot, and given no account', async () => {
    const scope = { kind: 'groups', groups: [sourceId(id('pilot'))], nested: true } as const;
    let isToldOf = false;
    const s = await story({
      connection: { scope, shrinkLimit: anyNumber },
      wrapSource: (source) => ({
        ...source,
        read: async function* (...asked) {
          for await (const page of source.read(...asked))
            yield page.type === 'end' || !isToldOf ? page : { ...page, messages: page.messages.map(whole) };
        },
      }),
    });
    for (const group of ['pilot', 'inner']) s.found(group);
    for (const name of ['eve', 'fay']) s.hire(name);
    s.directory.join(id('pilot'), id('fay'));
    s.directory.join(id('pilot'), id('inner'));
    s.directory.join(id('inner'), id('eve'));
    await s.full();
    s.directory.remove(id('inner'), 'soft_deleted');
    await s.delta();
    expect(s.accounts()).toEqual({ eve: 'off', fay: 'on' });
    isToldOf = true;
    s.directory.setUser(id('eve'), { department: 'Elsewhere' });
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { created: 0 } });
    expect((await s.stores.snapshots.head(connection)).counts).toEqual({ user: 1, group: 1 });
    expect(s.accounts()).toEqual({ eve: 'off', fay: 'on' });
    expect(await s.stores.ledger.countEscrows(target)).toBe(0);
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
