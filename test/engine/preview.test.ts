import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prune } from '../../src/engine/maintenance.ts';
import { declareRestore } from '../../src/engine/restore.ts';
import { syncTurn } from '../../src/engine/sync-run.ts';
import { sourceId } from '../../src/model/ids.ts';
import type { Plan } from '../../src/model/plan.ts';
import { everyone, type Scope, scopeKey } from '../../src/model/scope.ts';
import { defaultLimits, type Limits } from '../../src/model/target-record.ts';
import { memorySource } from '../../src/source/memory.ts';
import { all } from '../support/ledger-world.ts';
import { anyNumber, connection, id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const groups = (...names: readonly string[]): Scope => ({
  kind: 'groups',
  groups: names.map((name) => sourceId(id(name))),
  nested: false,
});
const { signal } = new AbortController();
const day = 86_400_000;
const limits: Limits = { ...defaultLimits, deprovisions: anyNumber, memberRemovals: anyNumber };

/** Eight people, of whom the first four are in the test group, and everybody is in the staff. */
const town = async (scope: Scope, options: StoryOptions = {}): Promise<Story> => {
  const s = await story({
    ...options,
    connection: { scope, shrinkLimit: anyNumber, ...options.connection },
    target: { limits, leftGroups: 'delete', ...options.target },
  });
  const people = Array.from({ length: 8 }, (_, nth) => `p${nth}`);
  for (const name of people) s.hire(name);
  for (const name of ['p0', 'p5']) s.hire(name, { manager: id('p7') });
  s.found('uat');
  s.found('staff');
  for (const name of people) s.directory.join(id('staff'), id(name));
  for (const name of people.slice(0, 4)) s.directory.join(id('uat'), id(name));
  await s.full();
  // From here on somebody looks at what another scope would do.
  const record = await s.stores.targets.get(target);
  await s.stores.targets.edit(target, record?.revision ?? 0, { autoApproveFirst: false });
  return s;
};

/** What a plan holds, without when it was planned. */
const heldBy = async (s: Story, plan: Plan): Promise<readonly string[]> =>
  (await all(s.stores.plans.scan(plan)))
    .map(({ step, operation: { key: _, ...operation }, cause }) => JSON.stringify([step, operation, cause.why]))
    .sort();

/** The plan that the target waits for once the scope is saved and read. */
const afterSaving = async (s: Story, scope: Scope): Promise<Plan> => {
  await s.saveScope(scope);
  await s.full();
  return await s.newestPlan();
};

describe('a preview of another scope', () => {
  it('of fewer people says what the plan after saving says, to the letter', async () => {
    const s = await town(everyone);
    const run = await s.preview(groups('uat'));
    expect(run).toMatchObject({
      kind: 'preview',
      state: 'succeeded',
      problem: null,
      version: null,
      counters: { read: 5, created: 0, removed: 5 },
    });
    const preview = await s.newestPlan();
    expect(preview).toMatchObject({
      kind: 'preview',
      run: run.id,
      countsOf: { user: { disable: 4, create: 0 }, group: { delete: 1 } },
      counts: { disable: 4, delete: 1 },
    });
    const plan = await afterSaving(s, groups('uat'));
    expect(plan).toMatchObject({ kind: 'first', hash: preview.hash, countsOf: preview.countsOf });
    expect(await heldBy(s, plan)).toEqual(await heldBy(s, preview));
  });

  it('of more people reads them, and the members of their groups', async () => {
    const s = await town(groups('uat'));
    expect(Object.keys(s.accounts())).toHaveLength(4);
    const run = await s.preview(everyone);
    expect(run).toMatchObject({ state: 'succeeded', counters: { created: 5, removed: 0, membersAdded: 8 } });
    const preview = await s.newestPlan();
    expect(preview).toMatchObject({
      countsOf: { user: { create: 4, update: 2, disable: 0 }, group: { create: 1, add_members: 8 } },
    });
    const plan = await afterSaving(s, everyone);
    expect(plan.hash).toBe(preview.hash);
    expect(await heldBy(s, plan)).toEqual(await heldBy(s, preview));
    await s.approve();
    expect(Object.keys(s.accounts())).toHaveLength(8);
  });

  it('saves nothing, writes nothing and changes nothing of the snapshot', async () => {
    const s = await town(everyone);
    const read = async () => ({
      scope: (await s.stores.connections.get(connection))?.scope,
      head: await s.stores.snapshots.head(connection),
      users: await all(s.stores.snapshots.scan(connection, 'user')),
      groups: await all(s.stores.snapshots.scan(connection, 'group')),
      changes: await all(s.stores.snapshots.changesAfter(connection, 0)),
      position: await s.stores.ledger.position(target),
      rules: await s.stores.ledger.rules(target),
      escrows: await s.stores.ledger.countEscrows(target),
      waiting: await s.commands.waitingPlan(target),
      writes: s.writes(),
    });
    const before = await read();
    await s.preview(groups('uat'));
    await s.preview(groups('uat', 'staff'));
    expect(await read()).toEqual(before);
    expect(await s.delta()).toMatchObject({ state: 'succeeded', counters: { read: 0, created: 0, removed: 0 } });
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', plan: null });
    expect(await s.full()).toMatchObject({ state: 'succeeded', counters: { created: 0, removed: 0 } });
    expect(s.writes()).toBe(before.writes);
  });

  it('counts what changed in the tenant since the last sync, too', async () => {
    const s = await town(everyone);
    s.hire('late');
    s.directory.join(id('uat'), id('late'));
    s.directory.remove(id('p1'), 'soft_deleted');
    await s.preview(groups('uat'));
    const preview = await s.newestPlan();
    expect(preview).toMatchObject({ countsOf: { user: { create: 1, disable: 5 } } });
    expect((await afterSaving(s, groups('uat'))).hash).toBe(preview.hash);
  });

  it('of a tenant that was never read says what it would get', async () => {
    const s = await story({ target: { autoApproveFirst: false, limits } });
    for (const name of ['p0', 'p1', 'p2']) s.hire(name);
    s.found('uat');
    s.directory.join(id('uat'), id('p1'));
    await s.preview(groups('uat'));
    const preview = await s.newestPlan();
    expect(preview).toMatchObject({ countsOf: { user: { create: 1 }, group: { create: 1, add_members: 1 } } });
    expect((await s.stores.snapshots.head(connection)).version).toBe(0);
    expect((await afterSaving(s, groups('uat'))).hash).toBe(preview.hash);
  });

  it('says which limits it passes, and that the first sync after saving will be held', async () => {
    const s = await town(everyone, {
      target: {
        limits: {
          ...limits,
          deprovisions: { count: 2, percent: 100, floor: 0 },
          groupDeletes: { count: 0, percent: 0, floor: 0 },
        },
      },
      connection: { shrinkLimit: { count: 2, percent: 100, floor: 0 } },
    });
    const run = await s.preview(groups('uat'));
    expect(run).toMatchObject({
      state: 'succeeded',
      problem: { code: 'read_would_shrink', message: expect.stringContaining('4 of 8 known users are missing') },
    });
    expect(await s.newestPlan()).toMatchObject({
      exceeded: [
        { limit: 'deprovisions', wanted: 4, allowed: 2 },
        { limit: 'groupDeletes', wanted: 1, allowed: 0 },
      ],
    });
    await s.saveScope(groups('uat'));
    expect(await s.full()).toMatchObject({ state: 'held', problem: { code: 'read_shrank' } });
    const accepted = await s.full({ acceptShrink: true });
    expect(accepted).toMatchObject({ state: 'succeeded' });
    const previews = (await s.stores.plans.list({ target, kind: 'preview' }, null, 5)).items;
    expect((await s.newestPlan()).hash).toBe(previews[0]?.hash);
  });

  it('asks the target about everybody again where the database was put back, as the plan after saving does', async () => {
    const s = await town(everyone);
    const account = s.account('p1');
    if (account === undefined) throw new Error('There is no account.');
    const changed = { ...account.attributes, displayName: 'Somebody else' };
    s.remote.objects.set(account.remoteId, { ...account, attributes: changed });
    await declareRestore(s.engine, { by: 'anna', reason: 'The disk died.' });
    await s.preview(groups('uat'));
    const [preview] = (await s.stores.plans.list({ target, kind: 'preview' }, null, 1)).items;
    expect(preview).toMatchObject({ countsOf: { user: { update: 1, disable: 4 } } });
    expect((await afterSaving(s, groups('uat'))).hash).toBe(preview?.hash);
  });

  it('of a group that is not there fails, and holds nobody back', async () => {
    const s = await town(everyone);
    expect(await s.preview(groups('nobody'))).toMatchObject({
      state: 'failed',
      problem: { code: 'ScopeGroupNotFound', owner: 'your_team' },
    });
    expect(await s.stores.connections.get(connection)).toMatchObject({ state: 'active' });
  });

  it('leaves out a target that is not active', async () => {
    const s = await town(everyone);
    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, { state: 'paused' });
    expect(await s.preview(groups('uat'))).toMatchObject({ state: 'succeeded' });
    expect((await s.stores.plans.list({ kind: 'preview' }, null, 5)).items).toEqual([]);
  });

  it('stands beside the preview of another scope, and takes the place of one of the same', async () => {
    const s = await town(everyone);
    await s.preview(groups('uat'));
    const first = await s.newestPlan();
    await s.preview(groups('staff'));
    const other = await s.newestPlan();
    await s.preview(groups('uat'));
    const again = await s.newestPlan();
    const stateOf = async (plan: Plan) => (await s.stores.plans.get(plan.id))?.standing;
    expect(await stateOf(first)).toEqual({ state: 'superseded', by: again.id });
    expect(await stateOf(other)).toEqual({ state: 'waiting' });
    expect(again.hash).toBe(first.hash);
  });

  it('keeps for a day what it planned for people whom the saved scope does not let in, and how many they are', async () => {
    const s = await town(groups('uat'));
    const run = await s.preview(everyone);
    const plan = await s.newestPlan();
    const planned = async () => (await all(s.stores.plans.scan(plan))).map(({ operation }) => operation.ref.id);
    expect(await planned()).toContain(id('p6'));
    s.pass(day - 1);
    await prune(s.engine, null, signal);
    expect(await planned()).toContain(id('p6'));
    s.pass(2);
    await prune(s.engine, null, signal);
    expect([await planned(), await s.stores.plans.get(plan.id)]).toEqual([[], null]);
    expect(await s.stores.runs.get(run.id)).toMatchObject({ state: 'succeeded', counters: { created: 5 } });
  });

  it('is not decided on', async () => {
    const s = await town(everyone);
    await s.preview(groups('uat'));
    const { id: plan } = await s.newestPlan();
    const word = { by: 'anna', reason: 'Yes.' };
    for (const decide of ['approvePlan', 'applyPlan', 'rejectPlan'] as const)
      await expect(s.commands[decide](plan, word)).rejects.toMatchObject({ code: 'plan_is_preview' });
  });
});

