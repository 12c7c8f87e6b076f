/** Other settings or credentials may reach another system: what that is, is found out before anything is written to it. */

import { describe, expect, it } from 'vitest';
import { newReconcileRun } from '../../src/engine/request-runs.ts';
import { remoteId } from '../../src/model/ids.ts';
import type { Log } from '../../src/model/world.ts';
import { silent } from '../../src/model/world.ts';
import { why } from '../support/explaining.ts';
import { connection, free, id, plainTarget, type Story, type StoryOptions, story, target } from '../support/story.ts';

const word = { by: 'anna', reason: 'It looks right.' };
const otherCredentials = async (s: Story): Promise<void> => {
  const record = await s.stores.targets.get(target);
  await s.editTarget({ credentialVersion: (record?.credentialVersion ?? 0) + 1 });
};
/** Everybody has an account; what the target is asked for by id is counted, and errors of the log are kept. */
const staffed = async (options: StoryOptions = {}) => {
  const asked = { gets: 0 };
  const errors: string[] = [];
  const log: Log = { ...silent, error: (event) => errors.push(event) };
  const s = await story({
    ...options,
    wrapTarget: (inner) => {
      const made = options.wrapTarget?.(inner) ?? inner;
      return {
        ...made,
        get: (...question) => {
          asked.gets += 1;
          return made.get(...question);
        },
      };
    },
  });
  Object.assign(s.engine.world, { log });
  for (let nth = 0; nth < 8; nth += 1) s.hire(`p${nth}`);
  s.found('staff');
  for (let nth = 0; nth < 3; nth += 1) s.directory.join(id('staff'), id(`p${nth}`));
  await s.full();
  asked.gets = 0;
  return { s, asked, errors };
};
/** The new credentials lead to another system, which is empty, or knows other people by the same ids. */
const elsewhere = async (s: Story, people: 'nobody' | 'others' = 'nobody') => {
  const home = { objects: [...s.remote.objects], members: [...s.remote.members] };
  s.remote.members.clear();
  for (const [remote, object] of home.objects)
    if (people === 'nobody') s.remote.objects.delete(remote);
    else
      s.remote.objects.set(remote, { ...object, attributes: { userName: `other-${remote}@x.example`, active: true } });
  await otherCredentials(s);
  return home;
};
const comeAndGo = (s: Story): void => {
  s.hire('late');
  s.hire('p1', { accountEnabled: false });
  s.directory.remove(id('p0'), 'soft_deleted');
  s.directory.leave(id('staff'), id('p2'));
};

