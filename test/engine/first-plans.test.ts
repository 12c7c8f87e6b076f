import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { newProvisionRun } from '../../src/engine/request-runs.ts';
import { sourceId } from '../../src/model/ids.ts';
import type { Plan } from '../../src/model/plan.ts';
import { defaultLimits } from '../../src/model/target-record.ts';
import { staff, titledStaff } from '../support/staff.ts';
import { connection, id, plainTarget, type Story, type StoryOptions, story, target } from '../support/story.ts';

const careful = (more: StoryOptions = {}): Promise<Story> =>
  story({ ...more, target: { autoApproveFirst: false, ...more.target } });
const editTarget = async (s: Story, change: Parameters<Story['stores']['targets']['edit']>[2]): Promise<void> => {
  const record = await s.stores.targets.get(target);
  await s.stores.targets.edit(target, record?.revision ?? 0, change);
};
const editScope = async (s: Story, scope: Parameters<Story['stores']['connections']['edit']>[2]['scope']) => {
  const record = await s.stores.connections.get(connection);
  if (scope !== undefined) await s.stores.connections.edit(connection, record?.revision ?? 0, { scope });
};
const stateOf = async (s: Story, { id: plan }: Plan) => (await s.stores.plans.get(plan))?.standing;
const word = { by: 'anna', reason: 'It looks right.' };
const titled = async (s: Story): Promise<void> => {
  const record = await s.stores.targets.get(target);
  const user = record?.mapping.user ?? [];
  await editTarget(s, {
    mapping: { group: record?.mapping.group ?? [], user: [...user.filter(({ to }) => to !== 'title'), titledStaff] },
  });
};

describe('a plan of everything, once the scope of the connection is edited', () => {
  const north = { kind: 'groups', groups: [sourceId(id('north'))], nested: false } as const;
  const planned = async (more: StoryOptions = {}): Promise<Story> => {
    const s = await careful(more);
    staff(s, 120);
    s.found('north');
    s.directory.join(id('north'), id('p0'));
    await s.full();
    return s;
  };

  it('is not approved before the tenant was read by it, and after that another one waits', async () => {
    const s = await planned();
    const { id: plan } = await s.newestPlan();
    await editScope(s, north);
    await expect(s.commands.approvePlan(plan, word)).rejects.toMatchObject({
      code: 'plan_moved',
      message: expect.stringContaining('the scope of the connection was edited'),
    });
    await s.full({ acceptShrink: true });
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', counts: { create: 2 } });
    await s.approve();
    expect(s.accounts()).toEqual({ p0: 'on' });
  });

  it('is not carried out, though it was approved before', async () => {
    const s = await planned();
    const { run } = await s.commands.approvePlan((await s.newestPlan()).id, word);
    await editScope(s, north);
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'plan_moved' } });
    expect(s.writes()).toBe(0);
  });

  it('is not carried out any further', async () => {
    const s = await planned({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } } });
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    await provisionTurn(s.engine, target, new AbortController().signal);
    const done = s.writes();
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(120);
    await editScope(s, north);
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'rules_changed' } });
    expect(await stateOf(s, plan)).toMatchObject({ state: 'refused', why: 'rules_changed' });
    expect(s.writes()).toBe(done);
  });
});

