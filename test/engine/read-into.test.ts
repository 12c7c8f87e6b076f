// A page is read while the one before is on its way into the draft; what is durable, and from where the next one goes on, must not suffer from it.

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readInto } from '../../src/engine/read-into.ts';
import { SourceError } from '../../src/model/errors.ts';
import { resume, sourceId } from '../../src/model/ids.ts';
import { noCounters } from '../../src/model/run.ts';
import { user } from '../../src/model/source-object.ts';
import { type Ask, completed, type Source, type SourceEnd, type SourcePage } from '../../src/source/source.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createMemoryLeases } from '../../src/store/memory/leases.ts';
import { createMemorySnapshotStore } from '../../src/store/memory/snapshot-store.ts';
import { createVault } from '../../src/store/vault.ts';
import { connection, id, story } from '../support/story.ts';

const ask: Ask = {
  scope: { kind: 'all' },
  attributes: { user: ['displayName'], group: ['displayName'] },
  read: { mode: 'full' },
  resume: null,
  watermark: true,
  known: {
    absent: async () => new Map(),
    groupsOf: async () => new Map(),
    unchanged: async () => new Set(),
    members: async function* () {},
    withManager: async () => new Set(),
  },
};
const page = (names: readonly string[], place: string): SourcePage => ({
  type: 'page',
  messages: names.map((name) => ({
    type: 'upsert',
    ref: user(sourceId(id(name))),
    attributes: { displayName: name },
    whole: true,
  })),
  resume: resume(place),
});
const end: SourceEnd = { type: 'end', complete: completed(ask), watermark: null };

const world = async () => {
  const now = (): Date => new Date('2026-03-02T08:00:00Z');
  const passed: string[] = [];
  const hold: { at: string | null; until: Promise<void> } = { at: null, until: Promise.resolve() };
  const leases = createMemoryLeases(now);
  const snapshots = createMemorySnapshotStore({
    fenceOf: leases.fenceOf,
    now,
    probe: async (site) => {
      passed.push(site);
      if (site === hold.at) await hold.until;
    },
  });
  const stores = { ...createMemoryStores({ now, vault: createVault(randomBytes(32)) }), leases, snapshots };
  const { engine } = await story({ stores: () => stores });
  const begin = async () => {
    const lease = await leases.take(connection, 'worker', 60_000);
    if ('busyUntil' in lease) throw new Error('The lease is taken.');
    return snapshots.begin(lease, 'read');
  };
  const watch = {
    signal: new AbortController().signal,
    setDeadline: () => {},
    check: () => {},
    sliceOver: () => false,
    lastsInFlight: async () => {},
    sent: () => {},
    answered: () => {},
  };
  const reported: number[] = [];
  const report = async (_: unknown, { read }: { readonly read: number }): Promise<void> => void reported.push(read);
  const read = async (draft: Awaited<ReturnType<typeof begin>>, pages: () => ReturnType<Source['read']>, more = {}) =>
    readInto(
      engine,
      draft,
      {
        read: pages,
        check: unasked,
        credentialEnds: unasked,
        tenant: unasked,
        confirm: unasked,
        confirmMembers: unasked,
        everyoneIn: unasked,
        deletions: unasked,
        lookUp: unasked,
      },
      ask,
      noCounters,
      { ...watch, ...more },
      report,
    );
  return { begin, read, passed, hold, reported };
};
const unasked = async (): Promise<never> => {
  throw new Error('Nobody asks that here.');
};

describe('a read', () => {
  it('reads the next page while one is on its way, and begins none before the last is durable', async () => {
    const { begin, read, passed, hold } = await world();
    const { promise, resolve } = Promise.withResolvers<void>();
    Object.assign(hold, { at: 'snapshot.staged', until: promise });
    const asked: string[] = [];
    const reading = read(await begin(), async function* () {
      yield page(['ann'], 'page 2');
      asked.push('page 2');
      yield page(['bob'], 'page 3');
      asked.push('page 3');
      yield end;
    });
    await expect.poll(() => asked).toEqual(['page 2']);
    expect(passed).toEqual(['snapshot.staged']);
    resolve();
    expect(await reading).toMatchObject({ counters: { read: 2, unchanged: 0 } });
    expect(passed).toEqual(['snapshot.staged', 'snapshot.batch', 'snapshot.staged', 'snapshot.batch']);
  });

  it('counts pages when they are durable', async () => {
    const { begin, read, reported } = await world();
    await read(await begin(), async function* () {
      yield page(['ann', 'bob'], 'page 2');
      yield page(['cid'], 'page 3');
      yield end;
    });
    expect(reported).toEqual([0, 0, 2, 3]);
  });

  it('writes no batch for pages without anybody, and goes on behind them when the turn is over', async () => {
    const { begin, read, passed } = await world();
    let told = 0;
    const outcome = await read(
      await begin(),
      async function* () {
        for (told = 1; told <= 5; told += 1) yield page([], `page ${told + 1}`);
        yield end;
      },
      { sliceOver: () => told >= 3 },
    );
    expect(outcome).toBe('slice');
    expect(passed).toEqual(['snapshot.staged', 'snapshot.batch']);
    expect((await begin()).resume).toBe('page 4');
  });

  it.each([
    ['of the source', new SourceError('throttled', 'Too many requests.')],
    ['that nothing was said to be complete', null],
  ])('that breaks off because %s is continued behind the last page, also one without anybody', async (_, error) => {
    const { begin, read } = await world();
    const reading = read(await begin(), async function* () {
      yield page(['ann'], 'page 2');
      yield page([], 'page 3');
      if (error !== null) throw error;
    });
    await expect(reading).rejects.toBeInstanceOf(SourceError);
    const next = await begin();
    expect(next.resume).toBe('page 3');
    expect(next.base.version).toBe(0);
  });

  it('whose page could not be written says so, and begins no other', async () => {
    const { begin, read, passed, hold } = await world();
    Object.assign(hold, { at: 'snapshot.batch', until: Promise.reject(new Error('The disk is full.')) });
    const reading = read(await begin(), async function* () {
      yield page(['ann'], 'page 2');
      yield page(['bob'], 'page 3');
      yield end;
    });
    await expect(reading).rejects.toThrow('The disk is full.');
    expect(passed).toEqual(['snapshot.staged', 'snapshot.batch']);
  });
});
