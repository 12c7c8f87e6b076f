import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId } from '../../src/model/ids.ts';
import type { Plan } from '../../src/model/plan.ts';
import { defaultLimits, type Limits } from '../../src/model/target-record.ts';
import { memorySource } from '../../src/source/memory.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createVault } from '../../src/store/vault.ts';
import { off, staff } from '../support/staff.ts';
import { free, id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const hourMs = 3_600_000;
const limit = (count: number) => ({ count, percent: 100, floor: 0 });
const limited = (limits: Partial<Limits>, more: StoryOptions = {}) =>
  story({ ...more, target: { limits: { ...defaultLimits, ...limits }, ...more.target } });

const leave = (s: Story, from: number, to: number): void => {
  for (let nth = from; nth < to; nth += 1) s.directory.remove(id(`p${nth}`), 'soft_deleted');
};
const stateOf = async (s: Story, { id: plan }: Plan) => (await s.stores.plans.get(plan))?.standing;
const word = { by: 'anna', reason: 'A department was sold.' };

/** Ten people of whom four left, where two may go a day. */
const heldStory = async (more: StoryOptions = {}): Promise<Story> => {
  const s = await limited({ deprovisions: limit(2) }, more);
  staff(s, 10);
  await s.full();
  leave(s, 0, 4);
  await s.delta();
  return s;
};

describe('what is over a limit', () => {
  it('waits as a plan that says what, why and by how much', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({
      kind: 'held',
      standing: { state: 'waiting' },
      counts: { disable: 4, create: 0 },
      exceeded: [{ limit: 'deprovisions', wanted: 4, taken: 0, allowed: 2 }],
    });
    const [first] = (await s.commands.listPlanOperations(plan.id, {}, null, 1)).items;
    expect(first).toMatchObject({
      staged: { operation: { action: 'disable' }, cause: { why: 'soft_deleted' } },
      object: { attributes: { displayName: 'p0' } },
    });
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'guard_hold' } });
    expect((await s.provisioned()).problem?.message).toContain(plan.id);
    expect((await s.commands.waitingPlan(target))?.id).toBe(plan.id);
    expect(off(s)).toBe(0);
  });

  it('is the same plan as long as it is the same, and another as soon as it is not', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    await s.delta();
    await s.provision('full');
    expect((await s.newestPlan()).id).toBe(plan.id);
    expect(await s.held(plan)).toHaveLength(4);
    leave(s, 4, 5);
    await s.delta();
    const next = await s.newestPlan();
    expect(next.id).not.toBe(plan.id);
    expect(await stateOf(s, plan)).toEqual({ state: 'superseded', by: next.id });
    expect(await s.held(next)).toHaveLength(5);
    await expect(s.commands.approvePlan(plan.id, word)).rejects.toThrow(next.id);
  });

  it('approved-plan-not-needed: is not said to be carried out where everybody is back before it was begun', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    for (let nth = 0; nth < 4; nth += 1) s.directory.restore(id(`p${nth}`));
    leave(s, 8, 9);
    await s.requestSync('delta');
    await s.syncAll();
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded', counters: { disabled: 1 } });
    expect(await stateOf(s, plan)).toEqual({ state: 'superseded', by: null });
  });

  it('waits no longer when everybody is back', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    for (let nth = 0; nth < 4; nth += 1) s.directory.restore(id(`p${nth}`));
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    expect(await stateOf(s, plan)).toEqual({ state: 'superseded', by: null });
    expect(await s.commands.waitingPlan(target)).toBeNull();
  });

  it('waits no longer when it is within the limits of another day', async () => {
    const s = await limited({ deprovisions: limit(3) });
    staff(s, 10);
    await s.full();
    leave(s, 0, 2);
    await s.delta();
    leave(s, 2, 4);
    await s.delta();
    expect(off(s)).toBe(2);
    const plan = await s.newestPlan();
    s.pass(25 * hourMs);
    await s.delta();
    expect(off(s)).toBe(4);
    expect(await stateOf(s, plan)).toEqual({ state: 'superseded', by: null });
  });
});