describe('a preview that is interrupted', () => {
  const sliced = { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } };

  it('goes on where it was, in as many turns as it takes, and finds the same', async () => {
    const large = async (options: StoryOptions): Promise<Story> => {
      const s = await town(groups('uat'), options);
      for (let nth = 0; nth < 200; nth += 1) s.hire(`more${nth}`, { manager: id('p7') });
      return s;
    };
    const whole = await large({});
    const run = await whole.preview(everyone);
    const cut = await large({ engine: sliced });
    cut.directory.liberties.pageSize = 40;
    expect(await cut.preview(everyone)).toMatchObject({ state: 'succeeded', counters: run.counters });
    expect((await cut.newestPlan()).hash).toBe((await whole.newestPlan()).hash);
  });

  it('by a worker that dies anywhere is made by the next one', async () => {
    for (const site of [
      'sync.page',
      'preview.compared',
      'provision.objects',
      'provision.references',
      'preview.planned',
    ]) {
      let armed = false;
      const s = await town(everyone, {
        engine: {
          failpoint: async (at) => {
            if (at !== site || !armed) return;
            armed = false;
            throw new Error('power cut');
          },
        },
      });
      armed = true;
      await expect(s.preview(groups('uat'))).rejects.toThrow('power cut');
      s.pass(31_000);
      await s.syncAll();
      const [run] = (await s.stores.runs.list({ kind: 'preview' }, null, 1)).items;
      expect([site, run]).toMatchObject([site, { state: 'succeeded' }]);
      const preview = await s.newestPlan();
      expect((await afterSaving(s, groups('uat'))).hash).toBe(preview.hash);
    }
  });

  it('waits for a run that is at work on the target', async () => {
    const s = await town(everyone);
    const lease = await s.stores.leases.take(target, 'another worker', 60_000);
    if ('busyUntil' in lease) throw new Error('It is held already.');
    expect(await s.preview(groups('uat'))).toMatchObject({ state: 'succeeded', faults: 0 });
    expect(s.now().getTime()).toBeGreaterThanOrEqual(Date.parse('2026-03-02T08:01:00Z'));
  });

  it('ends when somebody cancels it, and the next sync knows nothing of it', async () => {
    const s = await town(everyone);
    const source = memorySource(s.directory);
    const engine = {
      ...s.engine,
      connectSource: () => ({
        ...source,
        confirm: async (...ask: Parameters<typeof source.confirm>) => {
          const [run] = (await s.stores.runs.list({ kind: 'preview' }, null, 1)).items;
          if (run !== undefined && run.state === 'running') await s.stores.runs.cancel(run.id, s.now());
          return await source.confirm(...ask);
        },
      }),
    };
    const before = await s.stores.snapshots.head(connection);
    const run = await s.requestPreview(groups('uat'));
    for (let turns = 0; turns < 5; turns += 1) await syncTurn(engine, connection, new AbortController().signal);
    expect(await s.ended(run)).toMatchObject({ state: 'canceled' });
    expect(await s.stores.snapshots.head(connection)).toEqual(before);
    expect(await s.full()).toMatchObject({ state: 'succeeded', counters: { created: 0, removed: 0 } });
  });
});