describe('a target whose credentials were changed', () => {
  it('goes on as before when it shows one of those who are linked, and is asked once', async () => {
    const { s, asked, errors } = await staffed({ target: { autoApproveFirst: false } });
    await s.approve();
    asked.gets = 0;
    await otherCredentials(s);
    comeAndGo(s);
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    expect(s.accounts()).toMatchObject({ late: 'on', p0: 'off' });
    // Once for the proof, and each of the two who are switched off.
    expect(asked.gets).toBe(3);
    s.hire('later');
    await s.delta();
    expect([asked.gets, errors]).toEqual([3, []]);
  });

  it('goes on also when most of them are gone from it', async () => {
    const { s } = await staffed();
    for (const name of ['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6']) {
      const account = s.account(name);
      if (account !== undefined) s.remote.objects.delete(account.remoteId);
    }
    await otherCredentials(s);
    s.hire('late');
    await s.delta();
    expect(s.accounts()).toMatchObject({ late: 'on' });
  });

  it.each(['nobody', 'others'] as const)(
    'is written nothing when it shows %s, until somebody has looked',
    async (who) => {
      const { s, errors } = await staffed();
      await elsewhere(s, who);
      const writes = s.writes();
      comeAndGo(s);
      await s.delta();
      await s.full();
      expect(s.writes()).toBe(writes);
      expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'target_unproved' } });
      expect(errors).toEqual(['target.unproved']);
      const plan = await s.newestPlan();
      expect(plan).toMatchObject({
        kind: 'first',
        standing: { state: 'waiting' },
        counts: { create: 8, update: 0, add_members: 0, remove_members: 0, disable: 0, delete: 0 },
      });
      const there = [...s.remote.objects];
      expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { created: 8 } });
      expect([...s.remote.objects]).toEqual(expect.arrayContaining(there));
      expect(s.remote.applied.slice(writes).map(({ action }) => action)).toEqual(Array(8).fill('create'));
      expect(s.groups()).toMatchObject({ staff: [] });
    },
  );

  it('goes on as before where it hides who is switched off, though these are the first that are linked', async () => {
    const { s } = await staffed({
      wrapTarget: (made) => ({
        ...made,
        get: async (...question) => {
          const found = await made.get(...question);
          return found?.attributes['active'] === false ? null : found;
        },
      }),
    });
    const first = [...'abcdefghijklmnopqrstuvwxy'].map((letter) => `a${letter}`);
    for (const name of first) s.hire(name);
    await s.full();
    for (const name of first) s.directory.remove(id(name), 'soft_deleted');
    await s.editTarget({ limits: free });
    await s.full({ acceptShrink: true });
    expect(Object.values(s.accounts()).filter((is) => is === 'off')).toHaveLength(25);
    await otherCredentials(s);
    s.hire('late');
    await s.delta();
    expect(s.accounts()).toMatchObject({ late: 'on' });
  });

  it('is no matter of limits to whoever asks for somebody: it may be another system', async () => {
    const { s } = await staffed();
    await elsewhere(s);
    comeAndGo(s);
    await s.delta();
    const { id: plan } = await s.newestPlan();
    const told = async (person: string) => (await why(s, `${person}@contoso.example`)).verdict;
    for (const person of ['late', 'p0', 'p1'])
      expect(await told(person)).toMatchObject({
        reason: 'target_unproved',
        sentence: expect.stringContaining('it may be another system'),
        todo: expect.stringContaining(plan),
      });
    await s.commands.rejectPlan(plan, word);
    expect(await told('late')).toMatchObject({ reason: 'plan_rejected' });
  });

  it('is not asked what became of something that was sent to the other one', async () => {
    const power = { fails: false };
    const { s } = await staffed({
      engine: {
        failpoint: async (site) => {
          if (site === 'provision.intended' && power.fails) throw new Error('power cut');
        },
      },
    });
    const open = async (): Promise<number> => {
      let count = 0;
      for await (const intents of s.stores.ledger.openIntents(target)) count += intents.length;
      return count;
    };
    s.hire('late');
    await s.requestSync('delta');
    await s.syncAll();
    power.fails = true;
    await expect(s.provisionAll()).rejects.toThrow('power cut');
    power.fails = false;
    s.pass(31_000);
    await elsewhere(s, 'others');
    await s.provisionAll();
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'target_unproved' } });
    expect(await open()).toBe(1);
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(await open()).toBe(0);
    expect(s.accounts()).toMatchObject({ late: 'on' });
  });

  it('takes no run back, applies no dry run and compares nothing until then', async () => {
    const { s } = await staffed();
    const run = await s.provisioned();
    await elsewhere(s);
    comeAndGo(s);
    await s.delta();
    for (const ask of [() => s.commands.requestUndo(run.id), () => s.commands.requestReconcile(target)])
      await expect(ask()).rejects.toMatchObject({ code: 'target_unproved' });
    const ours = plainTarget(s.now());
    const reconcile = newReconcileRun(ours, { id: s.engine.newRunId(), trigger: 'api', at: s.now() });
    await s.stores.runs.request(reconcile);
    await s.provisionAll();
    expect(await s.ended(reconcile)).toMatchObject({ state: 'held', problem: { code: 'target_unproved' } });
    await s.provision('delta', true);
    await expect(s.commands.applyPlan((await s.newestPlan()).id, word)).rejects.toMatchObject({
      code: 'target_unproved',
    });
  });

  it('gets everybody anew once somebody said that this is the one, in however many turns', async () => {
    const { s } = await staffed({ engine: { timing: { leaseTtlMs: 30_000, sliceMs: -1, reportMs: 0 } } });
    for (let nth = 0; nth < 150; nth += 1) s.hire(`q${nth}`);
    await s.full();
    await elsewhere(s);
    s.hire('late');
    await s.delta();
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', counts: { create: 160 } });
    expect(await s.approve()).toMatchObject({ state: 'succeeded' });
    expect(Object.keys(s.accounts())).toHaveLength(159);
    expect(s.groups()).toEqual({ staff: ['p0', 'p1', 'p2'] });
    s.hire('later');
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded', counters: { created: 1 } });
  });

  it('goes on by itself when the mistake is mended', async () => {
    const { s } = await staffed();
    const home = await elsewhere(s);
    comeAndGo(s);
    await s.delta();
    for (const [remote, object] of home.objects) s.remote.objects.set(remoteId(remote), object);
    for (const [group, members] of home.members) s.remote.members.set(group, members);
    await otherCredentials(s);
    await s.provision();
    expect(await s.provisioned()).toMatchObject({ state: 'succeeded' });
    expect(s.accounts()).toMatchObject({ late: 'on', p0: 'off' });
  });

  it('is not written to by a plan that was approved for the other one', async () => {
    const s = await story({ target: { autoApproveFirst: false } });
    for (let nth = 0; nth < 3; nth += 1) s.hire(`p${nth}`);
    await s.full();
    const plan = await s.newestPlan();
    await s.commands.approvePlan(plan.id, word);
    await otherCredentials(s);
    await s.provisionAll();
    expect(s.writes()).toBe(0);
    expect((await s.stores.plans.get(plan.id))?.standing).toMatchObject({ state: 'superseded' });
    expect(await s.newestPlan()).toMatchObject({ kind: 'first', standing: { state: 'waiting' } });
  });

  it('whose links were kept before anybody asked is asked once', async () => {
    const { s, asked } = await staffed();
    const held = await s.stores.leases.take(target, 'test', 1_000);
    if ('busyUntil' in held) throw new Error('The target is busy.');
    await s.stores.ledger.noteReach(held, { proved: null, refused: null });
    await s.stores.leases.release(held);
    s.hire('late');
    await s.delta();
    expect(s.accounts()).toMatchObject({ late: 'on' });
    expect(asked.gets).toBe(1);
  });
});

