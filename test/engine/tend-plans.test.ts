/** Every plan comes to an end: nothing is approved, or waited for, for ever. */

import { describe, expect, it } from 'vitest';
import { isTooOld } from '../../src/core/plan-age.ts';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { newProvisionRun, newRunOfPlan } from '../../src/engine/request-runs.ts';
import { tendPlans } from '../../src/engine/tend-plans.ts';
import { TargetError } from '../../src/model/errors.ts';
import { sourceId } from '../../src/model/ids.ts';
import type { Plan } from '../../src/model/plan.ts';
import { noCounters } from '../../src/model/run.ts';
import type { Target } from '../../src/target/target.ts';
import { id, plainTarget, type Story, type StoryOptions, story, target } from '../support/story.ts';

const hour = 3_600_000;
const day = 24 * hour;
const word = { by: 'anna', reason: 'It looks right.' };
const standing = async (s: Story, { id: plan }: Plan) => (await s.stores.plans.get(plan))?.standing;
const firstPlan = async (options: StoryOptions = {}): Promise<{ s: Story; plan: Plan }> => {
  const s = await story({ ...options, target: { autoApproveFirst: false, ...options.target } });
  for (let nth = 0; nth < 3; nth += 1) s.hire(`p${nth}`);
  await s.full();
  return { s, plan: await s.newestPlan() };
};
const tend = async (s: Story): Promise<void> => {
  await tendPlans(s.engine);
  await s.provisionAll();
};
const cancelQueued = async (s: Story): Promise<void> => {
  for (const { id: queued } of (await s.stores.runs.list({ target, state: 'queued' }, null, 10)).items)
    await s.stores.runs.cancel(queued, s.now());
};

/** Somebody has one group after the other provisioned. */
const otherRuns = async (s: Story, many: number): Promise<void> => {
  for (let nth = 0; nth < many; nth += 1)
    await s.stores.runs.request(
      newProvisionRun(plainTarget(s.now()), null, {
        id: s.engine.newRunId(),
        mode: 'delta',
        scope: { group: sourceId(id(`team-${nth}`)), nested: false },
        dryRun: false,
        trigger: 'api',
        at: s.now(),
      }),
    );
};

describe('a plan that was approved', () => {
  it('and that nobody began within a day is not carried out any more, and waits anew', async () => {
    const { s, plan } = await firstPlan();
    await s.commands.approvePlan(plan.id, word);
    await cancelQueued(s);
    s.pass(24 * hour - 1);
    await tendPlans(s.engine);
    expect(await standing(s, plan)).toMatchObject({ state: 'approved' });
    s.pass(1);
    await tend(s);
    expect(await standing(s, plan)).toEqual({
      state: 'expired',
      decision: { ...word, at: expect.any(Date), approver: expect.objectContaining({ id: 'anna' }) },
      at: s.now(),
    });
    expect(s.writes()).toBe(0);
    const next = await s.newestPlan();
    expect([next.standing, next.hash]).toEqual([{ state: 'waiting' }, plan.hash]);
    await expect(s.commands.approvePlan(plan.id, word)).rejects.toMatchObject({ code: 'plan_expired' });
    await s.approve();
    expect(Object.keys(s.accounts())).toHaveLength(3);
  });

  it('too long ago is not carried out by the run that was asked for it either, should nobody have tended it', async () => {
    const { s, plan } = await firstPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    s.pass(day);
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'plan_expired' } });
    expect(await standing(s, plan)).toMatchObject({ state: 'expired' });
    expect(s.writes()).toBe(0);
    expect((await s.newestPlan()).standing).toEqual({ state: 'waiting' });
  });

  it('is done by the run that was asked for it, however many others were asked for since', async () => {
    const { s } = await firstPlan();
    await s.approve();
    s.hire('late');
    await s.provision('full', true);
    const plan = await s.newestPlan();
    const { run } = await s.commands.applyPlan(plan.id, word);
    await s.stores.runs.start(run.id, s.now());
    await otherRuns(s, 201);
    s.pass(hour);
    await tendPlans(s.engine);
    const all = (await s.stores.runs.list({ target, kind: 'provision' }, null, 1_000)).items;
    expect(all.filter((each) => each.kind === 'provision' && each.plan === plan.id)).toHaveLength(1);
    await s.stores.runs.finish(run.id, 'failed', s.now(), { counters: noCounters, version: null, problem: null });
    await tendPlans(s.engine);
    expect(await standing(s, plan)).toMatchObject({ state: 'refused', why: 'run_ended' });
  });

  it('and begun is brought to its end however long that takes', async () => {
    const { s, plan } = await firstPlan({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } } });
    for (let nth = 0; nth < 200; nth += 1) s.hire(`q${nth}`);
    await s.full();
    const large = await s.newestPlan();
    const { run } = await s.commands.approvePlan(large.id, word);
    await provisionTurn(s.engine, target, new AbortController().signal);
    expect(await standing(s, large)).toMatchObject({ state: 'approved', begun: run.id });
    s.pass(day);
    await tendPlans(s.engine);
    expect(await standing(s, large)).toMatchObject({ state: 'approved' });
    await s.provisionAll();
    await s.provision();
    expect(await standing(s, large)).toMatchObject({ state: 'applied' });
    expect(await standing(s, plan)).toMatchObject({ state: 'superseded' });
    expect(Object.keys(s.accounts())).toHaveLength(203);
  });

  it('is given as long as the operator says', async () => {
    const planAges = { approvedMs: hour, waitingMs: day };
    const { s, plan } = await firstPlan({
      engine: { timing: { leaseTtlMs: 30_000, sliceMs: 15_000, reportMs: 2_000, planAges } },
    });
    await s.commands.approvePlan(plan.id, word);
    await cancelQueued(s);
    s.pass(hour);
    await tendPlans(s.engine);
    expect(await standing(s, plan)).toMatchObject({ state: 'expired' });
  });
});

