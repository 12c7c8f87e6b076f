/** A plan of what is over a limit on accounts that are made or changed, which somebody approved: it is begun with the first of them. */

import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { tendPlans } from '../../src/engine/tend-plans.ts';
import type { Plan } from '../../src/model/plan.ts';
import { off, staff } from '../support/staff.ts';
import { free, id, type Story, story, target } from '../support/story.ts';

const hourMs = 3_600_000;
const word = { by: 'anna', reason: 'A company was bought.' };
const stateOf = async (s: Story, { id: plan }: Plan) => (await s.stores.plans.get(plan))?.standing;
const made = (s: Story): number => Object.keys(s.accounts()).length;

/** Two hundred came where two may come a day, and one turn has made some of them. */
const begun = async () => {
  const s = await story({
    target: { limits: { ...free, creates: { count: 2, percent: 100, floor: 2 } } },
    engine: { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } },
  });
  await s.full();
  staff(s, 200);
  await s.delta();
  const plan = await s.newestPlan();
  expect(plan).toMatchObject({ kind: 'held', counts: { create: 200 } });
  const { run } = await s.commands.approvePlan(plan.id, word);
  await provisionTurn(s.engine, target, new AbortController().signal);
  const done = made(s);
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(200);
  return { s, plan, run, done };
};

describe('giving-plan-not-begun: an approved plan of new accounts, of which a run made some,', () => {
  it('says when it is rejected that it was begun, and its run that no more of it is done', async () => {
    const { s, plan, run, done } = await begun();
    await s.commands.rejectPlan(plan.id, { by: 'bert', reason: 'It was another company.' });
    await s.provisionAll();
    expect(made(s)).toBe(done);
    expect(await stateOf(s, plan)).toMatchObject({ state: 'rejected', approval: { by: 'anna' }, begun: run.id });
    const { state, problem } = await s.ended(run);
    expect([state, problem?.code]).toEqual(['failed', 'plan_not_approved']);
    expect(problem?.message).toContain('Nothing more of the plan');
  });

  it('is brought to its end however long that takes', async () => {
    const { s, plan } = await begun();
    s.pass(25 * hourMs);
    await tendPlans(s.engine);
    await s.provisionAll();
    expect(made(s)).toBe(200);
    expect(await stateOf(s, plan)).toMatchObject({ state: 'applied' });
  });

  it('ends refused, and not as if nothing of it were done, when the rules change', async () => {
    const { s, plan, run, done } = await begun();
    await s.editTarget({ deprovision: { kind: 'delete' } });
    await s.provisionAll();
    expect(await stateOf(s, plan)).toMatchObject({ state: 'refused', why: 'rules_changed', begun: run.id });
    expect(made(s)).toBeLessThanOrEqual(done + 2);
  });

  it('is finished by the next run, and who left since by more than may go waits by itself', async () => {
    const { s, plan, run } = await begun();
    await s.stores.runs.cancel(run.id, s.now());
    await s.editTarget({ limits: { ...free, deprovisions: { count: 0, percent: 0, floor: 0 } } });
    s.directory.remove(id('p0'), 'soft_deleted');
    s.directory.remove(id('p199'), 'soft_deleted');
    await s.delta();
    expect(made(s)).toBeGreaterThanOrEqual(199);
    expect(off(s)).toBe(0);
    expect(await stateOf(s, plan)).toMatchObject({ state: 'applied' });
    expect(await s.newestPlan()).toMatchObject({ kind: 'held', standing: { state: 'waiting' }, counts: { create: 0 } });
  });
});

it('giving-plan-not-begun: a plan of new accounts that is rejected in the moment it was to begin lets a run that nobody asked for it do all else', async () => {
  const s = await story({ target: { limits: { ...free, creates: { count: 2, percent: 100, floor: 2 } } } });
  s.hire('boss');
  await s.full();
  staff(s, 5);
  await s.delta();
  const plan = await s.newestPlan();
  await s.stores.plans.decide(plan.id, 'approved', { ...word, at: s.now() });
  s.directory.setUser(id('boss'), { displayName: 'The Boss' });
  const { begin } = s.stores.plans;
  s.stores.plans.begin = async (...of) => {
    await s.commands.rejectPlan(plan.id, { by: 'bert', reason: 'Stop!' });
    return await begin(...of);
  };
  await s.delta();
  expect(await s.provisioned()).toMatchObject({ state: 'held', counters: { created: 0, updated: 1 } });
  expect(await stateOf(s, plan)).toMatchObject({ state: 'rejected', begun: null });
  expect(s.accounts()).toEqual({ boss: 'on' });
});

it('finished-plan-begun-for-ever: a run that died right after it had finished such a plan ends when it is taken up again', async () => {
  const s = await story({ target: { limits: { ...free, creates: { count: 2, percent: 100, floor: 2 } } } });
  await s.full();
  staff(s, 5);
  await s.delta();
  const plan = await s.newestPlan();
  const { run } = await s.commands.approvePlan(plan.id, word);
  const power = { fails: true };
  const { finish } = s.stores.runs;
  s.stores.runs.finish = async (...end) => {
    if (power.fails) throw new Error('power cut');
    return await finish(...end);
  };
  await expect(s.provisionAll()).rejects.toThrow('power cut');
  expect(await stateOf(s, plan)).toMatchObject({ state: 'applied' });
  power.fails = false;
  s.pass(31_000);
  await provisionTurn(s.engine, target, new AbortController().signal);
  expect(await s.ended(run)).toMatchObject({ state: 'succeeded', counters: { created: 5 } });
});
