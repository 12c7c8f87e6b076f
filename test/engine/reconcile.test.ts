import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { defaultTiming } from '../../src/engine/engine.ts';
import type { Discrepancy } from '../../src/model/discrepancy.ts';
import { type RemoteId, remoteId } from '../../src/model/ids.ts';
import type { Run } from '../../src/model/run.ts';
import type { Attributes, ObjectType } from '../../src/model/source-object.ts';
import { createMemoryStores } from '../../src/store/memory/index.ts';
import { createVault } from '../../src/store/vault.ts';
import type { Inventory, Target } from '../../src/target/target.ts';
import { connection, id, nameIn, type Story, type StoryOptions, story, target } from '../support/story.ts';

const word = { by: 'anna', reason: 'It looks right.' };

/** Somebody at the target changes an account there, past us. */
const edit = (s: Story, name: string, attributes: Attributes): void => {
  const account = s.account(name);
  if (account === undefined) throw new Error(`${name} has no account.`);
  s.remote.objects.set(account.remoteId, { ...account, attributes: { ...account.attributes, ...attributes } });
};
const remove = (s: Story, name: string): RemoteId => {
  const account = s.account(name);
  if (account === undefined) throw new Error(`${name} has no account.`);
  s.remote.objects.delete(account.remoteId);
  for (const members of s.remote.members.values()) members.delete(account.remoteId);
  return account.remoteId;
};
const plant = (s: Story, name: string, attributes: Attributes, type: ObjectType = 'user'): RemoteId => {
  const planted = remoteId(`planted-${name}`);
  s.remote.objects.set(planted, { type, remoteId: planted, attributes });
  return planted;
};
const groupNamed = (s: Story, name: string): RemoteId =>
  [...s.remote.objects.values()].find(({ type, attributes }) => type === 'group' && attributes['displayName'] === name)
    ?.remoteId ?? remoteId('none');
const lines = async (s: Story, run: Run): Promise<readonly string[]> =>
  (await s.discrepancies(run)).map((one) => `${one.kind} ${'ref' in one ? nameIn(one.ref.id) : one.remoteId}`);
const only = <K extends Discrepancy['kind']>(all: readonly Discrepancy[], kind: K) =>
  all.filter((one): one is Extract<Discrepancy, { kind: K }> => one.kind === kind);

const staffed = async (options: StoryOptions = {}): Promise<Story> => {
  const s = await story(options);
  for (const name of ['ann', 'bob', 'cid', 'dan']) s.hire(name, { jobTitle: 'clerk', employeeId: name });
  s.found('staff');
  for (const name of ['ann', 'bob', 'cid']) s.directory.join(id('staff'), id(name));
  await s.full();
  return s;
};
/** A worker dies after the nth write of a reconcile run, and the next one finishes it. Comes back with how many writes there were. */
const dyingAfter = async (
  nth: number,
  harm: (s: Story) => Promise<void>,
  expected: readonly Discrepancy[],
): Promise<number> => {
  let writes = Number.NEGATIVE_INFINITY;
  const pass = async (site: string): Promise<void> => {
    if (!site.startsWith('discrepancies.') && site !== 'reconcile.step') return;
    writes += 1;
    if (writes === nth) throw new Error(`killed after ${site}`);
  };
  const s = await staffed({
    stores: (now) => createMemoryStores({ now, vault: createVault(randomBytes(32)), probe: pass }),
    engine: { failpoint: pass },
  });
  await harm(s);
  writes = 0;
  const { run } = await s.commands.requestReconcile(target);
  await s.provisionAll().catch(() => s.pass(60_000));
  await s.provisionAll();
  expect(await s.ended(run)).toMatchObject({ state: 'succeeded' });
  expect(await s.discrepancies(run)).toEqual(expected);
  expect(await s.stores.discrepancies.get(run.id)).toMatchObject({ counts: { duplicate: 2, missing: 1 } });
  return writes;
};
const withInventory = (change: (real: Inventory) => Partial<Inventory>): StoryOptions => ({
  wrapTarget: (real: Target): Target => ({
    ...real,
    inventory: real.inventory && { ...real.inventory, ...change(real.inventory) },
  }),
});