describe('a preview that comes to no end', () => {
  it('leaves nothing of what it read after a day, though nothing is read any more', async () => {
    const s = await town(groups('uat'));
    /** What the drafts of this connection are known by. */
    const opened: string[] = [];
    const snapshots: typeof s.stores.snapshots = {
      ...s.stores.snapshots,
      begin: (lease, signature) => {
        opened.push(signature);
        return s.stores.snapshots.begin(lease, signature);
      },
    };
    const engine = {
      ...s.engine,
      stores: { ...s.stores, snapshots },
      failpoint: async (at: string) => {
        if (at === 'preview.compared') throw new Error('power cut');
      },
    };
    const run = await s.requestPreview(everyone);
    await expect(syncTurn(engine, connection, signal)).rejects.toThrow('power cut');
    const record = await s.stores.connections.get(connection);
    await s.stores.connections.edit(connection, record?.revision ?? 0, { state: 'paused' });
    await s.stores.runs.cancel(run.id, s.now());
    const [draft] = opened;
    const goesOnAt = async () => {
      s.pass(60_000);
      const lease = await s.stores.leases.take(connection, 'somebody who goes on', 1_000);
      if ('busyUntil' in lease) throw new Error('It is held already.');
      const { resume } = await s.stores.snapshots.begin(lease, draft ?? '');
      await s.stores.leases.release(lease);
      return resume;
    };
    expect(await goesOnAt()).not.toBeNull();
    await prune(s.engine, null, signal);
    expect(await goesOnAt()).not.toBeNull();
    s.pass(day);
    await prune(s.engine, null, signal);
    expect(await goesOnAt()).toBeNull();
  });
});