describe('a plan that somebody approves', () => {
  it('is done, all of it and nothing else', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    expect(await s.approve()).toMatchObject({ state: 'succeeded', plan: plan.id, counters: { disabled: 4 } });
    expect(s.accounts()).toMatchObject({ p0: 'off', p3: 'off', p4: 'on' });
    expect(await stateOf(s, plan)).toMatchObject({ state: 'applied', decision: { by: 'anna' } });
    const { items } = await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 100);
    expect(items.map(({ cause }) => [cause.plan, cause.limited])).toEqual(
      Array.from({ length: 4 }, () => [plan.id, false]),
    );
  });

  it('does not count against the limits of the day', async () => {
    const s = await heldStory();
    await s.approve();
    leave(s, 4, 6);
    await s.delta();
    expect(off(s)).toBe(6);
    leave(s, 6, 7);
    await s.delta();
    expect(off(s)).toBe(6);
    expect(await s.provisioned()).toMatchObject({ state: 'held' });
  });

  it('is not done when more people left meanwhile: the run says who, and another plan waits', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    await s.commands.approvePlan(plan.id, word);
    leave(s, 4, 5);
    await s.requestSync('delta');
    await s.syncAll();
    await s.provisionAll();
    expect(off(s)).toBe(0);
    const runs = (await s.stores.runs.list({ kind: 'provision' }, null, 10)).items;
    const moved = runs.find(({ problem }) => problem?.code === 'plan_moved');
    expect(moved?.problem?.message).toContain(`1 more (disable ${id('p4')})`);
    expect(moved?.problem?.message).toContain('nothing less');
    const next = await s.newestPlan();
    expect(await stateOf(s, plan)).toEqual({ state: 'superseded', by: next.id });
    await s.approve();
    expect(off(s)).toBe(5);
  });

  it('is not done when somebody came back meanwhile', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    await s.commands.approvePlan(plan.id, word);
    s.directory.restore(id('p0'));
    await s.requestSync('delta');
    await s.syncAll();
    await s.provisionAll();
    expect(off(s)).toBe(0);
    expect(await stateOf(s, plan)).toMatchObject({ state: 'superseded' });
    expect(await s.newestPlan()).toMatchObject({ counts: { disable: 3 } });
  });

  it('still takes nothing away from somebody whom the source shows', async () => {
    const s = await heldStory();
    const honest = memorySource(s.directory);
    const engine = {
      ...s.engine,
      connectSource: () => ({
        ...honest,
        confirm: async (...ask: Parameters<typeof honest.confirm>) => {
          const standings = new Map(await honest.confirm(...ask));
          return standings.set(id('p1') as never, 'present');
        },
      }),
    };
    await s.commands.approvePlan((await s.newestPlan()).id, word);
    for (let turns = 0; turns < 3; turns += 1) await provisionTurn(engine, target, new AbortController().signal);
    expect(s.accounts()).toMatchObject({ p0: 'off', p1: 'on', p2: 'off', p3: 'off' });
    expect(await s.provisioned()).toMatchObject({ counters: { skipped: { confirmed_present: 1 } } });
  });

  it('never touches who is protected', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, {
      protected: { ids: [id('p1')], attributes: [], groups: [] },
    });
    await expect(s.commands.approvePlan(plan.id, word)).rejects.toThrow('other accounts are protected');
    await s.provisionAll();
    expect(await stateOf(s, plan)).toMatchObject({ state: 'superseded' });
    await s.approve();
    expect(s.accounts()).toMatchObject({ p0: 'off', p1: 'on', p2: 'off', p3: 'off' });
  });

  it('is refused when the rules changed since it was made, and is made anew', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, { deprovision: { kind: 'delete' } });
    await expect(s.commands.approvePlan(plan.id, word)).rejects.toThrow('deprovision policy was edited');
    await s.provisionAll();
    expect(await s.newestPlan()).toMatchObject({ kind: 'held', counts: { delete: 4, disable: 0 } });
    expect(await stateOf(s, plan)).toMatchObject({ state: 'superseded' });
  });

  it('is made anew by other rules also where they come to the same, so that it can be approved', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, {
      protected: { ids: [id('p9')], attributes: [], groups: [] },
    });
    await expect(s.commands.approvePlan(plan.id, word)).rejects.toThrow('other accounts are protected');
    await s.provisionAll();
    const next = await s.newestPlan();
    expect([next.id === plan.id, next.hash === plan.hash]).toEqual([false, true]);
    expect(await stateOf(s, plan)).toEqual({ state: 'superseded', by: next.id });
    expect(await s.approve()).toMatchObject({ state: 'succeeded', plan: next.id, counters: { disabled: 4 } });
  });

  it('whose rules change between the approval and the run is not done', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, { deprovision: { kind: 'delete' } });
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'plan_moved' } });
    expect(await stateOf(s, plan)).toMatchObject({ state: 'superseded' });
    expect(Object.keys(s.accounts())).toHaveLength(10);
    expect(off(s)).toBe(0);
  });
});