describe('a reconcile run', () => {
  it('finds nothing at a target that is as it was told, and writes nothing to it', async () => {
    const s = await staffed();
    const writes = s.writes();
    const run = await s.reconcile();
    expect(run).toMatchObject({ kind: 'reconcile', state: 'succeeded', counters: { read: 5, unchanged: 5 } });
    expect(await s.discrepancies(run)).toEqual([]);
    expect(await s.stores.discrepancies.get(run.id)).toMatchObject({
      listings: {
        user: { objects: 4, incomplete: null, leftOut: 0 },
        group: { objects: 1, incomplete: null, leftOut: 0 },
      },
      membersShown: true,
      counts: { drift: 0, missing: 0, unknown: 0 },
    });
    expect(s.writes()).toBe(writes);
  });

  it('says of each attribute what the target was told and what it holds', async () => {
    const s = await staffed();
    edit(s, 'ann', { title: 'boss', displayName: ' ANN ', nickName: 'annie' });
    edit(s, 'bob', { active: false, title: null });
    const run = await s.reconcile();
    const found = await s.discrepancies(run);
    expect(only(found, 'drift').map(({ differences }) => differences)).toEqual([
      [{ path: 'title', told: 'clerk', holds: 'boss' }],
      [
        { path: 'active', told: true, holds: false },
        { path: 'title', told: 'clerk', holds: null },
      ],
    ]);
    expect(run.counters).toMatchObject({ unchanged: 3, skipped: { drift: 2 } });
  });

  it('tells missing accounts, orphans, duplicates and strangers apart', async () => {
    const s = await staffed();
    const gone = remove(s, 'dan');
    s.hire('eve');
    s.hire('fay');
    const linked = s.account('ann')?.remoteId;
    await s.delta();
    s.directory.remove(id('fay'), 'soft_deleted');
    await s.delta();
    plant(s, 'second', { userName: 'other@contoso.example', externalId: id('ann') });
    plant(s, 'byname', { userName: 'BOB@contoso.example' });
    plant(s, 'stranger', { userName: 'guest@elsewhere.example', externalId: 'their-own-7' });
    const run = await s.reconcile();
    const found = await s.discrepancies(run);
    expect(only(found, 'missing')).toEqual([
      { kind: 'missing', ref: { type: 'user', id: id('dan') }, remoteId: gone, gone: null },
    ]);
    expect(only(found, 'duplicate')).toMatchObject([
      { ref: { id: id('ann') }, remoteId: 'planted-second', by: 'externalId', linked },
      { ref: { id: id('bob') }, remoteId: 'planted-byname', by: 'userName', linked: s.account('bob')?.remoteId },
    ]);
    expect(only(found, 'unknown')).toEqual([{ kind: 'unknown', type: 'user', remoteId: 'planted-stranger' }]);
    expect(found).toHaveLength(4);
  });

  it('knows an orphan by the person it belongs to, also when they left, and two of one person for duplicates', async () => {
    const s = await staffed();
    s.hire('off', { accountEnabled: false });
    s.hire('two', { accountEnabled: false });
    s.hire('left', { accountEnabled: false });
    await s.delta();
    s.directory.remove(id('left'), 'soft_deleted');
    await s.delta();
    plant(s, 'off', { userName: 'x@contoso.example', externalId: id('off') });
    plant(s, 'left', { userName: 'left@contoso.example' });
    plant(s, 'two-a', { userName: 'two@contoso.example' });
    plant(s, 'two-b', { userName: 'b@contoso.example', externalId: id('two') });
    const found = await s.discrepancies(await s.reconcile());
    expect(only(found, 'orphan')).toEqual([
      { kind: 'orphan', ref: { type: 'user', id: id('off') }, remoteId: 'planted-off', by: 'externalId', gone: null },
      {
        kind: 'orphan',
        ref: { type: 'user', id: id('left') },
        remoteId: 'planted-left',
        by: 'userName',
        gone: 'soft_deleted',
      },
    ]);
    expect(only(found, 'duplicate')).toMatchObject([
      { remoteId: 'planted-two-a', linked: null },
      { remoteId: 'planted-two-b', linked: null },
    ]);
  });

  it('compares the members of groups, but for what is still on its way', async () => {
    const s = await staffed();
    const staff = s.remote.members.get(groupNamed(s, 'staff'));
    staff?.delete(s.account('ann')?.remoteId ?? remoteId(''));
    staff?.add(s.account('dan')?.remoteId ?? remoteId(''));
    staff?.add(plant(s, 'guest', { userName: 'guest@elsewhere.example' }));
    expect(await lines(s, await s.reconcile())).toEqual([
      'member_missing staff',
      'member_surplus staff',
      'member_unknown staff',
      'unknown planted-guest',
    ]);
    s.directory.leave(id('staff'), id('ann'));
    s.directory.join(id('staff'), id('dan'));
    await s.requestSync('delta');
    await s.syncAll();
    const [pending] = (await s.stores.runs.list({ target, kind: 'provision', state: 'queued' }, null, 1)).items;
    if (pending !== undefined) await s.stores.runs.cancel(pending.id, s.now());
    expect(await lines(s, await s.reconcile())).toEqual(['member_unknown staff', 'unknown planted-guest']);
  });

  it('finds nobody too many in a group that is gone in the tenant and left alone at the target', async () => {
    const s = await story({ target: { leftGroups: 'leave' } });
    s.hire('ann');
    s.found('club');
    s.directory.join(id('club'), id('ann'));
    await s.full();
    s.directory.remove(id('club'), 'deleted');
    await s.delta();
    expect(s.groups()).toEqual({ club: ['ann'] });
    expect(await lines(s, await s.reconcile())).toEqual([]);
  });

  it('takes nobody for missing when the list breaks off, whatever it showed', async () => {
    const s = await staffed(
      withInventory(() => ({
        list: async (type) => ({ objects: [], broken: `The list of ${type}s is refused.` }),
      })),
    );
    remove(s, 'dan');
    const run = await s.reconcile();
    expect(run).toMatchObject({ state: 'partially_succeeded', problem: { code: 'list_incomplete' } });
    expect(await s.discrepancies(run)).toEqual([]);
    expect(await s.stores.discrepancies.get(run.id)).toMatchObject({
      listings: { user: { incomplete: 'The list of users is refused.' } },
    });
  });

  it('looks by id at whomever a list with an end left out', async () => {
    const s = await staffed(
      withInventory(({ list }) => ({
        list: async (type, from, signal) => {
          const page = await list(type, from, signal);
          return { ...page, objects: page.objects.slice(1) };
        },
      })),
    );
    edit(s, 'ann', { title: 'boss' });
    const run = await s.reconcile();
    expect(await lines(s, run)).toEqual(['drift ann']);
    expect((await s.stores.discrepancies.get(run.id))?.listings.user?.leftOut).toBe(2);
  });

  it('says nothing of attributes and members that the target shows of nobody', async () => {
    const s = await staffed({
      wrapTarget: (real) => ({
        ...real,
        inventory: real.inventory && {
          list: async (type, from, signal) => {
            const page = await real.inventory?.list(type, from, signal);
            if (page === undefined) throw new Error('There is no list.');
            const shown = page.objects.map((one) => ({ ...one, attributes: { ...one.attributes, title: null } }));
            return { ...page, objects: shown };
          },
          members: async () => [],
          showsMembers: async () => false,
        },
      }),
    });
    edit(s, 'bob', { displayName: 'Robert' });
    const run = await s.reconcile();
    const found = await s.discrepancies(run);
    expect(found).toMatchObject([{ kind: 'drift', differences: [{ path: 'displayName' }] }]);
    expect(await s.stores.discrepancies.get(run.id)).toMatchObject({ membersShown: false });
    expect((await s.stores.discrepancies.get(run.id))?.hidden.user).toContain('title');
  });

  it('comes to the same in many turns as in one, also when a worker dies after any write', async () => {
    const harm = async (s: Story): Promise<void> => {
      edit(s, 'ann', { title: 'boss' });
      remove(s, 'dan');
      s.remote.members.get(groupNamed(s, 'staff'))?.delete(s.account('bob')?.remoteId ?? remoteId(''));
      s.hire('two', { accountEnabled: false });
      await s.delta();
      plant(s, 'two-a', { userName: 'two@contoso.example' });
      plant(s, 'two-b', { userName: 'b@contoso.example', externalId: id('two') });
    };
    const whole = await staffed();
    await harm(whole);
    const expected = await whole.discrepancies(await whole.reconcile());
    expect(expected.map(({ kind }) => kind)).toEqual(['drift', 'duplicate', 'duplicate', 'member_missing', 'missing']);
    const sliced = await staffed({ engine: { timing: { ...defaultTiming, sliceMs: -1 } } });
    await harm(sliced);
    expect(await sliced.discrepancies(await sliced.reconcile())).toEqual(expected);
    const writes = await dyingAfter(Number.POSITIVE_INFINITY, harm, expected);
    expect(writes).toBeGreaterThan(15);
    for (let nth = 1; nth <= writes; nth += 1) await dyingAfter(nth, harm, expected);
  });

  it('is refused where a target shows nothing but single objects', async () => {
    const s = await staffed({ wrapTarget: (real) => ({ ...real, inventory: null }) });
    expect(await s.reconcile()).toMatchObject({ state: 'failed', problem: { code: 'cannot_list' } });
  });
});

