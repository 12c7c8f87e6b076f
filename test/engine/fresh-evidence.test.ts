import { describe, expect, it } from 'vitest';
import { defaultTiming } from '../../src/engine/engine.ts';
import { TargetError } from '../../src/model/errors.ts';
import type { Action, Operation } from '../../src/model/operation.ts';
import { isDestructive } from '../../src/model/operation.ts';
import { defaultLimits, type TargetRecord } from '../../src/model/target-record.ts';
import { memorySource } from '../../src/source/memory.ts';
import { off } from '../support/staff.ts';
import { connection, id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const second = 1_000;
const open = { count: 10_000, percent: 100, floor: 10_000 };
const unlimited: Partial<TargetRecord> = {
  limits: { ...defaultLimits, deprovisions: open, memberRemovals: open, memberRemovalsPerGroup: open },
};
const name = (nth: number): string => `p${nth}`;

type Slow = {
  /** How long each request takes that takes something away. */
  removalMs: number;
  /** What happens right before it is done. */
  onRemoval: (operation: Operation) => void | Promise<void>;
};
type Asked = { readonly people: number; readonly at: number };

/** People and their group, a target that takes its time to take something away, and a record of when the source was asked about whom. */
const slowly = async (
  people: number,
  removalMs: number,
  { target: record, ...options }: StoryOptions = {},
  membersPerRequest = 1_000,
) => {
  const slow: Slow = { removalMs: 0, onRemoval: () => {} };
  const asked = new Map<string, number>();
  const questions: Asked[] = [];
  const ages: { readonly action: Action; readonly ms: number }[] = [];
  const s: Story = await story({
    ...options,
    target: { ...unlimited, ...record },
    connection: { shrinkLimit: open, timeoutSecs: 86_400 },
    engine: {
      // Nobody renews a lease here, where time passes while nobody waits.
      timing: { ...defaultTiming, leaseTtlMs: 86_400_000 },
      connectSource: () => {
        const real = memorySource(s.directory);
        return {
          ...real,
          confirm: async (refs, scope, signal) => {
            questions.push({ people: refs.length, at: s.now().getTime() });
            for (const ref of refs) asked.set(ref.id, s.now().getTime());
            return await real.confirm(refs, scope, signal);
          },
        };
      },
    },
    wrapTarget: (made) => ({
      ...made,
      capabilities: { ...made.capabilities, membersPerRequest },
      apply: async (operation, aborted, beforeWrite) => {
        if (!isDestructive(operation.action)) return await made.apply(operation, aborted, beforeWrite);
        const happening = slow.onRemoval(operation);
        if (happening !== undefined) await happening;
        for (const one of 'members' in operation ? operation.members.map(({ ref }) => ref) : [operation.ref])
          ages.push({ action: operation.action, ms: s.now().getTime() - (asked.get(one.id) ?? Number.NaN) });
        const done = await made.apply(operation, aborted, beforeWrite);
        s.pass(slow.removalMs);
        return done;
      },
    }),
  });
  for (let nth = 0; nth < people; nth += 1) s.hire(name(nth));
  s.found('staff');
  for (let nth = 0; nth < people; nth += 1) s.directory.join(id('staff'), id(name(nth)));
  await s.full();
  slow.removalMs = removalMs;
  questions.length = 0;
  const leave = (from: number): void => {
    for (let nth = from; nth < people; nth += 1) s.directory.remove(id(name(nth)), 'soft_deleted');
  };
  return { s, slow, ages, questions, leave };
};
const oldest = (ages: readonly { readonly ms: number }[]): number => Math.max(...ages.map(({ ms }) => ms));

describe('what the tenant said is no more than a minute old when something is taken away on it', () => {
  it('from two hundred leavers, at a target that takes eight seconds for each', async () => {
    const { s, ages, leave } = await slowly(210, 8 * second);
    leave(10);
    await s.delta();
    const run = await s.provisioned();
    expect(run).toMatchObject({ state: 'succeeded', counters: { disabled: 200 } });
    expect(run.counters.failed).toEqual({});
    expect(Object.values(s.accounts()).filter((state) => state === 'on')).toHaveLength(10);
    expect(oldest(ages)).toBeLessThanOrEqual(60 * second);
  });

  it('from a large group, a request at a time', async () => {
    const { s, ages } = await slowly(60, 15 * second, {}, 10);
    for (let nth = 0; nth < 60; nth += 1) s.directory.leave(id('staff'), id(name(nth)));
    await s.delta();
    expect(s.groups()).toEqual({ staff: [] });
    expect(ages).toHaveLength(60);
    expect(oldest(ages)).toBeLessThanOrEqual(60 * second);
  });

  it('somebody who comes back while others are on their way keeps the account', async () => {
    const { s, slow, leave } = await slowly(40, 10 * second);
    leave(5);
    let done = 0;
    slow.onRemoval = ({ action }) => {
      if (action !== 'disable') return;
      done += 1;
      // The last of those who were asked about with the first, and who comes long after them.
      if (done === 2) s.hire(name(39));
    };
    await s.delta();
    expect(s.accounts()).toMatchObject({ p5: 'off', p38: 'off', p39: 'on' });
  });

  it('from a plan that somebody approved, too', async () => {
    const { s, ages, leave } = await slowly(60, 20 * second, { target: { limits: defaultLimits } });
    leave(20);
    await s.delta();
    expect(await s.newestPlan()).toMatchObject({ kind: 'held' });
    ages.length = 0;
    expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { disabled: 40 } });
    expect(oldest(ages)).toBeLessThanOrEqual(60 * second);
  });

  it('keeps every try as an operation of its own, each with what was said right before it', async () => {
    const { s, leave } = await slowly(40, 20 * second);
    leave(10);
    await s.delta();
    const run = await s.provisioned();
    const { items } = await s.stores.ledger.entries(target, run.id, null, 500);
    const disables = items.filter(({ operation }) => operation.action === 'disable');
    const sent = disables.filter(({ outcome }) => outcome?.result === 'applied');
    expect(sent).toHaveLength(30);
    expect(disables.filter(({ outcome }) => outcome?.result === 'skipped').length).toBeGreaterThan(0);
    for (const { cause } of sent)
      expect(cause.evidence).toMatchObject({ read: 'delta', confirmed: { said: { gone: 1 } } });
    const times = new Set(sent.map(({ cause }) => cause.evidence?.confirmed?.at.getTime()));
    expect(times.size).toBeGreaterThan(2);
    expect(new Set(disables.map(({ operation }) => operation.key)).size).toBe(disables.length);
  });
});