describe('a target that was never written to', () => {
  it('gets nothing before somebody has looked, and then exactly what was looked at', async () => {
    const s = await careful();
    staff(s, 3);
    s.hire('boss');
    s.hire('p0', { manager: id('boss') });
    s.found('staff');
    s.found('inner');
    for (const name of ['p0', 'p1', 'inner']) s.directory.join(id('staff'), id(name));
    await s.full();
    expect(s.remote.objects.size).toBe(0);
    expect(await s.stores.ledger.countLinks(target)).toEqual({ user: 0, group: 0 });
    expect(await s.provisioned()).toMatchObject({
      state: 'held',
      problem: { code: 'plan_waits' },
      counters: { created: 0, skipped: { plan_waits: 6 } },
    });
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ kind: 'first', counts: { create: 6, update: 1, add_members: 3 } });
    expect(await s.held(plan)).toEqual([
      'add_members 3',
      ...Array.from({ length: 2 }, () => 'create group'),
      ...Array.from({ length: 4 }, () => 'create user'),
      'update user',
    ]);
    expect(await s.approve()).toMatchObject({
      state: 'succeeded',
      plan: plan.id,
      counters: { created: 6, updated: 0, managersSet: 1, membersAdded: 3 },
    });
    expect(Object.keys(s.accounts())).toHaveLength(4);
    expect(s.groups()).toEqual({ staff: ['inner', 'p0', 'p1'], inner: [] });
    expect(s.account('p0')?.attributes['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager']).toBe(
      s.account('boss')?.remoteId,
    );
    expect(await stateOf(s, plan)).toMatchObject({ state: 'applied', decision: { by: 'anna' } });

    s.hire('late');
    await s.delta();
    expect(Object.keys(s.accounts())).toHaveLength(5);
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { created: 1 } });
  });

  it('counts what a plan held once it is carried out: managers beside who was updated', async () => {
    const s = await careful({ target: { limits: { ...defaultLimits, updates: null, creates: null } } });
    staff(s, 3);
    await s.full();
    await s.approve();
    await titled(s);
    for (const name of ['p1', 'new']) s.hire(name, { manager: id('p0') });
    s.hire('p2', { manager: id('new') });
    await s.full();
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', counts: { create: 1, update: 6 } });
    expect(await s.approve()).toMatchObject({
      state: 'succeeded',
      counters: { created: 1, updated: 3, unchanged: 0, managersSet: 3 },
    });

    for (const name of ['p1', 'new']) s.directory.setUser(id(name), { manager: id('p2') });
    await s.delta({ dryRun: true });
    expect(await s.newestPlan()).toMatchObject({ kind: 'dry_run', counts: { update: 2 } });
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ counters: { updated: 0, unchanged: 2, managersSet: 2 } });
  });

  it('has one plan that waits, made anew when the tenant moves and only then', async () => {
    const s = await careful();
    staff(s, 3);
    await s.full();
    const plan = await s.newestPlan();
    await s.delta();
    await s.full();
    expect((await s.newestPlan()).id).toBe(plan.id);
    s.hire('late');
    await s.delta();
    const next = await s.newestPlan();
    expect(await stateOf(s, plan)).toEqual({ state: 'superseded', by: next.id });
    expect(next).toMatchObject({ counts: { create: 4 } });
    expect(await s.held(plan)).toEqual([]);
    expect(s.remote.objects.size).toBe(0);
  });

  it('is not written to by a plan that the tenant has left behind', async () => {
    const s = await careful();
    staff(s, 3);
    await s.full();
    const plan = await s.newestPlan();
    s.hire('late');
    await s.requestSync('delta');
    await s.syncAll();
    await expect(s.commands.approvePlan(plan.id, word)).rejects.toThrow('the tenant changed after version');
    expect(await stateOf(s, plan)).toEqual({ state: 'waiting' });
    await s.provisionAll();
    expect(s.remote.objects.size).toBe(0);
    await s.approve();
    expect(Object.keys(s.accounts())).toHaveLength(4);
  });

  it('is not written to when the tenant moves between the approval and the run, and another plan waits', async () => {
    const s = await careful();
    staff(s, 3);
    await s.full();
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    s.hire('late');
    await s.requestSync('delta');
    await s.syncAll();
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'plan_moved' } });
    expect(s.remote.objects.size).toBe(0);
    expect(await stateOf(s, plan)).toMatchObject({ state: 'superseded' });
    expect(await s.newestPlan()).toMatchObject({ standing: { state: 'waiting' }, counts: { create: 4 } });
  });

  it('is written to at once where its record says so', async () => {
    const s = await story({ target: { autoApproveFirst: true } });
    staff(s, 3);
    await s.full();
    expect(Object.keys(s.accounts())).toHaveLength(3);
    await editTarget(s, { autoApproveFirst: false });
    s.hire('late');
    await s.delta();
    expect(Object.keys(s.accounts())).toHaveLength(4);
  });

  it('whose plan is rejected stays as it is, and nobody is asked twice', async () => {
    const s = await careful();
    staff(s, 3);
    await s.full();
    const plan = await s.newestPlan();
    await s.commands.rejectPlan(plan.id, word);
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'plan_rejected' } });
    expect((await s.newestPlan()).id).toBe(plan.id);
    await s.provision();
    expect((await s.newestPlan()).id).not.toBe(plan.id);
    await s.approve();
    expect(Object.keys(s.accounts())).toHaveLength(3);
  });

  it('is not let be written to because there was nothing to look at', async () => {
    const s = await careful();
    await s.provision();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    await s.full();
    const { version } = await s.stores.snapshots.head(connection);
    // So that nobody asks for another one of the same version.
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', version });
    staff(s, 3);
    await s.full();
    expect(s.remote.objects.size).toBe(0);
    expect(await s.newestPlan()).toMatchObject({ counts: { create: 3 } });
  });

  it('adopts what was there before only as it was looked at', async () => {
    const s = await careful();
    const existing = (name: string, attributes: object) =>
      s.remote.objects.set(`r-${name}` as never, {
        type: 'user',
        remoteId: `r-${name}` as never,
        attributes: { userName: `${name}@contoso.example`, active: true, ...attributes },
      });
    existing('p0', { title: 'old' });
    staff(s, 3);
    await s.full();
    expect(await s.newestPlan()).toMatchObject({ counts: { create: 2, update: 1 } });
    // Somebody makes an account by hand before the plan is approved: nobody has looked at what we would do to it.
    existing('p1', { title: 'by hand' });
    const run = await s.approve();
    expect(run).toMatchObject({ state: 'partially_succeeded', problem: { code: 'plan_left_out' } });
    const left = (await s.stores.runs.list({ kind: 'provision' }, null, 1)).items[0];
    expect(left).toMatchObject({ trigger: 'retry', state: 'succeeded' });
    expect(s.remote.objects.size).toBe(3);
    expect(await s.stores.ledger.countLinks(target)).toEqual({ user: 3, group: 0 });
  });
});

