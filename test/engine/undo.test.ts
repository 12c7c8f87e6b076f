/** What the undo of a run takes back, and what it leaves out. */

import { describe, expect, it } from 'vitest';
import { TargetError } from '../../src/model/errors.ts';
import { free, id, story, target } from '../support/story.ts';
import { blunder, leftOut, many, sorted, staffed } from '../support/undoing.ts';

const manager = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager';

it('takes a manager back of somebody whom it switches off, and remembers both', async () => {
  const s = await story({ target: { limits: free } });
  s.hire('boss');
  s.hire('bob');
  await s.full();
  s.hire('bob', { accountEnabled: false });
  await s.delta();
  s.pass(1_000);
  s.hire('bob', { manager: id('boss') });
  await s.delta();
  const run = await s.provisioned();
  s.pass(1_000);
  await s.planUndo(run);
  expect(await s.approve()).toMatchObject({ state: 'succeeded' });
  expect(s.accounts()).toMatchObject({ bob: 'off' });
  expect(s.account('bob')?.attributes[manager] ?? null).toBeNull();
  await s.provision('full');
  await s.approve();
  expect(s.accounts()).toMatchObject({ bob: 'on' });
  expect(s.account('bob')?.attributes[manager]).toBe(s.account('boss')?.remoteId);
});

describe('the undo of a provision run', () => {
  it('of a mass disable brings the target back to what it was, byte for byte, once somebody approved it', async () => {
    const s = await staffed();
    const before = sorted(s);
    for (let nth = 10; nth < many; nth += 1) s.directory.remove(id(`p${nth}`), 'soft_deleted');
    s.directory.leave(id('staff'), id('p3'));
    s.hire('p1', { jobTitle: 'king', displayName: 'Rex', manager: id('p2') });
    await s.delta();
    const run = await s.provisioned();
    s.pass(1_000);
    expect(run).toMatchObject({ state: 'succeeded', counters: { disabled: 20, membersRemoved: 3 } });
    const after = sorted(s);
    expect(after).not.toEqual(before);
    expect(await s.planUndo(run)).toMatchObject({ state: 'succeeded', dryRun: true, amends: { kind: 'undo' } });
    expect(sorted(s)).toEqual(after);
    const plan = await s.newestPlan();
    expect(plan).toMatchObject({ kind: 'undo', counts: { update: 21, add_members: 3, disable: 0, create: 0 } });
    expect(await leftOut(s)).toEqual([]);
    expect(await s.approve()).toMatchObject({ state: 'succeeded', plan: plan.id, counters: { updated: 21 } });
    expect(sorted(s)).toEqual(before);
  });

  it('keeps with what it takes away which read the run went by that gave it', async () => {
    const s = await staffed();
    const run = await blunder(s);
    const [sync] = (await s.stores.runs.list({ kind: 'sync' }, null, 1)).items;
    await s.planUndo(run);
    await s.approve();
    const { items } = await s.stores.ledger.entries(target, (await s.provisioned()).id, null, 100);
    const taken = items.filter(({ operation }) => ['disable', 'remove_members'].includes(operation.action));
    expect(taken).toHaveLength(2);
    for (const { cause } of taken)
      expect(cause.evidence).toEqual({ version: sync?.version, run: sync?.id, read: 'delta', confirmed: null });
  });

  it('takes away what the run made, by the deprovision policy, and nothing else', async () => {
    const s = await staffed();
    const run = await blunder(s);
    await s.planUndo(run);
    expect((await s.newestPlan()).counts).toMatchObject({ disable: 1, remove_members: 1, delete: 0 });
    await s.approve();
    expect(s.accounts()).toMatchObject({ new: 'off', p1: 'on', p29: 'on' });
    expect(s.groups()['staff']).not.toContain('new');
    expect(s.groups()['staff']).toContain('p3');
  });

  it('leaves out whom a later run changed, whose account is gone or was deleted, and says so', async () => {
    const s = await staffed();
    const run = await blunder(s);
    s.hire('p1', { jobTitle: 'queen', manager: id('p2') });
    s.directory.join(id('staff'), id('p3'));
    await s.delta();
    const later = (await s.provisioned()).id;
    await s.planUndo(run);
    expect(await leftOut(s)).toEqual([
      `changed_since remove_members staff ${later}`,
      `changed_since update p1 ${later}`,
    ]);
    await s.approve();
    expect(s.account('p1')?.attributes).toMatchObject({ title: 'queen' });
    const deleting = await staffed({ target: { deprovision: { kind: 'delete' }, limits: free } });
    deleting.directory.remove(id('p9'), 'deleted');
    await deleting.delta();
    await deleting.planUndo(await deleting.provisioned());
    expect(await leftOut(deleting)).toContain('deleted delete p9 -');
  });

  it.each([
    ['neither said nor showed anything', new TargetError('unknown', 'The connection was reset.')],
    ['showed nothing', new TargetError('rejected', 'It is not shown.', { code: 'not_applied' })],
  ])('leaves out whom a later run may have changed, of which the target %s', async (_how, says) => {
    let isMute = false;
    const s = await staffed({
      wrapTarget: (made) => ({
        ...made,
        apply: async (...asked) => {
          const applied = await made.apply(...asked);
          if (isMute) throw says;
          return applied;
        },
        get: async (...asked) => {
          if (isMute) throw new TargetError('rejected', 'It shows nobody.');
          return await made.get(...asked);
        },
      }),
    });
    const run = await blunder(s);
    s.hire('p1', { jobTitle: 'queen', displayName: 'Rex', manager: id('p2') });
    isMute = true;
    await s.delta();
    const later = (await s.provisioned()).id;
    isMute = false;
    await s.planUndo(run);
    expect(await leftOut(s)).toEqual([`changed_since update p1 ${later}`]);
    await s.approve();
    expect(s.account('p1')?.attributes).toMatchObject({ title: 'queen', displayName: 'Rex' });
  });

  it('touches nobody who is protected, and nothing where nothing is taken away', async () => {
    const s = await staffed();
    const run = await blunder(s);
    const record = await s.stores.targets.get(target);
    await s.stores.targets.edit(target, record?.revision ?? 0, {
      protected: { ids: [id('p29'), id('new')], attributes: [], groups: [] },
      deprovision: { kind: 'none' },
    });
    await s.planUndo(run);
    expect(await leftOut(s)).toEqual(['deprovision_off create new -']);
    await s.approve();
    expect(s.accounts()).toMatchObject({ p29: 'off', p28: 'on', new: 'on' });
  });

  it('of an undo does again what was undone', async () => {
    const s = await staffed();
    const run = await blunder(s);
    const after = sorted(s);
    await s.planUndo(run);
    const undone = await s.approve();
    await s.planUndo(undone);
    await s.approve();
    expect(sorted(s)).toEqual(after);
  });
});
