/** Where two people decide what is over a limit, one alone does not get there by other ways than loosening it. */

import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { prune } from '../../src/engine/maintenance.ts';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { defaultLimits, type Limits, nobodyProtected, type TargetRecord } from '../../src/model/target-record.ts';
import { off, staff } from '../support/staff.ts';
import { id, type Story, story, target } from '../support/story.ts';

const limit = (count: number) => ({ count, percent: 100, floor: 0 });
const ofTwo = (limits: Partial<Limits> = {}, more: Partial<TargetRecord> = {}): Promise<Story> =>
  story({
    target: {
      approvals: 2,
      limits: { ...defaultLimits, deprovisions: limit(2), ...limits },
      autoApproveFirst: false,
      ...more,
    },
  });
const leave = (s: Story, from: number, to: number): void => {
  for (let nth = from; nth < to; nth += 1) s.directory.remove(id(`p${nth}`), 'soft_deleted');
};
const word = { by: 'anna', reason: 'It is right.' };
/** With whom one alone gets no further. */
const isAskedForTwo = async (s: Story): Promise<void> => {
  const plan = await s.newestPlan();
  expect(plan.approvals).toBe(2);
  expect(await s.commands.approveOnce(plan.id, word)).toMatchObject({
    plan: { standing: { state: 'waiting' } },
    run: null,
  });
};

describe('one person alone', () => {
  it('takes away no more by many small plans than by one: what they approved counts', async () => {
    const s = await ofTwo();
    staff(s, 10);
    await s.full();
    await s.approve();
    // Each edit of the rules has a plan made of everything, which is within the limits.
    leave(s, 0, 2);
    await s.editTarget({ leftGroups: 'delete' });
    await s.delta();
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', exceeded: [], approvals: 1 });
    await s.approve();
    expect(off(s)).toBe(2);
    const { items } = await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 10);
    expect(items.map(({ cause }) => [cause.limited, cause.plan !== null])).toEqual([
      [true, true],
      [true, true],
    ]);

    leave(s, 2, 4);
    await s.editTarget({ leftGroups: 'leave' });
    await s.delta();
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', exceeded: [{ wanted: 2, taken: 2, allowed: 2 }] });
    await isAskedForTwo(s);
    await s.provisionAll();
    expect(off(s)).toBe(2);
  });

  it('takes away by two approvals what counts against nothing, as ever', async () => {
    const s = await ofTwo({}, { autoApproveFirst: true });
    staff(s, 10);
    await s.full();
    leave(s, 0, 4);
    await s.delta();
    const { id: plan } = await s.newestPlan();
    const approver = (name: string) => ({ kind: 'person', id: name, makers: [] }) as const;
    await s.commands.approveOnce(plan, { ...word, approver: approver('anna') });
    await s.commands.approvePlan(plan, { ...word, by: 'ben', approver: approver('ben') });
    await s.provisionAll();
    leave(s, 4, 6);
    await s.delta();
    expect(off(s)).toBe(6);
  });

  it('has no plan written that is over a limit on what is made or changed', async () => {
    const s = await ofTwo({ creates: limit(3) });
    staff(s, 5);
    await s.full();
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', exceeded: [{ limit: 'creates', wanted: 5 }] });
    await isAskedForTwo(s);
    await s.provisionAll();
    expect(s.remote.objects.size).toBe(0);
  });

  it('does not carry out what was planned when more was allowed', async () => {
    const s = await ofTwo({ deprovisions: limit(100) });
    staff(s, 10);
    await s.full();
    await s.approve();
    leave(s, 0, 6);
    await s.editTarget({ leftGroups: 'delete' });
    await s.delta();
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ exceeded: [], approvals: 1 });
    await s.editTarget({ limits: { ...defaultLimits, deprovisions: limit(2) } });
    expect(await s.commands.approveOnce(plan.id, word)).toMatchObject({ run: null });
    await s.provisionAll();
    expect(off(s)).toBe(0);
  });
});