describe('whoever is disabled and has an account that was there before', () => {
  it('is switched off by the next run where somebody edits the account before the plan that would do so is carried out', async () => {
    const s = await careful();
    const account = (more: object) =>
      s.remote.objects.set('r-p0' as never, {
        type: 'user',
        remoteId: 'r-p0' as never,
        attributes: {
          ...{ externalId: id('p0'), userName: 'p0@contoso.example', displayName: 'p0', active: true },
          ...more,
        },
      });
    account({});
    s.hire('p0', { accountEnabled: false });
    await s.full();
    expect(await s.newestPlan()).toMatchObject({ counts: { disable: 1 } });
    account({ displayName: 'by hand' });
    expect(await s.approve()).toMatchObject({ state: 'partially_succeeded', problem: { code: 'plan_left_out' } });
    await s.provisionAll();
    expect(s.accounts()).toEqual({ p0: 'off' });
    expect(s.account('p0')?.attributes['displayName']).toBe('p0');
  });
});

describe('a target whose rules change', () => {
  it('is looked at as a whole, and gets what the new mapping says once somebody approves', async () => {
    const s = await careful();
    staff(s, 4);
    s.found('staff');
    for (let nth = 0; nth < 4; nth += 1) s.directory.join(id('staff'), id(`p${nth}`));
    await s.full();
    await s.approve();
    await titled(s);
    s.hire('late');
    s.directory.leave(id('staff'), id('p0'));
    await s.delta();
    const plan = await s.newestPlan();
    // Only the memberships that changed: who was in the group before need not be told again.
    expect(plan).toMatchObject({ kind: 'first', counts: { create: 1, update: 4, remove_members: 1, add_members: 0 } });
    expect(s.account('p1')?.attributes['title'] ?? null).toBeNull();
    await s.approve();
    expect(s.account('p1')?.attributes['title']).toBe('staff');
    expect(s.accounts()).toMatchObject({ late: 'on' });
    expect(s.groups()['staff']).toHaveLength(3);
  });

  it('asks nothing for an edit that changes no rule', async () => {
    const s = await careful();
    staff(s, 2);
    await s.full();
    await s.approve();
    await editTarget(s, {
      name: 'Other name',
      limits: { ...defaultLimits, creates: { count: 9, percent: 99, floor: 9 } },
    });
    s.hire('late');
    await s.delta();
    expect(s.accounts()).toMatchObject({ late: 'on' });
  });

  it('asks once the snapshot was read by another scope, not before', async () => {
    const s = await careful();
    staff(s, 6);
    s.found('uat');
    for (const nth of [0, 1]) s.directory.join(id('uat'), id(`p${nth}`));
    await s.full();
    await s.approve();
    await editScope(s, { kind: 'groups', groups: [id('uat') as never], nested: false });
    s.directory.setUser(id('p0'), { jobTitle: 'still the old scope' });
    await s.provision();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    await s.full();
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ kind: 'first', counts: { disable: 4 } });
    expect(Object.values(s.accounts()).filter((state) => state === 'off')).toHaveLength(0);
    await s.approve();
    expect(Object.values(s.accounts()).filter((state) => state === 'off')).toHaveLength(4);
  });

  it('while a run is under way ends that run, and another goes by the new rules', async () => {
    const s = await careful({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } } });
    staff(s, 120);
    await s.full();
    await s.approve();
    for (let nth = 0; nth < 120; nth += 1) s.directory.setUser(id(`p${nth}`), { city: 'Bonn' });
    await s.requestSync('delta');
    await s.syncAll();
    await provisionTurn(s.engine, target, new AbortController().signal);
    await titled(s);
    await s.provisionAll();
    const runs = (await s.stores.runs.list({ kind: 'provision' }, null, 10)).items;
    expect(runs.map(({ state, problem }) => `${state} ${problem?.code ?? ''}`).slice(0, 2)).toEqual([
      'held plan_waits',
      'failed rules_changed',
    ]);
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', counts: { update: 120 } });
  });
});