describe('a target whose rules hang on what is read', () => {
  it('gets a plan to look at when an attribute that is mapped is not read any more', async () => {
    const { s } = await staffed({ target: { autoApproveFirst: false } });
    await s.approve();
    for (let nth = 0; nth < 8; nth += 1) s.directory.setUser(id(`p${nth}`), { jobTitle: 'clerk' });
    await s.delta();
    const record = await s.stores.connections.get(connection);
    if (record === null) throw new Error('The connection is gone.');
    const user = record.attributes.user.filter((attribute) => attribute !== 'jobTitle');
    await s.stores.connections.edit(connection, record.revision, { attributes: { ...record.attributes, user } });
    s.hire('late');
    await s.full();
    expect(await s.provisioned()).toMatchObject({ state: 'held', problem: { code: 'plan_waits' } });
    expect(s.account('p1')?.attributes['title']).toBe('clerk');
  });

  it('gets none when one is read that nothing is mapped from', async () => {
    const { s } = await staffed({ target: { autoApproveFirst: false } });
    await s.approve();
    const record = await s.stores.connections.get(connection);
    if (record === null) throw new Error('The connection is gone.');
    const user = [...record.attributes.user, 'faxNumber'];
    await s.stores.connections.edit(connection, record.revision, { attributes: { ...record.attributes, user } });
    s.hire('late');
    await s.full();
    expect(s.accounts()).toMatchObject({ late: 'on' });
  });
});

describe('a plan', () => {
  it('that was made while others were protected is made anew', async () => {
    const s = await story({ target: { autoApproveFirst: false } });
    for (let nth = 0; nth < 3; nth += 1) s.hire(`p${nth}`);
    await s.full();
    const plan = await s.newestPlan();
    await s.editTarget({ protected: { ids: [id('p1')], attributes: [], groups: [] } });
    await expect(s.commands.approvePlan(plan.id, word)).rejects.toThrow('other accounts are protected');
    await s.provisionAll();
    expect(await s.newestPlan()).toMatchObject({ counts: { create: 2 } });
  });
});
