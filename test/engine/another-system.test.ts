/**
 * A target that may be another system, of which somebody says in the end that it is the one. Many products number their accounts, so that the ids of the old
 * links are somebody else's there.
 */

import { describe, expect, it } from 'vitest';
import { newProvisionRun } from '../../src/engine/request-runs.ts';
import { reachKey } from '../../src/engine/rules-key.ts';
import { TargetError } from '../../src/model/errors.ts';
import { remoteId, sourceId } from '../../src/model/ids.ts';
import type { Link, RemoteObject } from '../../src/model/operation.ts';
import type { Attributes } from '../../src/model/source-object.ts';
import { why } from '../support/explaining.ts';
import { connection, free, id, nameIn, type Story, type StoryOptions, story, target } from '../support/story.ts';

const names = ['p0', 'p1', 'p2', 'p3', 'p4', 'p5'];

/** Everybody has an account, and three are in a group. What the target is asked by id is kept. */
const staffed = async (options: StoryOptions = {}) => {
  const asked: string[] = [];
  const s = await story({
    target: { limits: free },
    ...options,
    wrapTarget: (inner) => {
      const made = options.wrapTarget?.(inner) ?? inner;
      return {
        ...made,
        get: (type, remote, signal) => {
          asked.push(remote);
          return made.get(type, remote, signal);
        },
      };
    },
  });
  for (const name of names) s.hire(name);
  s.found('staff');
  for (const name of names.slice(0, 3)) s.directory.join(id('staff'), id(name));
  await s.full();
  asked.length = 0;
  return { s, asked };
};

/** From now on the token is that of another workspace, which holds what it is given here by the ids of the old one. */
const elsewhere = async (s: Story, holds: (old: RemoteObject) => Attributes | null): Promise<void> => {
  const old = [...s.remote.objects.values()];
  s.remote.objects.clear();
  s.remote.members.clear();
  s.remote.applied.length = 0;
  for (const object of old) {
    const attributes = holds(object);
    if (attributes !== null) s.remote.objects.set(object.remoteId, { ...object, attributes });
  }
  await newToken(s);
};
const newToken = async (s: Story): Promise<void> => {
  const record = await s.stores.targets.get(target);
  await s.editTarget({ credentialVersion: (record?.credentialVersion ?? 0) + 1 });
};
/** As where those who were asked for were all deleted there. */
const foundUnproved = async (s: Story): Promise<void> => {
  const held = await s.stores.leases.take(target, 'test', 1_000);
  const record = await s.stores.targets.get(target);
  if ('busyUntil' in held || record === null) throw new Error('The target is busy, or gone.');
  await s.stores.ledger.noteReach(held, { proved: 'before', refused: reachKey(record) });
  await s.stores.leases.release(held);
};
const strangers = ({ type, remoteId: remote }: RemoteObject): Attributes =>
  type === 'user'
    ? { userName: `stranger-${remote}@x.example`, displayName: 'Stranger', active: true }
    : { displayName: 'Strangers' };

const linksOf = async (s: Story): Promise<readonly Link[]> => {
  const all: Link[] = [];
  for (const type of ['user', 'group'] as const)
    for await (const links of s.stores.ledger.scanLinks(target, type)) all.push(...links);
  return all;
};
/** Whose account or group each link names, as the target shows it: of nobody but whom it is linked with. */
const linked = async (s: Story): Promise<Readonly<Record<string, unknown>>> =>
  Object.fromEntries(
    (await linksOf(s)).map(({ ref, remoteId: remote }) => {
      const mark = s.remote.objects.get(remote)?.attributes['externalId'];
      return [nameIn(ref.id), typeof mark === 'string' ? nameIn(mark) : null];
    }),
  );
const eachItself = (of: readonly string[]) => Object.fromEntries(of.map((name) => [name, name]));