describe('a plan that waits', () => {
  it('for a week is planned anew, so that nobody decides on what is long past', async () => {
    const { s, plan } = await firstPlan();
    s.pass(7 * day - 1);
    await tend(s);
    expect((await s.newestPlan()).id).toBe(plan.id);
    s.pass(1);
    await tend(s);
    expect(await standing(s, plan)).toEqual({ state: 'expired', decision: null, at: s.now() });
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', standing: { state: 'waiting' } });
  });

  it('and that somebody only wanted to see is not asked for again', async () => {
    const { s } = await firstPlan();
    await s.provision('delta', true);
    const dry = await s.newestPlan();
    s.pass(7 * day);
    await tend(s);
    expect(await standing(s, dry)).toMatchObject({ state: 'expired' });
    expect((await s.stores.plans.list({ target, kind: 'dry_run' }, null, 10)).items).toHaveLength(1);
  });

  it('at a target that is paused expires all the same, and is planned once that goes on', async () => {
    const { s, plan } = await firstPlan();
    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, { state: 'paused' });
    s.pass(7 * day);
    await tend(s);
    expect(await standing(s, plan)).toMatchObject({ state: 'expired' });
    expect((await s.newestPlan()).id).toBe(plan.id);
  });
});

describe('a plan that one run alone carries out', () => {
  const dryPlan = async (options: StoryOptions = {}) => {
    const s = await story(options);
    for (let nth = 0; nth < 3; nth += 1) s.hire(`p${nth}`);
    await s.requestSync('full');
    await s.syncAll();
    await cancelQueued(s);
    await s.provision('delta', true);
    return { s, plan: await s.newestPlan() };
  };
  /** The target does this instead of what it is asked for. */
  const failing = (fail: () => never): StoryOptions => ({
    wrapTarget: (made): Target => ({ ...made, apply: async () => fail() }),
  });

  it('ends with that run when it fails', async () => {
    const { s, plan } = await dryPlan(
      failing(() => {
        throw new TargetError('unauthorized', '401');
      }),
    );
    const { run } = await s.commands.applyPlan(plan.id, word);
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed' });
    await tendPlans(s.engine);
    expect(await standing(s, plan)).toMatchObject({
      state: 'refused',
      why: 'run_ended',
      begun: run.id,
      decision: { by: 'anna' },
    });
    await s.stores.targets.hold(target, null);
    await expect(s.commands.applyPlan(plan.id, word)).rejects.toMatchObject({ code: 'plan_refused' });
  });

  it('ends with that run when somebody cancels it before it began', async () => {
    const { s, plan } = await dryPlan();
    const { run } = await s.commands.applyPlan(plan.id, word);
    await tendPlans(s.engine);
    expect(await standing(s, plan)).toMatchObject({ state: 'approved' });
    await s.stores.runs.cancel(run.id, s.now());
    await tend(s);
    expect(await standing(s, plan)).toMatchObject({ state: 'refused', why: 'run_ended', begun: null });
    expect(s.writes()).toBe(0);
  });

  it('is carried out though whoever approved it died before asking for the run', async () => {
    const { s, plan } = await dryPlan();
    await s.stores.plans.decide(plan.id, 'approved', { ...word, at: s.now() });
    await tend(s);
    expect(s.writes()).toBe(0);
    s.pass(60_000);
    await tend(s);
    expect(await standing(s, plan)).toMatchObject({ state: 'applied' });
    expect(Object.keys(s.accounts())).toHaveLength(3);
  });

  it('of a run narrowed to a group ends with that run, too', async () => {
    const s = await story({ target: { autoApproveFirst: false } });
    for (const name of ['p0', 'p1']) s.hire(name);
    s.found('uat');
    s.directory.join(id('uat'), id('p0'));
    await s.full({ group: id('uat') });
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    await s.stores.runs.cancel(run.id, s.now());
    await tend(s);
    expect(await standing(s, plan)).toMatchObject({ state: 'refused', why: 'run_ended' });
  });

  it('is gone on with by the run that follows one that was over its time', async () => {
    const { s, plan } = await dryPlan({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } } });
    for (let nth = 0; nth < 200; nth += 1) s.hire(`q${nth}`);
    await s.requestSync('delta');
    await s.syncAll();
    await cancelQueued(s);
    await s.provision('delta', true);
    const large = await s.newestPlan();
    expect(large.id).not.toBe(plan.id);
    const { run } = await s.commands.applyPlan(large.id, word);
    await provisionTurn(s.engine, target, new AbortController().signal);
    const connection = await s.stores.connections.get(plainTarget(s.now()).connection);
    s.pass(((connection?.timeoutSecs ?? 0) + 1) * 1_000);
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'run_timed_out' } });
    await tend(s);
    expect(await standing(s, large)).toMatchObject({ state: 'applied' });
    expect(Object.keys(s.accounts())).toHaveLength(203);
  });
});