it('auto-approve-first-unheard: a target at which somebody wants to look from now on gets no more of what a run is writing there, and accepts no rules by it', async () => {
  const s = await story({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } } });
  staff(s, 200);
  await s.full();
  const accepted = await s.stores.ledger.rules(target);
  await titled(s);
  const before = s.writes();
  const run = await s.requestProvision();
  await provisionTurn(s.engine, target, new AbortController().signal);
  const done = s.writes() - before;
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(200);
  await editTarget(s, { autoApproveFirst: false });
  await s.provisionAll();
  expect(s.writes() - before).toBe(done);
  expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'rules_changed' } });
  expect(await s.stores.ledger.rules(target)).toBe(accepted);
  expect(await s.newestPlan()).toMatchObject({ kind: 'first', counts: { update: 200 - done } });
  await s.approve();
  expect(s.writes() - before).toBe(200);
});

describe('a plan whose rules change while it is carried out', () => {
  const slices = { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } };
  const begun = async () => {
    const s = await careful({ engine: slices });
    staff(s, 200);
    await s.full();
    const plan = await s.newestPlan();
    const { run } = await s.commands.approvePlan(plan.id, word);
    await provisionTurn(s.engine, target, new AbortController().signal);
    const done = Object.keys(s.accounts()).length;
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(200);
    return { s, plan, run, done };
  };
  const isLookedAtAnew = async (s: Story, plan: Plan, done: number): Promise<void> => {
    expect(await stateOf(s, plan)).toMatchObject({ state: 'refused', why: 'rules_changed', decision: { by: 'anna' } });
    expect(Object.keys(s.accounts())).toHaveLength(done);
    const next = await s.newestPlan();
    expect(next).toMatchObject({ kind: 'first', standing: { state: 'waiting' }, counts: { create: 200 - done } });
    await s.approve();
    expect(Object.keys(s.accounts())).toHaveLength(200);
    expect(s.account('p1')?.attributes['title']).toBe('staff');
  };

  it('is done no further, keeps what was done, and the rest waits by the new rules', async () => {
    const { s, plan, run, done } = await begun();
    await titled(s);
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'rules_changed' } });
    await isLookedAtAnew(s, plan, done);
  });

  it('is done no further either when others are protected, or the credentials are others', async () => {
    const edits = [{ protected: { ids: [id('p199')], attributes: [], groups: [] } }, { credentialVersion: 2 }];
    for (const edit of edits) {
      const { s, plan, run, done } = await begun();
      await editTarget(s, edit);
      await s.provisionAll();
      expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'rules_changed' } });
      expect(await stateOf(s, plan)).toMatchObject({ state: 'refused', why: 'rules_changed' });
      expect(Object.keys(s.accounts())).toHaveLength(done);
      expect(await s.newestPlan()).toMatchObject({ kind: 'first', standing: { state: 'waiting' } });
    }
  });

  it('approved-plan-rejected: is done no further where the approval is taken back, and lets nothing else be written', async () => {
    const { s, plan, run, done } = await begun();
    await s.commands.rejectPlan(plan.id, word);
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'plan_not_approved' } });
    s.hire('late');
    await s.delta();
    expect(Object.keys(s.accounts())).toHaveLength(done);
    expect(await s.stores.ledger.rules(target)).toBeNull();
    expect(await stateOf(s, plan)).toMatchObject({ state: 'rejected', approval: { by: 'anna' }, begun: run.id });
  });

  it('approved-plan-rejected: lets nothing else be written where the approval is taken back with the last of it', async () => {
    const { s, plan, run } = await begun();
    const { objects } = s.remote;
    const { set } = objects;
    objects.set = (key, object) => {
      if (objects.size === 199) isLast = true;
      return set.call(objects, key, object);
    };
    let isLast = false;
    const { progress } = s.stores.runs;
    s.stores.runs.progress = async (id, at) => {
      if (isLast && at.phase === 'settle') await s.commands.rejectPlan(plan.id, word);
      return await progress(id, at);
    };
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'failed', problem: { code: 'plan_not_approved' } });
    expect(await s.stores.ledger.rules(target)).toBeNull();
  });

  it('is not taken up by a later run either', async () => {
    const { s, plan, run, done } = await begun();
    await s.stores.runs.cancel(run.id, s.now());
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'canceled' });
    await titled(s);
    await s.provision();
    await isLookedAtAnew(s, plan, done);
  });

  it('is not taken up by a run that was asked to carry it out', async () => {
    const { s, plan, run, done } = await begun();
    await s.stores.runs.cancel(run.id, s.now());
    await s.provisionAll();
    await titled(s);
    const { id: ours, connection: of, organization } = plainTarget(s.now());
    const wanted = { id: s.engine.newRunId(), mode: 'full', scope: null, dryRun: false, trigger: 'api' } as const;
    const again = newProvisionRun({ id: ours, connection: of, organization }, null, {
      ...wanted,
      at: s.now(),
      plan: plan.id,
    });
    await s.stores.runs.request(again);
    await s.provisionAll();
    expect(await s.ended(again)).toMatchObject({ state: 'failed', problem: { code: 'plan_refused' } });
    await isLookedAtAnew(s, plan, done);
  });

  it('is carried out to its end by a later run where nothing changed', async () => {
    const { s, plan, run } = await begun();
    await s.stores.runs.cancel(run.id, s.now());
    await s.provisionAll();
    await s.provision();
    expect(await stateOf(s, plan)).toMatchObject({ state: 'applied' });
    expect(Object.keys(s.accounts())).toHaveLength(200);
  });
});