describe('a leaver whose link is of another system', () => {
  it('switches nobody off who is given the same id there', async () => {
    const { s } = await staffed();
    await elsewhere(s, () => null);
    s.directory.remove(id('p0'), 'soft_deleted');
    await s.delta();
    expect((await s.newestPlan()).counts).toMatchObject({ create: 6, update: 0, disable: 0, delete: 0 });
    expect((await s.provisioned()).counters.skipped).toMatchObject({ not_managed: 1 });
    expect(await s.approve()).toMatchObject({
      state: 'succeeded',
      counters: { created: 6, skipped: { not_managed: 1 } },
    });
    for (let day = 0; day < 2; day += 1) {
      s.pass(3_600_000);
      await s.full();
      await s.provision('full');
    }
    expect(s.accounts()).toEqual({ p1: 'on', p2: 'on', p3: 'on', p4: 'on', p5: 'on' });
    expect(s.groups()).toEqual({ staff: ['p1', 'p2'] });
    expect(await linked(s)).toEqual(eachItself(['p1', 'p2', 'p3', 'p4', 'p5', 'staff']));
  });

  it('has none any more, without anything being sent, and that is told', async () => {
    const { s } = await staffed();
    await elsewhere(s, strangers);
    s.directory.remove(id('p0'), 'soft_deleted');
    await s.delta();
    const run = await s.approve();
    const entries = (await s.stores.ledger.entries(target, run.id, null, 100)).items;
    expect(entries.filter(({ operation }) => operation.ref.id === id('p0'))).toMatchObject([
      {
        operation: { action: 'update', attributes: {} },
        cause: { why: 'unlinked', limited: false },
        outcome: { result: 'skipped', reason: 'not_managed', link: null },
      },
    ]);
    expect(s.remote.applied.filter(({ ref }) => ref.id === id('p0'))).toEqual([]);
    const { verdict, steps } = await why(s, 'p0@contoso.example');
    expect(verdict.sentence).toContain('the link with account');
    expect(steps.find(({ step }) => step === 'matched')?.says).toContain('is not shown there as theirs since');
    expect(steps.find(({ step }) => step === 'guard')?.says).toBe('Nothing is taken away.');
    expect(steps.find(({ step }) => step === 'written')?.says).toContain('nothing was sent');
  });

  it('is deleted there no more than switched off when their days are over', async () => {
    const { s } = await staffed({
      target: { limits: free, deprovision: { kind: 'delete_after_days', days: 30 } },
    });
    s.directory.remove(id('p0'), 'soft_deleted');
    await s.delta();
    expect(s.accounts()).toMatchObject({ p0: 'off' });
    await elsewhere(s, strangers);
    s.pass(31 * 86_400_000);
    await s.delta();
    expect((await s.newestPlan()).counts).toMatchObject({ create: 6, disable: 0, delete: 0 });
    await s.approve();
    s.pass(3_600_000);
    await s.full();
    expect(Object.keys(s.accounts()).filter((name) => name.startsWith('stranger'))).toHaveLength(6);
  });

  it('takes nobody out of a group whose id there is theirs', async () => {
    const { s } = await staffed();
    const [p0, staff] = [s.account('p0'), [...s.remote.objects.values()].find(({ type }) => type === 'group')];
    if (p0 === undefined || staff === undefined) throw new Error('They were not made.');
    // The group is ours there, and in it is somebody else, by the id that p0 had.
    await elsewhere(s, (old) => (old.remoteId === staff.remoteId ? old.attributes : strangers(old)));
    s.remote.members.set(staff.remoteId, new Set([p0.remoteId]));
    await foundUnproved(s);
    s.directory.leave(id('staff'), id('p0'));
    s.directory.remove(id('p0'), 'soft_deleted');
    await s.delta();
    expect((await s.newestPlan()).counts).toMatchObject({ remove_members: 0 });
    await s.approve();
    expect(s.groups()).toEqual({ staff: ['p1', 'p2', `stranger-${p0.remoteId}`] });
  });
});

