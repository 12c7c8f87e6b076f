import { describe, expect, it } from 'vitest';
import { defaultTiming } from '../../src/engine/engine.ts';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { SourceError, TargetError } from '../../src/model/errors.ts';
import type { Run } from '../../src/model/run.ts';
import { memorySource } from '../../src/source/memory.ts';
import type { Source } from '../../src/source/source.ts';
import { faulty } from '../support/faulty.ts';
import { connection, type Story, type StoryOptions, story, target } from '../support/story.ts';

const hour = 3_600_000;
const { signal } = new AbortController();

/** A story whose source is told to wait, for so long the first time and so long the next, after `meanwhile`. */
const throttled = async (waits: readonly number[], meanwhile: (s: Story) => Promise<unknown> = async () => {}) => {
  const s = await story();
  let reads = 0;
  const source: Source = {
    ...memorySource(s.directory),
    // biome-ignore lint/correctness/useYield: it is throttled before it can say anything
    read: async function* () {
      const retryAfterMs = waits[reads] ?? 0;
      reads += 1;
      await meanwhile(s);
      throw new SourceError('throttled', 'Wait.', { retryAfterMs });
    },
  };
  const engine = { ...s.engine, connectSource: () => source };
  return { s, turn: () => syncTurn(engine, connection, new AbortController().signal) };
};

describe('a turn that is told to wait', () => {
  it('comes back when the wait is over', async () => {
    const { s, turn } = await throttled([hour]);
    await s.requestSync('full');
    expect(await turn()).toEqual({ next: 'rest', at: new Date(s.now().getTime() + hour) });
  });

  it('does not sleep through what a person asked for meanwhile', async () => {
    const { s, turn } = await throttled([hour], (here) => here.requestSync('delta'));
    await s.requestSync('full');
    expect(await turn()).toEqual({ next: 'again', at: s.now() });
  });

  it('does not sleep longer than another run of the same connection that waits', async () => {
    const { s, turn } = await throttled([hour / 4, hour]);
    await s.requestSync('full');
    const soon = { next: 'rest', at: new Date(s.now().getTime() + hour / 4) };
    expect(await turn()).toEqual(soon);
    await s.requestSync('delta');
    expect(await turn()).toEqual(soon);
  });
});

describe('a run that is over its time', () => {
  type Way = { isDown: boolean; fault: TargetError; write: () => void };
  /** Bob has an account and Eve is hired; the target is down when her account is to be made. */
  const downForEve = async (engine: StoryOptions['engine'] = {}) => {
    const way: Way = { isDown: false, fault: new TargetError('unavailable', '503'), write: () => {} };
    const before = (): TargetError | null => {
      way.write();
      return way.isDown ? way.fault : null;
    };
    const s = await story({ engine, wrapTarget: faulty({ before }) });
    s.hire('bob');
    await s.full();
    s.hire('eve');
    await s.requestSync('delta');
    await s.syncAll();
    way.isDown = true;
    await turnAt(s);
    return { s, way, run: await s.provisioned() };
  };
  const turnAt = (s: Story) => provisionTurn(s.engine, target, signal);
  const pause = async (s: Story, state: 'paused' | 'active'): Promise<void> => {
    const record = await s.stores.connections.get(connection);
    await s.stores.connections.edit(connection, record?.revision ?? 0, { state });
  };
  const standing = async (s: Story, run: Run) => ({
    run: (await s.ended(run)).problem?.code,
    target: (await s.stores.targets.get(target))?.state,
    accounts: s.accounts(),
  });
  const goneOnWith = { run: 'run_timed_out', target: 'active', accounts: { bob: 'on', eve: 'on' } };

  it('because its connection was paused is gone on with, and the target is not held back for a fault of before', async () => {
    const { s, way, run } = await downForEve();
    expect(run).toMatchObject({ state: 'waiting', faults: 1, problem: { code: 'target_unavailable' } });
    way.isDown = false;
    await pause(s, 'paused');
    s.pass(5 * hour);
    await pause(s, 'active');
    await s.provisionAll();
    expect(await standing(s, run)).toEqual(goneOnWith);
  });

  it('because no worker was there is gone on with as well', async () => {
    const { s, way, run } = await downForEve();
    way.isDown = false;
    s.pass(hour);
    await s.provisionAll();
    expect(await standing(s, run)).toEqual(goneOnWith);
  });

  it('because no worker was there when a wait was over that was longer than its time is gone on with as well', async () => {
    const { s, way, run } = await downForEve();
    way.fault = new TargetError('unavailable', '503', { retryAfterMs: hour });
    s.pass(10_000);
    await turnAt(s);
    way.isDown = false;
    s.pass(9 * hour);
    await s.provisionAll();
    expect(await standing(s, run)).toEqual(goneOnWith);
  });

  it('while it is getting on is gone on with, and not blamed on a fault that is over', async () => {
    const { s, way, run } = await downForEve({ timing: { ...defaultTiming, leaseTtlMs: 2 * hour } });
    way.isDown = false;
    way.write = () => {
      way.write = () => {};
      s.pass(hour);
    };
    await s.provisionAll();
    expect(await standing(s, run)).toEqual(goneOnWith);
  });

  it('because its target was down all the while ends by that, and the target is held back', async () => {
    const { s, run } = await downForEve();
    await s.provisionAll();
    expect(await standing(s, run)).toEqual({
      run: 'target_unavailable',
      target: 'quarantined',
      accounts: { bob: 'on' },
    });
    expect((await s.ended(run)).faults).toBeLessThan(10);
  });

  it('because it was told to wait is gone on with', async () => {
    const { s, way, run } = await downForEve();
    way.fault = new TargetError('throttled', '429', { retryAfterMs: hour });
    s.pass(10_000);
    await turnAt(s);
    expect(await s.ended(run)).toMatchObject({ state: 'waiting', problem: { code: 'target_throttled' } });
    way.isDown = false;
    await s.provisionAll();
    expect(await standing(s, run)).toEqual(goneOnWith);
  });

  it('because nobody was at work is gone on with also where the tenant could not be read', async () => {
    const s = await story();
    s.hire('bob');
    s.directory.liberties.fault = { afterPages: 0, error: new SourceError('unavailable', '503') };
    const run = await s.requestSync('full');
    await syncTurn(s.engine, connection, signal);
    expect(await s.ended(run)).toMatchObject({ state: 'waiting', faults: 1 });
    s.directory.liberties.fault = null;
    s.pass(5 * hour);
    await s.syncAll();
    await s.provisionAll();
    expect(await standing(s, run)).toEqual({ ...goneOnWith, accounts: { bob: 'on' } });
  });
});