describe('a repair', () => {
  it('is planned first, and then brings the target back to what it was told, and nobody else', async () => {
    const s = await staffed();
    const stranger = plant(s, 'stranger', { userName: 'guest@elsewhere.example', title: 'guest' });
    const before = structuredClone(s.remote.objects.get(stranger));
    edit(s, 'ann', { title: 'boss', nickName: 'annie' });
    edit(s, 'bob', { active: false });
    remove(s, 'cid');
    s.remote.members.get(groupNamed(s, 'staff'))?.add(s.account('dan')?.remoteId ?? remoteId(''));
    s.remote.members.get(groupNamed(s, 'staff'))?.add(stranger);
    const writes = s.writes();
    const planning = await s.planRepair(await s.reconcile());
    expect(planning).toMatchObject({ state: 'succeeded', dryRun: true, amends: { kind: 'repair' } });
    expect(s.writes()).toBe(writes);
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ kind: 'repair', standing: { state: 'waiting' } });
    expect(await s.held(plan)).toEqual([
      'add_members 1',
      'create user',
      'remove_members 1',
      'update user',
      'update user',
    ]);
    expect(await s.approve()).toMatchObject({ state: 'succeeded', plan: plan.id });
    expect(s.accounts()).toEqual({ ann: 'on', bob: 'on', cid: 'on', dan: 'on', guest: 'on' });
    expect(s.groups()).toEqual({ staff: ['ann', 'bob', 'cid', 'guest'] });
    expect(s.account('ann')?.attributes).toMatchObject({ title: 'clerk', nickName: 'annie' });
    expect(s.remote.objects.get(stranger)).toEqual(before);
    expect(await lines(s, await s.reconcile())).toEqual(['member_unknown staff', 'unknown planted-stranger']);
    const settled = s.writes();
    await s.provision('full');
    expect(s.writes()).toBe(settled + 1);
  });

  it('an-extra-member-rests-on-nothing: says by which version of the snapshot, and which sync, somebody is not in the group', async () => {
    const s = await staffed();
    s.remote.members.get(groupNamed(s, 'staff'))?.add(s.account('dan')?.remoteId ?? remoteId(''));
    await s.planRepair(await s.reconcile());
    const run = await s.approve();
    const { version } = await s.stores.snapshots.head(connection);
    const { items } = await s.stores.ledger.entries(target, run.id, null, 10);
    expect(items.map(({ operation, cause }) => [operation.action, cause.evidence])).toEqual([
      [
        'remove_members',
        {
          version,
          run: expect.any(String),
          read: 'full',
          confirmed: expect.objectContaining({ said: { not_a_member: 1 } }),
        },
      ],
    ]);
  });

  it('switches the account of a leaver off again, which somebody had switched on, within the limits of a plan', async () => {
    const s = await staffed();
    s.directory.remove(id('dan'), 'soft_deleted');
    await s.delta();
    expect(s.accounts()).toMatchObject({ dan: 'off' });
    edit(s, 'dan', { active: true });
    await s.planRepair(await s.reconcile());
    expect(await s.held(await s.newestPlan())).toEqual(['disable user']);
    await s.approve();
    expect(s.accounts()).toMatchObject({ dan: 'off' });
  });

  it('takes an orphan for the person it belongs to, and makes no second account', async () => {
    const s = await staffed();
    const old = remove(s, 'dan');
    const made = plant(s, 'dan', { userName: 'dan@contoso.example', externalId: id('dan'), title: 'intern' });
    expect(old).not.toBe(made);
    await s.planRepair(await s.reconcile());
    expect(await s.held(await s.newestPlan())).toEqual(['update user']);
    await s.approve();
    expect(s.account('dan')).toMatchObject({ remoteId: made, attributes: { title: 'clerk' } });
    expect(await s.discrepancies(await s.reconcile())).toEqual([]);
  });

  it('touches nobody who is protected, no duplicate, and no account of somebody who left', async () => {
    const s = await staffed();
    const record = await s.stores.targets.get(target);
    const protection = { ids: [id('ann')], attributes: [], groups: [] };
    await s.stores.targets.edit(target, record?.revision ?? 0, { protected: protection });
    edit(s, 'ann', { title: 'boss' });
    s.hire('left', { accountEnabled: false });
    await s.delta();
    s.directory.remove(id('left'), 'soft_deleted');
    await s.delta();
    plant(s, 'left', { userName: 'left@contoso.example' });
    plant(s, 'second', { userName: 'other@contoso.example', externalId: id('bob') });
    await s.planRepair(await s.reconcile());
    expect(await s.held(await s.newestPlan())).toEqual([]);
  });

  it('leaves members of a group that was there before us', async () => {
    const s = await story({ target: { autoApproveFirst: false } });
    for (const name of ['ann', 'bob']) s.hire(name);
    const crew = plant(s, 'crew', { displayName: 'crew' }, 'group');
    s.found('crew');
    s.directory.join(id('crew'), id('ann'));
    await s.full();
    await s.approve();
    expect(groupNamed(s, 'crew')).toBe(crew);
    s.remote.members.get(crew)?.add(s.account('bob')?.remoteId ?? remoteId(''));
    const run = await s.reconcile();
    expect(await lines(s, run)).toEqual(['member_surplus crew']);
    await s.planRepair(run);
    expect(await s.held(await s.newestPlan())).toEqual([]);
  });

  it('makes a group anew that is gone, with everybody in it', async () => {
    const s = await staffed();
    const staff = groupNamed(s, 'staff');
    s.remote.objects.delete(staff);
    s.remote.members.delete(staff);
    await s.planRepair(await s.reconcile());
    expect(await s.held(await s.newestPlan())).toEqual(['add_members 3', 'create group']);
    await s.approve();
    expect(s.groups()).toEqual({ staff: ['ann', 'bob', 'cid'] });
    expect(await s.discrepancies(await s.reconcile())).toEqual([]);
  });

  it('is refused when something moved since it was planned, and does only what it holds', async () => {
    const s = await staffed();
    edit(s, 'ann', { title: 'boss' });
    edit(s, 'bob', { title: 'boss' });
    await s.planRepair(await s.reconcile());
    const stale = await s.newestPlan();
    s.hire('eve');
    await s.delta();
    await expect(s.commands.approvePlan(stale.id, word)).rejects.toMatchObject({ code: 'plan_moved' });
    await s.provisionAll();
    const fresh = await s.newestPlan();
    expect(fresh).toMatchObject({ kind: 'repair', amends: stale.amends });
    expect(fresh.id).not.toBe(stale.id);
    // Somebody at the target was at it in the meantime: bob is mended, ann is worse.
    edit(s, 'bob', { title: 'clerk' });
    edit(s, 'ann', { displayName: 'Anne' });
    expect(await s.approve()).toMatchObject({
      state: 'partially_succeeded',
      counters: { skipped: { not_in_plan: 1 } },
    });
    expect(s.account('ann')?.attributes).toMatchObject({ title: 'boss', displayName: 'Anne' });
    expect(s.account('bob')?.attributes).toMatchObject({ title: 'clerk' });
  });

  it('asked-again-does-it-again: plans nothing of what is mended meanwhile, neither accounts nor memberships', async () => {
    const s = await staffed();
    remove(s, 'ann');
    edit(s, 'bob', { title: 'boss' });
    const members = s.remote.members.get(groupNamed(s, 'staff')) ?? new Set();
    members.delete(s.account('cid')?.remoteId ?? remoteId(''));
    members.add(s.account('dan')?.remoteId ?? remoteId(''));
    const reconciled = await s.reconcile();
    await s.planRepair(reconciled);
    expect(await s.held(await s.newestPlan())).toEqual([
      'add_members 2',
      'create user',
      'remove_members 1',
      'update user',
    ]);
    await s.approve();
    expect(s.groups()).toEqual({ staff: ['ann', 'bob', 'cid'] });
    await s.planRepair(reconciled);
    const again = await s.newestPlan();
    expect(await s.held(again)).toEqual([]);
    await expect(s.commands.approvePlan(again.id, word)).rejects.toMatchObject({
      code: 'plan_superseded',
      message: expect.stringContaining('It holds nothing'),
    });
  });

  it('asked-again-does-it-again: does nothing of what somebody mends at the target after it was approved', async () => {
    const s = await staffed();
    const members = s.remote.members.get(groupNamed(s, 'staff')) ?? new Set();
    const [cid, dan] = [s.account('cid')?.remoteId ?? remoteId(''), s.account('dan')?.remoteId ?? remoteId('')];
    members.delete(cid);
    members.add(dan);
    await s.planRepair(await s.reconcile());
    members.add(cid);
    members.delete(dan);
    const writes = s.writes();
    expect(await s.approve()).toMatchObject({ state: 'succeeded', counters: { membersAdded: 0, membersRemoved: 0 } });
    expect(s.writes()).toBe(writes);
  });

  it('does not touch what was not found, and moves no position', async () => {
    const s = await staffed();
    edit(s, 'ann', { title: 'boss' });
    const reconciled = await s.reconcile();
    edit(s, 'bob', { title: 'boss' });
    const position = await s.stores.ledger.position(target);
    await s.planRepair(reconciled);
    await s.approve();
    expect(s.account('ann')?.attributes).toMatchObject({ title: 'clerk' });
    expect(s.account('bob')?.attributes).toMatchObject({ title: 'boss' });
    expect(await s.stores.ledger.position(target)).toBe(position);
  });
});