describe('an account with the id of an old link', () => {
  it('is nothing to us where it is a stranger’s, and stays as it is', async () => {
    const { s } = await staffed();
    await elsewhere(s, strangers);
    const before = [...s.remote.objects];
    s.directory.remove(id('p1'), 'soft_deleted');
    s.hire('p2', { jobTitle: 'clerk' });
    s.directory.leave(id('staff'), id('p2'));
    await s.delta();
    const plan = await s.newestPlan();
    expect(plan.counts).toMatchObject({
      create: 6,
      update: 0,
      add_members: 1,
      remove_members: 0,
      disable: 0,
      delete: 0,
    });
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect([...s.remote.objects]).toEqual(expect.arrayContaining(before));
    expect(await linked(s)).toEqual(eachItself(['p0', 'p2', 'p3', 'p4', 'p5', 'staff']));
  });

  it('is taken over where the usual questions find it, and counts as taken over', async () => {
    const { s } = await staffed();
    // By the same ids in another order: each is who the next one was.
    const others = names.toReversed();
    await elsewhere(s, ({ type }) =>
      type === 'user' ? { userName: `${others.pop()}x@contoso.example`, active: true } : null,
    );
    for (const name of names) s.hire(`${name}x`);
    for (const name of names) s.directory.remove(id(name), 'soft_deleted');
    await s.full({ acceptShrink: true });
    const plan = await s.newestPlan();
    const reasons: string[] = [];
    for await (const steps of s.stores.plans.scan(plan))
      for (const { operation, cause } of steps) if (operation.ref.type === 'user') reasons.push(cause.why);
    expect(reasons).toEqual(names.map(() => 'adopted'));
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(await linked(s)).toEqual(eachItself([...names.map((name) => `${name}x`), 'staff']));
  });

  it('is ours where it is shown so, also where the id of its owner is hidden; not where it carries that of somebody else', async () => {
    const { s } = await staffed();
    const isHidden = (attributes: Attributes): boolean => attributes['userName'] === 'p1@contoso.example';
    const isRehired = (attributes: Attributes): boolean => attributes['userName'] === 'p0@contoso.example';
    const p0 = s.account('p0')?.remoteId ?? remoteId('');
    const p1 = s.account('p1')?.remoteId ?? remoteId('');
    await elsewhere(s, ({ attributes: { externalId, ...attributes } }) => {
      if (isHidden(attributes)) return attributes;
      return isRehired(attributes) ? { ...attributes, externalId: id('new') } : null;
    });
    // Her predecessor of the same name left, whose old link names her account there.
    s.directory.remove(id('p0'), 'deleted');
    s.hire('new', { userPrincipalName: 'p0@contoso.example' });
    s.directory.remove(id('p1'), 'soft_deleted');
    await foundUnproved(s);
    await s.delta();
    expect((await s.newestPlan()).counts).toMatchObject({ disable: 1 });
    await s.approve();
    expect(s.remote.objects.get(p0)?.attributes).toMatchObject({ externalId: id('new'), active: true });
    expect(s.remote.objects.get(p1)?.attributes).toMatchObject({ active: false });
    expect((await s.stores.ledger.links(target, [{ type: 'user', id: sourceId(id('new')) }])).size).toBe(1);
  });

  it('is none of its own where it refuses to be asked by that', async () => {
    const knows = { ids: true };
    const { s } = await staffed({
      wrapTarget: (made) => ({
        ...made,
        get: (type, remote, signal) =>
          knows.ids
            ? made.get(type, remote, signal)
            : Promise.reject(new TargetError('rejected', `${remote} is no id.`, { code: 'invalidValue' })),
      }),
    });
    await elsewhere(s, () => null);
    knows.ids = false;
    s.directory.remove(id('p0'), 'soft_deleted');
    await s.delta();
    expect((await s.newestPlan()).counts).toMatchObject({ create: 6, disable: 0 });
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'target_unproved' } });
    knows.ids = true;
    expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { created: 6 } });
  });

  it('is no reason against whoever the usual questions find there', async () => {
    const { s } = await staffed();
    // Where p0 was is p1 now, and so on: none of the old links is right, and each account is somebody’s of ours.
    const userNames = names.map((name) => `${name}@contoso.example`);
    await elsewhere(s, ({ type, attributes }) => {
      if (type === 'group') return null;
      const nth = userNames.indexOf(String(attributes['userName']));
      return { userName: userNames[(nth + 1) % names.length] ?? '', active: true };
    });
    s.hire('late');
    await s.delta();
    expect((await s.newestPlan()).counts).toMatchObject({ create: 2, update: 6 });
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(await linked(s)).toEqual(eachItself([...names, 'late', 'staff']));
  });
});