describe('tending plans', () => {
  it('twice does nothing more', async () => {
    const { s, plan } = await firstPlan();
    await s.commands.approvePlan(plan.id, word);
    await cancelQueued(s);
    s.pass(day);
    await Promise.all([tendPlans(s.engine), tendPlans(s.engine)]);
    await tendPlans(s.engine);
    await s.provisionAll();
    expect((await s.stores.plans.list({ target, state: 'waiting' }, null, 10)).items).toHaveLength(1);
  });

  it('does not take a plan for too old that was approved at this moment', async () => {
    const { s, plan } = await firstPlan();
    s.pass(7 * day);
    const seen = await s.stores.plans.get(plan.id);
    expect(seen !== null && isTooOld(seen, { approvedMs: day, waitingMs: 7 * day }, s.now())).toBe(true);
    await s.stores.plans.decide(plan.id, 'approved', { ...word, at: s.now() });
    expect(await s.stores.plans.expire(plan.id, 'waiting', s.now())).toBeNull();
    expect(await standing(s, plan)).toMatchObject({ state: 'approved' });
  });

  it('asks for a run that is the one the approval would have asked for', async () => {
    const { s, plan } = await firstPlan();
    const asked = newRunOfPlan(plainTarget(s.now()), plan, { id: s.engine.newRunId(), trigger: 'retry', at: s.now() });
    expect(asked).toMatchObject({
      plan: plan.id,
      mode: plan.mode,
      scope: plan.scope,
      amends: plan.amends,
      dryRun: false,
    });
  });
});