describe('whoever has to wait is asked about again', () => {
  it('after a long wait that the target asked for', async () => {
    const { s, slow, leave } = await slowly(20, 0);
    leave(15);
    let refused = 0;
    slow.onRemoval = ({ action }) => {
      if (action !== 'disable' || refused > 0) return;
      refused += 1;
      throw new TargetError('throttled', 'The target asks to wait.', { retryAfterMs: 600 * second });
    };
    await s.requestSync('delta');
    await s.syncAll();
    const provisioning = s.provisionAll();
    await provisioning;
    expect(s.accounts()).toMatchObject({ p19: 'off' });
    const { items } = await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 500);
    for (const { cause, outcome } of items.filter(({ outcome: one }) => one?.result === 'applied'))
      if (cause.evidence !== null)
        expect((outcome?.at.getTime() ?? 0) - (cause.evidence.confirmed?.at.getTime() ?? 0)).toBe(0);
  });

  it('after an answer that never came, before it is sent a second time', async () => {
    const { s, slow, ages, leave } = await slowly(20, 0);
    leave(19);
    let lost = 0;
    slow.onRemoval = ({ action }) => {
      if (action !== 'disable' || lost > 0) return;
      lost += 1;
      s.pass(90 * second);
      throw new TargetError('unknown', 'No answer came in time.');
    };
    await s.delta();
    expect(s.accounts()).toMatchObject({ p19: 'off' });
    expect(oldest(ages)).toBe(0);
  });

  it('about fewer at a time where the source takes long to answer, and not at all where one takes it too long', async () => {
    const { s, leave } = await slowly(20, 0);
    leave(15);
    const real = memorySource(s.directory);
    let perPersonMs = 20 * second;
    Object.assign(s.engine, {
      connectSource: () => ({
        ...real,
        confirm: async (...ask: Parameters<typeof real.confirm>) => {
          s.pass(ask[0].length * perPersonMs);
          return await real.confirm(...ask);
        },
      }),
    });
    await s.delta();
    expect(s.accounts()).toMatchObject({ p14: 'on', p15: 'off', p19: 'off' });

    perPersonMs = 61 * second;
    s.directory.remove(id('p14'), 'soft_deleted');
    await s.requestSync('delta');
    await s.syncAll();
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p14: 'on' });
    expect(await s.provisioned()).toMatchObject({
      state: 'failed',
      problem: { code: 'confirmation_slow', owner: 'microsoft' },
    });
  });
});