describe('an approved plan whose run', () => {
  it('dies on the way is finished by the next one, without another look', async () => {
    for (const site of ['provision.intended', 'provision.applied', 'provision.settled']) {
      const s = await heldStory();
      const plan = await s.newestPlan();
      await s.commands.approvePlan(plan.id, word);
      const dying = {
        ...s.engine,
        failpoint: async (at: string) => {
          if (at === site) throw new Error('power cut');
        },
      };
      await expect(provisionTurn(dying, target, new AbortController().signal)).rejects.toThrow('power cut');
      s.pass(60_000);
      await s.provisionAll();
      expect([site, off(s)]).toEqual([site, 4]);
      expect(await stateOf(s, plan)).toMatchObject({ state: 'applied' });
    }
  });

  it('fails half-way is finished by the next one that is asked for, whoever asks', async () => {
    let left = 2;
    const s = await heldStory({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal) => {
          if (operation.action === 'disable' && left-- <= 0) throw new TargetError('unavailable', '503');
          return await made.apply(operation, signal);
        },
      }),
    });
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed' });
    expect(off(s)).toBe(2);
    expect(await stateOf(s, plan)).toMatchObject({ state: 'approved' });
    left = 100;
    // A target that was down for all the time of a run is held back; the approval outlasts that.
    await s.stores.targets.hold(plan.target, null);
    await s.delta();
    expect(off(s)).toBe(4);
    expect(await stateOf(s, plan)).toMatchObject({ state: 'applied' });
  });

  it('overtaken-by-another: waits half-way, and is finished by one that overtakes it, has not failed, and neither has one that had not begun', async () => {
    let left = 2;
    const s = await heldStory({
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal) => {
          if (operation.action === 'disable' && left-- === 0) throw new TargetError('unavailable', '503');
          return await made.apply(operation, signal);
        },
      }),
    });
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    await provisionTurn(s.engine, target, new AbortController().signal);
    expect(await s.ended(run)).toMatchObject({ state: 'waiting' });
    expect(off(s)).toBe(3);
    const overtaking = await s.requestProvision();
    await provisionTurn(s.engine, target, new AbortController().signal);
    expect(off(s)).toBe(4);
    expect(await stateOf(s, plan)).toMatchObject({ state: 'applied', begun: overtaking.id });
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded', problem: null });

    leave(s, 4, 8);
    await s.delta();
    const next = await s.newestPlan();
    const before = await s.requestProvision();
    const { run: late } = await s.commands.approvePlan(next.id, word);
    await s.provisionAll();
    expect(await stateOf(s, next)).toMatchObject({ state: 'applied', begun: before.id });
    expect(await s.ended(late)).toMatchObject({ state: 'succeeded', problem: null, counters: { disabled: 0 } });
  });

  it('fails half-way and is finished by the next one, which dies right after, ends as it went', async () => {
    let left = 2;
    let isToDie = false;
    const s = await heldStory({
      stores: (now) =>
        createMemoryStores({
          now,
          vault: createVault(randomBytes(32)),
          probe: (site) => {
            if (!isToDie || site !== 'plans.finished') return;
            isToDie = false;
            throw new Error('power cut');
          },
        }),
      wrapTarget: (made) => ({
        ...made,
        apply: async (operation, signal) => {
          if (operation.action === 'disable' && left-- <= 0) throw new TargetError('unavailable', '503');
          return await made.apply(operation, signal);
        },
      }),
    });
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed' });
    left = 100;
    isToDie = true;
    await s.stores.targets.hold(plan.target, null);
    const next = await s.requestProvision();
    await expect(s.provisionAll()).rejects.toThrow('power cut');
    s.pass(60_000);
    await s.provisionAll();
    expect(await s.ended(next)).toMatchObject({ state: 'succeeded', problem: null });
    expect(await stateOf(s, plan)).toMatchObject({ state: 'applied', begun: next.id });
    expect(off(s)).toBe(4);
  });

  it('was never asked for is asked for by the next run', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    await s.stores.plans.decide(plan.id, 'approved', { ...word, at: s.now() });
    await s.provision('full');
    await s.provisionAll();
    expect(off(s)).toBe(4);
    expect(await stateOf(s, plan)).toMatchObject({ state: 'applied' });
  });
});