describe('the plan that says that another system is the one', () => {
  const cut = () => new Error('power cut');

  it('is carried on by whoever comes after one that died while links were ended', async () => {
    const power = { cuts: 0 };
    const { s } = await staffed({
      engine: {
        failpoint: async (site) => {
          if (!site.startsWith('provision.') || power.cuts === 0) return;
          power.cuts -= 1;
          throw cut();
        },
      },
    });
    await elsewhere(s, strangers);
    s.directory.remove(id('p0'), 'soft_deleted');
    s.hire('p1', { accountEnabled: false });
    await s.delta();
    const { id: plan } = await s.newestPlan();
    await s.commands.approvePlan(plan, { by: 'anna', reason: 'It is the new one.' });
    for (let died = 0; died < 12; died += 1) {
      power.cuts = 1;
      await s.provisionAll().catch((error: unknown) => expect(error).toEqual(cut()));
      s.pass(31_000);
    }
    power.cuts = 0;
    await s.provisionAll();
    expect((await s.stores.plans.get(plan))?.standing).toMatchObject({ state: 'applied' });
    expect(await linked(s)).toEqual(eachItself(['p2', 'p3', 'p4', 'p5', 'staff']));
    expect(Object.values(s.accounts())).not.toContain('off');
    expect(s.groups()).toMatchObject({ staff: ['p2'] });
  });

  it('ends no link of the old system where its credentials are back before that was written down', async () => {
    const power = { fails: false };
    const { s } = await staffed();
    const { settle } = s.stores.ledger;
    Object.assign(s.stores.ledger, {
      settle: async (...outcomes: Parameters<typeof settle>) => {
        if (power.fails) throw cut();
        return await settle(...outcomes);
      },
    });
    const old = [...s.remote.objects];
    await elsewhere(s, strangers);
    s.directory.remove(id('p0'), 'soft_deleted');
    await s.delta();
    power.fails = true;
    await s.commands.approvePlan((await s.newestPlan()).id, { by: 'anna', reason: 'It is the new one.' });
    await expect(s.provisionAll()).rejects.toThrow('power cut');
    power.fails = false;
    s.pass(31_000);
    for (const [remote, object] of old) s.remote.objects.set(remote, object);
    await newToken(s);
    await s.provisionAll();
    await s.provision();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    expect(s.accounts()).toMatchObject({ p0: 'off', p1: 'on' });
    expect(await linked(s)).toEqual(eachItself([...names, 'staff']));
  });

  it('keeps what it made where its target shows that late to the worker that comes after', async () => {
    const reader = { isBehind: false };
    const power = { fails: false };
    const { s } = await staffed({
      wrapTarget: (made) => ({
        ...made,
        get: async (...question) => (reader.isBehind ? null : await made.get(...question)),
        find: async (...question) => (reader.isBehind ? [] : await made.find(...question)),
      }),
      engine: {
        failpoint: async (site) => {
          if (site === 'provision.references' && power.fails) throw cut();
        },
      },
    });
    await elsewhere(s, () => null);
    s.hire('late');
    await s.delta();
    power.fails = true;
    const { id: plan } = await s.newestPlan();
    await s.commands.approvePlan(plan, { by: 'anna', reason: 'It is the new one.' });
    await s.provisionAll().catch((error: unknown) => expect(error).toEqual(cut()));
    power.fails = false;
    reader.isBehind = true;
    // Its run is over its time, and another one goes on with the plan from the beginning.
    s.pass(31_000);
    const { items } = await s.stores.runs.list({ target, kind: 'provision', state: 'running' }, null, 1);
    for (const run of items) await s.stores.runs.cancel(run.id, s.now());
    await s.provision();
    reader.isBehind = false;
    expect((await s.provisioned()).counters.failed).toEqual({});
    await s.provision();
    expect(Object.keys(await linked(s)).sort()).toEqual(['late', ...names, 'staff']);
    expect(s.remote.applied.filter(({ action }) => action === 'create')).toHaveLength(8);
  });

  it('asks for nobody more often than it plans and writes for them, in however many turns', async () => {
    const { s, asked } = await staffed({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: -1, reportMs: 0 } } });
    for (let nth = 0; nth < 200; nth += 1) s.hire(`q${nth}`);
    await s.full();
    await elsewhere(s, strangers);
    for (let nth = 0; nth < 20; nth += 1) s.directory.remove(id(`q${nth}`), 'soft_deleted');
    await s.delta();
    const proof = 20;
    expect(asked.length).toBe(proof + 207);
    asked.length = 0;
    await s.approve();
    expect(asked.length).toBe(207);
    expect(await linked(s)).toMatchObject(eachItself(names));
  });

  it('is made of the whole target, never of one group', async () => {
    const { s } = await staffed();
    await elsewhere(s, strangers);
    const scope = { group: sourceId(id('staff')), nested: false };
    const wanted = {
      id: s.engine.newRunId(),
      mode: 'delta',
      scope,
      dryRun: false,
      trigger: 'api',
      at: s.now(),
    } as const;
    const record = await s.stores.targets.get(target);
    if (record === null) throw new Error('The target is gone.');
    const { run } = await s.stores.runs.request(newProvisionRun({ ...record, connection }, null, wanted));
    await s.provisionAll();
    expect(await s.ended(run)).toMatchObject({ state: 'held', problem: { code: 'target_unproved' } });
    expect((await s.stores.plans.list({ target }, null, 1)).items).toEqual([]);
  });
});

describe('a dry run at what may be another system', () => {
  it('shows what the plan of everything would', async () => {
    const { s } = await staffed();
    await elsewhere(s, strangers);
    s.directory.remove(id('p0'), 'soft_deleted');
    await s.delta();
    const { counts } = await s.newestPlan();
    await s.provision('full', true);
    expect(await s.newestPlan()).toMatchObject({ kind: 'dry_run', counts });
  });
});

describe('a run of before', () => {
  it('that is taken back touches nobody at the other system', async () => {
    const { s } = await staffed();
    const before = await s.provisioned();
    await elsewhere(s, strangers);
    await s.delta();
    await s.approve();
    const accounts = s.accounts();
    await s.planUndo(before);
    expect((await s.newestPlan()).counts).toMatchObject({ update: 0, disable: 0, delete: 0 });
    expect(s.accounts()).toEqual(accounts);
  });
});