describe('an edit in the midst of a removal wave reaches whoever has not lost anything yet', () => {
  const everybody = 210;
  /** Of two hundred leavers the first is on the way; then somebody edits something. */
  const amid = async (edit: (s: Story) => Promise<void>): Promise<Story> => {
    const { s, slow, leave } = await slowly(everybody, 8 * second);
    leave(10);
    let isEdited = false;
    slow.onRemoval = async ({ action }) => {
      if (action !== 'disable' || isEdited) return;
      isEdited = true;
      await edit(s);
    };
    await s.requestSync('delta');
    await s.syncAll();
    await s.provisionAll();
    return s;
  };
  const editTarget = async (s: Story, edit: Parameters<Story['stores']['targets']['edit']>[2]): Promise<void> => {
    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, edit);
  };
  const editConnection = async (s: Story, state: 'active' | 'paused'): Promise<void> => {
    const record = await s.stores.connections.get(connection);
    await s.stores.connections.edit(connection, record?.revision ?? 0, { state });
  };
  /** What was asked about together with the first. */
  const fewest = 40;

  it('who is protected meanwhile keeps the account, and the others lose theirs', async () => {
    const last = name(everybody - 1);
    const s = await amid((now) => editTarget(now, { protected: { ids: [id(last)], attributes: [], groups: [] } }));
    expect(s.accounts()).toMatchObject({ [last]: 'on', p10: 'off', p208: 'off' });
    expect(off(s)).toBe(199);
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { disabled: 199 } });
  });

  it('a target that is paused meanwhile loses nobody else', async () => {
    const s = await amid((now) => editTarget(now, { state: 'paused' }));
    expect(off(s)).toBeGreaterThan(0);
    expect(off(s)).toBeLessThanOrEqual(fewest);
    expect(await s.provisioned()).toMatchObject({ state: 'failed', problem: { code: 'target_paused' } });
    await editTarget(s, { state: 'active' });
    await s.provision();
    expect(off(s)).toBe(200);
  });

  it('another deprovision policy leaves everybody else alone', async () => {
    const s = await amid((now) => editTarget(now, { deprovision: { kind: 'none' } }));
    expect(off(s)).toBeLessThanOrEqual(fewest);
  });

  it('lower limits hold the rest back as a plan', async () => {
    const few = { ...open, count: 2, floor: 0 };
    const s = await amid(async (now) => {
      const record = await now.stores.targets.get(target);
      if (record === null) throw new Error('The target is gone.');
      await editTarget(now, { limits: { ...record.limits, deprovisions: few } });
    });
    expect(off(s)).toBeLessThanOrEqual(fewest);
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'guard_hold' } });
    expect(await s.newestPlan()).toMatchObject({ kind: 'held', counts: { disable: 200 - off(s) } });
  });

  it('a connection that is paused meanwhile loses nobody else at its target, until it goes on', async () => {
    const s = await amid((now) => editConnection(now, 'paused'));
    const lost = off(s);
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThanOrEqual(fewest);
    const run = await s.provisioned();
    expect(run).toMatchObject({ state: 'waiting', problem: null });
    s.pass(3_600 * second);
    await s.provisionAll();
    expect(off(s)).toBe(lost);
    await editConnection(s, 'active');
    await s.provisionAll();
    expect(off(s)).toBe(200);
    expect(await s.ended(run)).toMatchObject({ state: 'succeeded', counters: { disabled: 200 } });
  });

  it('and so it does in an undo that takes accounts away', async () => {
    const { s, slow } = await slowly(10, 8 * second);
    for (let nth = 10; nth < 100; nth += 1) s.hire(name(nth));
    await s.delta();
    const run = await s.provisioned();
    s.pass(second);
    await s.planUndo(run);
    let isEdited = false;
    slow.onRemoval = async () => {
      if (isEdited) return;
      isEdited = true;
      await editTarget(s, { protected: { ids: [id(name(99))], attributes: [], groups: [] } });
    };
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ kind: 'undo', counts: { disable: 90 } });
    await s.commands.approvePlan(plan.id, { by: 'anna', reason: 'They are not ours.' });
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p99: 'on' });
    expect(off(s)).toBeLessThanOrEqual(fewest);
    expect((await s.stores.plans.get(plan.id))?.standing).toMatchObject({ state: 'refused', why: 'rules_changed' });
  });
});