describe('whatever happened in a tenant', () => {
  const people = ['p0', 'p1', 'p2', 'p3', 'p4'] as const;
  const teams = ['t0', 't1', 't2'] as const;
  const event = fc.record({
    kind: fc.constantFrom('hire', 'off', 'leave', 'boss', 'join', 'quit', 'close', 'nest'),
    who: fc.constantFrom(...people),
    team: fc.constantFrom(...teams),
    other: fc.constantFrom(...teams),
    to: fc.constantFrom(...people),
  });
  type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;
  const scope = fc.oneof(
    fc.constant(everyone),
    fc
      .record({ names: fc.uniqueArray(fc.constantFrom(...teams), { minLength: 1 }), nested: fc.boolean() })
      .map(({ names, nested }): Scope => ({ kind: 'groups', groups: names.map((name) => sourceId(id(name))), nested })),
  );

  const happen = (s: Story, { kind, who, team, other, to }: Event): void => {
    try {
      if (kind === 'hire') s.hire(who);
      if (kind === 'off') s.hire(who, { accountEnabled: false });
      if (kind === 'leave') s.directory.remove(id(who), 'soft_deleted');
      if (kind === 'boss') s.hire(who, { manager: id(to) });
      if (kind === 'join') s.directory.join(id(team), id(who));
      if (kind === 'quit') s.directory.leave(id(team), id(who));
      if (kind === 'close') s.directory.remove(id(team), 'soft_deleted');
      if (kind === 'nest') s.directory.join(id(team), id(other));
    } catch {
      // A directory refuses what makes no sense; then nothing happened.
    }
  };

  it('a preview is the plan after saving', async () => {
    const history = fc.record({
      before: fc.array(event, { maxLength: 12 }),
      since: fc.array(event, { maxLength: 4 }),
      from: scope,
      to: scope,
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ before, since, from, to }) => {
        fc.pre(scopeKey(from) !== scopeKey(to));
        const s = await story({ connection: { scope: from, shrinkLimit: anyNumber }, target: { limits } });
        for (const name of people) s.hire(name);
        for (const name of teams) s.found(name);
        for (const name of people.slice(0, 3)) for (const team of teams) s.directory.join(id(team), id(name));
        for (const one of before) happen(s, one);
        await s.full({ acceptShrink: true });
        const record = await s.stores.targets.get(target);
        await s.stores.targets.edit(target, record?.revision ?? 0, { autoApproveFirst: false });
        for (const one of since) happen(s, one);
        const writes = s.writes();
        const run = await s.preview(to);
        // A connection whose scope has lost a group is held back, and then previews wait.
        if (run.state === 'failed' || run.state === 'queued') return;
        const preview = await s.newestPlan();
        await s.saveScope(to);
        await s.full({ acceptShrink: true });
        expect(s.writes()).toBe(writes);
        const plan = await s.newestPlan();
        if (plan.id === preview.id) expect(await heldBy(s, preview)).toEqual([]);
        else expect(await heldBy(s, plan)).toEqual(await heldBy(s, preview));
      }),
      { numRuns: 150 },
    );
  }, 120_000);
});
