/** What is carried out is what somebody looked at, whatever died in between. */

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import type { Plan } from '../../src/model/plan.ts';
import { defaultLimits } from '../../src/model/target-record.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import type { Stores } from '../../src/store/stores.ts';
import { createVault } from '../../src/store/vault.ts';
import { id, type Story, type StoryOptions, story, target } from '../support/story.ts';

const word = { by: 'anna', reason: 'It looks right.' };
const open = { count: 1_000, percent: 100, floor: 1_000 };
const noLimits = { ...defaultLimits, deprovisions: open, memberRemovals: open, memberRemovalsPerGroup: open };

/** A worker may be told to die right after a write to the stores. */
const mortal = async (options: StoryOptions = {}) => {
  let fatal: string | null = null;
  const s = await story({
    ...options,
    stores: (now) =>
      createMemoryStores({
        now,
        vault: createVault(randomBytes(32)),
        probe: (site) => {
          if (site !== fatal) return;
          fatal = null;
          throw new Error('power cut');
        },
      }),
  });
  const die = async (site: string): Promise<void> => {
    fatal = site;
    await expect(provisionTurn(s.engine, target, new AbortController().signal)).rejects.toThrow('power cut');
    s.pass(31_000);
  };
  return { s, die };
};
const standing = async (s: Story, { id: plan }: Plan) => (await s.stores.plans.get(plan))?.standing;
const runOf = async (s: Story, plan: Plan) => await s.stores.runs.get(plan.run);
const staff = async (s: Story): Promise<void> => {
  for (let nth = 0; nth < 8; nth += 1) s.hire(`p${nth}`);
  await s.full();
};

describe('a run that died right after it had written its plan down', () => {
  /** Two have left; one of them is back by the time that the plan is made, and gone again after it was approved. */
  const twoLeave = async (s: Story): Promise<void> => {
    for (const name of ['p0', 'p1']) s.directory.remove(id(name), 'soft_deleted');
    await s.requestSync('delta');
    await s.syncAll();
    s.hire('p1');
  };

  it('goes on and adds nothing to what somebody approved meanwhile', async () => {
    const { s, die } = await mortal({ target: { limits: noLimits } });
    await staff(s);
    await twoLeave(s);
    for (const { id: queued } of (await s.stores.runs.list({ target, state: 'queued' }, null, 10)).items)
      await s.stores.runs.cancel(queued, s.now());
    await s.requestProvision('delta', true);
    await die('plans.added');
    const plan = await s.newestPlan();
    expect(await s.held(plan)).toEqual(['disable user']);
    await s.commands.applyPlan(plan.id, word);
    s.directory.remove(id('p1'), 'soft_deleted');
    await s.provisionAll();
    expect(s.accounts()).toMatchObject({ p0: 'off', p1: 'on' });
    expect(await s.held(plan)).toEqual(['disable user']);
    expect(await standing(s, plan)).toMatchObject({ state: 'applied' });
    expect(await runOf(s, plan)).toMatchObject({ state: 'succeeded', counters: { disabled: 1 } });
  });

  it('of everything ends as it would have ended, and the plan waits as it was shown', async () => {
    const { s, die } = await mortal({ target: { autoApproveFirst: false } });
    for (let nth = 0; nth < 3; nth += 1) s.hire(`p${nth}`);
    await s.requestSync('full');
    await s.syncAll();
    await die('plans.added');
    const plan = await s.newestPlan();
    await s.provisionAll();
    expect(await runOf(s, plan)).toMatchObject({
      state: 'held',
      problem: { code: 'plan_waits' },
      counters: { created: 0, skipped: { plan_waits: 3 } },
    });
    expect(await s.newestPlan()).toEqual(plan);
    await s.approve();
    expect(Object.keys(s.accounts())).toHaveLength(3);
  });

  it('of what is over a limit holds it back once more, and adds nothing', async () => {
    const { s, die } = await mortal({
      target: { limits: { ...noLimits, deprovisions: { count: 0, percent: 0, floor: 0 } } },
    });
    await staff(s);
    await twoLeave(s);
    await die('plans.added');
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ kind: 'held', counts: { disable: 2 } });
    s.directory.remove(id('p2'), 'soft_deleted');
    await s.requestSync('delta');
    await s.syncAll();
    await s.provisionAll();
    expect(await runOf(s, plan)).toMatchObject({ state: 'held', problem: { code: 'guard_hold' } });
    const next = await s.newestPlan();
    expect(await standing(s, plan)).toEqual({ state: 'superseded', by: next.id });
  });
});

describe('a plan whose operations are not those that were looked at', () => {
  /** The database loses one operation of every plan. */
  const lossy = async (options: StoryOptions = {}) => {
    const loss = { is: false };
    const lose = (stores: Stores): Stores => ({
      ...stores,
      plans: {
        ...stores.plans,
        scan: async function* (of) {
          for await (const some of stores.plans.scan(of)) yield loss.is ? some.slice(1) : some;
        },
      },
    });
    const s = await story({
      ...options,
      stores: (now) => lose(createMemoryStores({ now, vault: createVault(randomBytes(32)) })),
    });
    return { s, loss };
  };

  it('is refused, with the reason, before anything of it is done, and planned anew', async () => {
    const { s, loss } = await lossy({ target: { autoApproveFirst: false } });
    for (let nth = 0; nth < 3; nth += 1) s.hire(`p${nth}`);
    await s.full();
    const plan = await s.newestPlan();
    loss.is = true;
    expect(await s.approve()).toMatchObject({ state: 'failed', problem: { code: 'plan_refused' } });
    expect(s.writes()).toBe(0);
    expect(await standing(s, plan)).toMatchObject({
      state: 'refused',
      why: 'content_changed',
      decision: { by: 'anna' },
    });
    await expect(s.commands.approvePlan(plan.id, word)).rejects.toMatchObject({ code: 'plan_refused' });
    const next = await s.newestPlan();
    expect(next.id).not.toBe(plan.id);
    expect(next.standing).toEqual({ state: 'waiting' });
  });

  it('is refused also where it holds what was over a limit', async () => {
    const { s, loss } = await lossy({
      target: { limits: { ...noLimits, deprovisions: { count: 0, percent: 0, floor: 0 } } },
    });
    await staff(s);
    for (const name of ['p0', 'p1']) s.directory.remove(id(name), 'soft_deleted');
    await s.delta();
    const plan = await s.newestPlan();
    loss.is = true;
    expect(await s.approve()).toMatchObject({ state: 'failed', problem: { code: 'plan_refused' } });
    expect(s.accounts()).toMatchObject({ p0: 'on', p1: 'on' });
    expect(await standing(s, plan)).toMatchObject({ state: 'refused', why: 'content_changed' });
  });
});