describe('how many questions it takes', () => {
  it('is a question for a few rounds of requests, and no more of them than before where the target is quick', async () => {
    const { s, questions, leave } = await slowly(200, 0);
    leave(0 + 100);
    await s.delta();
    // Leavers are asked about for the group and for the account, 40 accounts at a time.
    expect(questions.map(({ people }) => people)).toEqual([100, 40, 40, 20]);
  });
});

describe('once the scope is edited in mid-run', () => {
  const scoped = async () => {
    const world = await slowly(30, 0);
    const { s } = world;
    s.found('north');
    s.found('south');
    for (let nth = 0; nth < 30; nth += 1) s.directory.join(id(nth < 15 ? 'north' : 'south'), id(name(nth)));
    return world;
  };
  const north = { kind: 'groups', groups: [id('north') as never], nested: false } as const;
  const both = { kind: 'groups', groups: [id('north') as never, id('south') as never], nested: false } as const;

  it('nobody loses anything any more, and the tenant is read anew', async () => {
    const { s, slow } = await scoped();
    await s.saveScope(both);
    await s.full();
    await s.provisionAll();
    for (let nth = 5; nth < 29; nth += 1) s.directory.leave(id(nth < 15 ? 'north' : 'south'), id(name(nth)));
    let taken = 0;
    slow.onRemoval = ({ action }) => {
      if (action !== 'disable') return;
      taken += 1;
      if (taken === 1) void s.saveScope({ kind: 'all' });
      s.pass(20 * second);
    };
    await s.requestSync('delta');
    await s.syncAll();
    await s.provisionAll();
    const off = Object.values(s.accounts()).filter((state) => state === 'off').length;
    expect(off).toBeGreaterThan(0);
    expect(off).toBeLessThan(24);
    const [run] = (await s.stores.runs.list({ kind: 'provision' }, null, 1)).items;
    expect(run).toMatchObject({ state: 'failed', problem: { code: 'scope_changed', owner: 'your_team' } });
    expect((await s.stores.runs.list({ connection, kind: 'sync', state: 'queued' }, null, 5)).items).toMatchObject([
      { mode: 'full', trigger: 'retry' },
    ]);
    slow.onRemoval = () => {};
    await s.syncAll();
    await s.provisionAll();
  });

  it('who is out of the new scope only is not taken for gone, before the tenant was read by it', async () => {
    const { s } = await scoped();
    await s.saveScope(both);
    await s.full();
    await s.provisionAll();
    // A read that lies: it does not show them, though they are there, and in the scope by which it was made.
    s.directory.leave(id('south'), id(name(29)));
    await s.requestSync('delta');
    await s.syncAll();
    s.directory.join(id('south'), id(name(29)));
    await s.saveScope(north);
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p29: 'on', p20: 'on' });
  });
});