describe('approvals-raised: what one person approved where that was enough, and two have to by now,', () => {
  const raise = (s: Story): Promise<void> => s.editTarget({ approvals: 2 });
  /** Two may come or go a day. */
  const ofOne = (more: Partial<TargetRecord> = {}, engine: Partial<Engine> = {}): Promise<Story> =>
    story({
      target: { limits: { ...defaultLimits, creates: atMost(2), deprovisions: limit(2) }, ...more },
      engine,
    });
  const leaversOnly = { ...defaultLimits, deprovisions: limit(2) };
  const atMost = (count: number) => ({ ...limit(count), floor: count });

  it.each(['first', 'held'] as const)('is not begun: a %s plan is made anew, and takes two', async (kind) => {
    const s = await ofOne(kind === 'first' ? { autoApproveFirst: false } : { limits: leaversOnly });
    staff(s, 6);
    await s.full();
    leave(s, 0, kind === 'first' ? 0 : 4);
    await s.delta();
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ kind, approvals: 1, exceeded: [{ allowed: 2 }] });
    const before = s.writes();
    const { run } = await s.commands.approvePlan(plan.id, word);
    await raise(s);
    await s.provisionAll();
    expect(s.writes()).toBe(before);
    const { state, problem } = await s.ended(run);
    expect([state, problem?.code]).toEqual(['failed', 'plan_moved']);
    expect(problem?.message).toContain('two people have to approve it by now');
    expect((await s.stores.plans.get(plan.id))?.standing.state).toBe('superseded');
    await isAskedForTwo(s);
  });

  it('is not begun by a run that nobody asked for it either', async () => {
    const s = await ofOne({ limits: leaversOnly });
    staff(s, 6);
    await s.full();
    leave(s, 0, 4);
    await s.delta();
    const plan = await s.newestPlan();
    await s.stores.plans.decide(plan.id, 'approved', { ...word, at: s.now() });
    await raise(s);
    await s.delta();
    expect(off(s)).toBe(0);
    await isAskedForTwo(s);
  });

  it('is begun where it is within the limits, which one may do; and not where these were lowered', async () => {
    for (const lowered of [false, true]) {
      const s = await ofOne({ autoApproveFirst: false, limits: { ...defaultLimits, creates: atMost(9) } });
      staff(s, 6);
      await s.full();
      const plan = await s.newestPlan();
      await s.commands.approvePlan(plan.id, word);
      await raise(s);
      if (lowered) await s.editTarget({ limits: { ...defaultLimits, creates: atMost(2) } });
      await s.provisionAll();
      expect(s.remote.objects.size).toBe(lowered ? 0 : 6);
      if (lowered) await isAskedForTwo(s);
    }
  });

  it('is done no further where a run is at it', async () => {
    for (const autoApproveFirst of [false, true]) {
      const s = await ofOne({ autoApproveFirst }, { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } });
      staff(s, 200);
      await s.full();
      const plan = await s.newestPlan();
      expect(plan.kind).toBe(autoApproveFirst ? 'held' : 'first');
      const { run } = await s.commands.approvePlan(plan.id, word);
      await provisionTurn(s.engine, target, new AbortController().signal);
      const done = s.remote.objects.size;
      expect(done).toBeGreaterThan(0);
      await raise(s);
      await s.provisionAll();
      await s.provision();
      expect(s.remote.objects.size).toBe(done);
      expect((await s.stores.plans.get(plan.id))?.standing).toMatchObject({
        state: 'refused',
        why: 'approvals_raised',
        begun: run.id,
      });
      expect(await s.newestPlan()).toMatchObject({ counts: { create: 200 - done } });
      await isAskedForTwo(s);
    }
  });
});

it('who was protected is not remembered for longer than they are', async () => {
  const s = await story();
  const from = { limits: defaultLimits, protected: { ...nobodyProtected, ids: ['director'] }, approvals: 2 } as const;
  await s.editTarget({ loosened: { from, at: s.now() } });
  const kept = async () => (await s.stores.targets.get(target))?.loosened ?? null;
  s.pass(23 * 3_600_000);
  await prune(s.engine, null, new AbortController().signal);
  expect(await kept()).not.toBeNull();
  s.pass(3_600_000);
  await prune(s.engine, null, new AbortController().signal);
  expect(await kept()).toBeNull();
});