describe('a plan that somebody rejects', () => {
  it('is not asked about again, until somebody asks or something moves', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    await s.commands.rejectPlan(plan.id, word);
    await s.delta();
    expect(off(s)).toBe(0);
    expect((await s.newestPlan()).id).toBe(plan.id);
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'plan_rejected' } });
    await expect(s.commands.approvePlan(plan.id, word)).rejects.toThrow('was rejected by anna');
    await s.provision();
    expect((await s.newestPlan()).id).not.toBe(plan.id);
    await s.approve();
    expect(off(s)).toBe(4);
  });

  it('approved-plan-rejected: while it is carried out is done no further, and says that it was begun', async () => {
    let [left, reject] = [7, async (): Promise<void> => {}];
    const s = await limited(
      { deprovisions: limit(2) },
      {
        wrapTarget: (real) => ({
          ...real,
          apply: async (operation, signal) => {
            if (operation.action === 'disable') left -= 1;
            if (left === 0) await reject();
            return await real.apply(operation, signal);
          },
        }),
      },
    );
    staff(s, 200);
    await s.full();
    leave(s, 0, 150);
    await s.delta();
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    reject = async () => void (await s.commands.rejectPlan(plan.id, { by: 'bert', reason: 'Stop!' }));
    await s.provisionAll();
    const done = off(s);
    expect(done).toBeLessThan(100);
    const approval = { by: 'anna' };
    expect(await stateOf(s, plan)).toMatchObject({
      state: 'rejected',
      decision: { by: 'bert' },
      approval,
      begun: run.id,
    });
    const message = `Nothing more of the plan ${plan.id} is done, because bert rejected it (Stop!).`;
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'plan_not_approved', message } });
    await s.delta();
    expect(off(s)).toBe(done);
    expect(await s.newestPlan()).toMatchObject({ standing: { state: 'waiting' }, counts: { disable: 150 - done } });
  });

  it('approved-plan-rejected: lets a run that nobody asked for it do all else', async () => {
    let reject = async (): Promise<void> => {};
    const s = await heldStory({
      wrapTarget: (real) => ({
        ...real,
        apply: async (operation, signal) => {
          if (operation.action === 'create') await reject();
          return await real.apply(operation, signal);
        },
      }),
    });
    const plan = await s.newestPlan();
    await s.stores.plans.decide(plan.id, 'approved', { ...word, at: s.now() });
    s.hire('late');
    let times = 0;
    reject = async () => {
      times += 1;
      if (times === 1) await s.commands.rejectPlan(plan.id, { by: 'bert', reason: 'Stop!' });
    };
    await s.delta();
    expect(times).toBe(1);
    expect(await s.provisioned()).toMatchObject({ state: 'held', counters: { created: 1 } });
    expect(s.account('late')).toBeDefined();
    expect(off(s)).toBe(0);
    expect(await stateOf(s, plan)).toMatchObject({ state: 'rejected' });
  });

  it('approved-plan-rejected: is not asked about again where that was in the moment it was to begin', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    const { begin } = s.stores.plans;
    s.stores.plans.begin = async (...of) => {
      await s.commands.rejectPlan(plan.id, { by: 'bert', reason: 'Stop!' });
      return await begin(...of);
    };
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'plan_not_approved' } });
    expect((await s.newestPlan()).id).toBe(plan.id);
    expect(off(s)).toBe(0);
  });

  it('after it was approved is not done, if nobody has begun', async () => {
    const s = await heldStory();
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    await s.commands.rejectPlan(plan.id, { by: 'bert', reason: 'Wait.' });
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'plan_not_approved' } });
    expect(off(s)).toBe(0);
  });
});