describe('a run of one group at a target that nobody has looked at', () => {
  it('is a plan of its own, and approves nothing but itself', async () => {
    const s = await careful();
    staff(s, 5);
    s.found('uat');
    for (const nth of [0, 1]) s.directory.join(id('uat'), id(`p${nth}`));
    await s.full({ group: id('uat') });
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ kind: 'first', scope: { group: id('uat') }, counts: { create: 3, add_members: 2 } });
    await s.approve();
    expect(s.accounts()).toEqual({ p0: 'on', p1: 'on' });
    expect(s.groups()).toEqual({ uat: ['p0', 'p1'] });
    await s.full();
    expect(s.accounts()).toEqual({ p0: 'on', p1: 'on' });
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', scope: null, counts: { create: 3 } });
    await s.approve();
    expect(Object.keys(s.accounts())).toHaveLength(5);
  });
});

describe('a large first plan', () => {
  const slices = { timing: { leaseTtlMs: 30_000, sliceMs: 0, reportMs: 0 } };

  it('is made and carried out over many turns, and counts everybody once', async () => {
    const s = await careful({ engine: slices });
    staff(s, 700);
    s.found('all');
    for (let nth = 0; nth < 700; nth += 1) {
      s.directory.join(id('all'), id(`p${nth}`));
      if (nth > 0) s.hire(`p${nth}`, { manager: id('p0') });
    }
    await s.full();
    expect(await s.newestPlan()).toMatchObject({ counts: { create: 701, update: 699, add_members: 700 } });
    expect(await s.approve()).toMatchObject({
      state: 'succeeded',
      counters: { created: 701, membersAdded: 700, skipped: {} },
    });
    expect(s.groups()['all']).toHaveLength(700);
  });

  it('has the time it takes, though a run that writes would be over its own', async () => {
    const s = await careful({ engine: slices });
    staff(s, 150);
    await s.requestSync('full');
    await s.syncAll();
    await provisionTurn(s.engine, target, new AbortController().signal);
    s.pass(3 * 3_600_000);
    await s.provisionAll();
    expect(await s.newestPlan()).toMatchObject({ counts: { create: 150 } });
  });
});

