/** An undo takes back what its run did, and nothing that was so before it. */

import { describe, expect, it } from 'vitest';
import { provisionTurn } from '../../src/engine/provision-run.ts';
import { remoteId } from '../../src/model/ids.ts';
import { free, id, story, target } from '../support/story.ts';
import { leftOut, staffed } from '../support/undoing.ts';

describe('the undo of a provision run', () => {
  it('of a run that looked at everybody leaves the members whom earlier runs had added', async () => {
    const s = await staffed();
    s.hire('new');
    s.directory.join(id('staff'), id('new'));
    await s.requestSync('delta');
    await s.syncAll();
    await s.requestProvision('full');
    await s.provisionAll();
    const run = await s.provisioned();
    expect(run).toMatchObject({ mode: 'full', counters: { membersAdded: 13 } });
    s.pass(1_000);
    await s.planUndo(run);
    expect(await s.held(await s.newestPlan())).toEqual(['disable user', 'remove_members 1']);
    expect(await leftOut(s)).toEqual([expect.stringMatching(/^there_before add_members staff/)]);
    await s.approve();
    expect(s.groups()['staff']).toHaveLength(12);
    expect(s.groups()['staff']).not.toContain('new');
  });

  it('leaves whom the run before had told a group already, ahead of the version that it brought the target to', async () => {
    const s = await story({ target: { limits: free } });
    for (const name of ['ann', 'bob', 'cid']) s.hire(name);
    s.found('staff');
    s.directory.join(id('staff'), id('ann'));
    await s.requestSync('full');
    await s.syncAll();
    const failpoint = async (site: string): Promise<void> => {
      if (site !== 'provision.objects') return;
      Object.assign(s.engine, { failpoint: async () => {} });
      s.directory.join(id('staff'), id('bob'));
      await s.requestSync('delta');
      await s.syncAll();
    };
    Object.assign(s.engine, { failpoint });
    await provisionTurn(s.engine, target, new AbortController().signal);
    expect(s.groups()['staff']).toEqual(['ann', 'bob']);
    s.pass(1_000);
    s.directory.join(id('staff'), id('cid'));
    await s.delta();
    const run = await s.provisioned();
    expect(run).toMatchObject({ mode: 'delta', counters: { membersAdded: 2 } });
    s.pass(1_000);
    await s.planUndo(run);
    expect(await leftOut(s)).toEqual([expect.stringMatching(/^there_before add_members staff/)]);
    await s.approve();
    expect(s.groups()['staff']).toEqual(['ann', 'bob']);
  });

  it('leaves who left a group and was never put out of it, though a run told it of them once more when they were back', async () => {
    const none = { count: 0, percent: 0, floor: 0 };
    const s = await story({ target: { limits: { ...free, memberRemovals: none } } });
    for (const name of ['ann', 'bob']) s.hire(name);
    s.found('staff');
    for (const name of ['ann', 'bob']) s.directory.join(id('staff'), id(name));
    await s.full();
    s.pass(1_000);
    s.directory.leave(id('staff'), id('ann'));
    await s.delta();
    expect(await s.provisioned()).toMatchObject({ state: 'held' });
    s.pass(1_000);
    s.directory.join(id('staff'), id('ann'));
    await s.delta();
    const run = await s.provisioned();
    expect(run).toMatchObject({ state: 'succeeded', counters: { membersAdded: 1 } });
    s.pass(1_000);
    await s.planUndo(run);
    expect(await s.held(await s.newestPlan())).toEqual([]);
    expect(await leftOut(s)).toEqual([expect.stringMatching(/^there_before add_members staff/)]);
  });

  it('leaves off who was switched off at the target before the run did it', async () => {
    const s = await story({ target: { limits: free } });
    for (const name of ['ann', 'mal']) s.hire(name);
    await s.full();
    s.pass(1_000);
    const account = s.account('mal');
    if (account === undefined) throw new Error('There is one.');
    s.remote.objects.set(account.remoteId, { ...account, attributes: { ...account.attributes, active: false } });
    s.directory.remove(id('mal'), 'soft_deleted');
    s.directory.remove(id('ann'), 'soft_deleted');
    await s.delta({ acceptShrink: true });
    const run = await s.provisioned();
    expect(run).toMatchObject({ counters: { disabled: 2 } });
    s.pass(1_000);
    await s.planUndo(run);
    expect(await leftOut(s)).toEqual([expect.stringMatching(/^off_before disable mal/)]);
    await s.approve();
    expect(s.accounts()).toEqual({ ann: 'on', mal: 'off' });
  });

  it('leaves the members of a group that was there before us', async () => {
    const s = await story({ target: { limits: free, autoApproveFirst: false } });
    for (const name of ['ann', 'bob', 'cid']) s.hire(name);
    s.found('staff');
    for (const name of ['ann', 'bob']) s.directory.join(id('staff'), id(name));
    const [account, team] = ['their-ann', 'their-staff'].map(remoteId);
    if (account === undefined || team === undefined) throw new Error('There are two.');
    s.remote.objects.set(account, { type: 'user', remoteId: account, attributes: { userName: 'ann@contoso.example' } });
    s.remote.objects.set(team, { type: 'group', remoteId: team, attributes: { displayName: 'staff' } });
    s.remote.members.set(team, new Set([account]));
    await s.full();
    await s.approve();
    const run = await s.provisioned();
    expect(s.remote.members.get(team)).toHaveProperty('size', 2);
    s.pass(1_000);
    await s.planUndo(run);
    await s.approve();
    expect([...(s.remote.members.get(team) ?? [])]).toEqual([account]);
  });
});