describe('creates and updates that wait as a plan', () => {
  it('are done when it is approved, and who came since is judged by itself', async () => {
    const s = await limited({ creates: { count: 3, percent: 100, floor: 3 } });
    staff(s, 3);
    await s.full();
    for (let nth = 3; nth < 8; nth += 1) s.hire(`p${nth}`);
    s.pass(25 * hourMs);
    await s.delta();
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ kind: 'held', counts: { create: 5 }, exceeded: [{ limit: 'creates', wanted: 5 }] });
    s.hire('late');
    await s.requestSync('delta');
    await s.syncAll();
    const { run } = await s.commands.approvePlan(plan.id, word);
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded', counters: { created: 6 } });
    expect(Object.keys(s.accounts())).toHaveLength(9);
  });

  it('are done by one plan though whoever they report to got their account with the run that held them', async () => {
    const s = await limited({ creates: { count: 1, percent: 0, floor: 1 }, adoptions: null });
    const there = remoteId('there');
    const attributes = { userName: 'boss@contoso.example', active: true };
    s.remote.objects.set(there, { type: 'user', remoteId: there, attributes });
    for (const name of ['p0', 'p1']) s.hire(name, { manager: id('boss') });
    s.hire('boss');
    await s.full();
    expect(await s.newestPlan()).toMatchObject({ kind: 'held', counts: { create: 2 } });
    expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { created: 2, managersSet: 2 } });
    expect(await s.newestPlan()).toMatchObject({ standing: { state: 'applied' } });
  });

  it('are done as they were planned: what is another one by now waits', async () => {
    const s = await limited({ updates: limit(2) });
    staff(s, 5);
    await s.full();
    for (let nth = 0; nth < 5; nth += 1) s.directory.setUser(id(`p${nth}`), { jobTitle: 'planned' });
    await s.delta();
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ counts: { update: 5 } });
    for (let nth = 0; nth < 3; nth += 1) s.directory.setUser(id(`p${nth}`), { jobTitle: 'another one' });
    await s.requestSync('delta');
    await s.syncAll();
    await s.commands.approvePlan(plan.id, word);
    await s.provisionAll();
    const titles = [...s.remote.objects.values()].map(({ attributes }) => attributes['title'] ?? null);
    expect(titles.filter((title) => title === 'planned')).toHaveLength(2);
    expect(titles).not.toContain('another one');
    expect(await s.newestPlan()).toMatchObject({ standing: { state: 'waiting' }, counts: { update: 3 } });
  });
});