it('a plan that is cut short by a worker’s death is made by the next one, and the same', async () => {
  const places: string[] = [];
  const build = async (dieAt: string | null) => {
    let armed = false;
    const s = await careful({
      engine: {
        timing: { leaseTtlMs: 30_000, sliceMs: 60_000, reportMs: 0 },
        failpoint: async (site) => {
          places.push(site);
          if (armed && site === dieAt) {
            armed = false;
            throw new Error('power cut');
          }
        },
      },
    });
    staff(s, 120);
    s.found('all');
    for (let nth = 0; nth < 120; nth += 1) s.directory.join(id('all'), id(`p${nth}`));
    await s.requestSync('full');
    await s.syncAll();
    armed = true;
    const die = () => provisionTurn(s.engine, target, new AbortController().signal);
    if (dieAt === null) await die();
    else await expect(die()).rejects.toThrow('power cut');
    s.pass(31_000);
    await s.provisionAll();
    const plan = await s.newestPlan();
    armed = true;
    await s.commands.approvePlan(plan.id, word);
    await die().catch(() => {});
    s.pass(31_000);
    await s.provisionAll();
    return { hash: plan.hash, accounts: Object.keys(s.accounts()).length, members: s.groups()['all']?.length };
  };
  const whole = await build(null);
  expect(whole).toMatchObject({ accounts: 120, members: 120 });
  for (const site of new Set(
    places.filter((place) => place === 'provision.objects' || place === 'provision.references'),
  ))
    expect([site, await build(site)]).toEqual([site, whole]);
});