describe('a plan that holds new accounts beside those of leavers', () => {
  /** Five came and four left, where three may come and two may go a day. */
  const mixed = async (more: StoryOptions = {}): Promise<Story> => {
    const s = await limited({ deprovisions: limit(2), creates: { count: 3, percent: 100, floor: 3 } }, more);
    staff(s, 3);
    await s.full();
    s.pass(25 * hourMs);
    for (let nth = 3; nth < 6; nth += 1) s.hire(`p${nth}`);
    await s.delta();
    s.pass(25 * hourMs);
    leave(s, 0, 4);
    for (let nth = 6; nth < 11; nth += 1) s.hire(`p${nth}`);
    await s.delta();
    expect(await s.newestPlan()).toMatchObject({ kind: 'held', counts: { create: 5, disable: 4 } });
    return s;
  };

  it('is done, all of it in its name', async () => {
    const s = await mixed();
    const plan = await s.newestPlan();
    expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { created: 5, disabled: 4 } });
    expect(await stateOf(s, plan)).toMatchObject({ state: 'applied' });
    const { items } = await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 100);
    expect(items.map(({ cause }) => cause.plan)).toEqual(Array.from({ length: 9 }, () => plan.id));
  });

  it('and is another one by now makes no account either, says so, and waits as another plan', async () => {
    const s = await mixed();
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    leave(s, 4, 5);
    await s.requestSync('delta');
    await s.syncAll();
    const before = s.writes();
    await s.provisionAll();
    const ended = await s.ended(run);
    expect(ended).toMatchObject({ state: 'failed', problem: { code: 'plan_moved' }, counters: { created: 0 } });
    expect(ended.problem?.message).toContain('1 more');
    expect(s.writes()).toBe(before);
    expect(await stateOf(s, plan)).toEqual({ state: 'superseded', by: null });
    const next = await s.newestPlan();
    expect(next).toMatchObject({ kind: 'held', counts: { create: 5, disable: 5 }, standing: { state: 'waiting' } });
    expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { created: 5, disabled: 5 } });
  });

  it('is finished by whoever continues it, though somebody else left since', async () => {
    const s = await mixed({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } } });
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    await provisionTurn(s.engine, target, new AbortController().signal);
    expect(await stateOf(s, plan)).toMatchObject({ state: 'approved', begun: run.id });
    leave(s, 4, 5);
    await s.requestSync('delta');
    await s.syncAll();
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded', counters: { created: 5, disabled: 4 } });
    expect(await stateOf(s, plan)).toMatchObject({ state: 'applied' });
  });
});

it('a group that is emptied is emptied when somebody approves', async () => {
  const s = await limited({ memberRemovalsPerGroup: { count: 1_000, percent: 50, floor: 2 } });
  staff(s, 8);
  s.found('team');
  for (let nth = 0; nth < 8; nth += 1) s.directory.join(id('team'), id(`p${nth}`));
  await s.full();
  for (let nth = 0; nth < 8; nth += 1) s.directory.leave(id('team'), id(`p${nth}`));
  await s.delta();
  expect(await s.newestPlan()).toMatchObject({ counts: { remove_members: 8 } });
  expect(s.groups()['team']).toHaveLength(8);
  await s.approve();
  expect(s.groups()['team']).toHaveLength(0);
});

it('two-operations-of-one-key: who leaves a group beside those whom a begun plan puts out of it is on record, too', async () => {
  const power = { fails: true };
  const s = await story({
    target: { limits: { ...free, memberRemovals: { count: 1, percent: 100, floor: 1 } } },
    wrapTarget: (made) => ({
      ...made,
      apply: async (operation, ...rest) => {
        if (power.fails && operation.action === 'remove_members') throw new Error('power cut');
        return await made.apply(operation, ...rest);
      },
    }),
  });
  const names = ['ann', 'bob', 'cid', 'dan'];
  s.found('team');
  for (const name of names) {
    s.hire(name);
    s.directory.join(id('team'), id(name));
  }
  await s.full();
  for (const name of ['ann', 'bob']) s.directory.leave(id('team'), id(name));
  await s.delta();
  const plan = await s.newestPlan();
  const { run } = await s.commands.approvePlan(plan.id, { by: 'anna', reason: 'The team was split.' });
  await expect(s.provisionAll()).rejects.toThrow('power cut');
  expect(s.groups()['team']).toHaveLength(4);
  await s.stores.runs.cancel(run.id, s.now());
  power.fails = false;
  s.pass(31_000);
  s.directory.leave(id('team'), id('cid'));
  await s.delta();
  expect(s.groups()).toEqual({ team: ['dan'] });
  const { items } = await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 10);
  const putOut = items.flatMap(({ operation }) => (operation.action === 'remove_members' ? operation.members : []));
  expect(putOut.map(({ ref }) => ref.id).sort()).toEqual(['ann', 'bob', 'cid'].map(id).sort());
});
