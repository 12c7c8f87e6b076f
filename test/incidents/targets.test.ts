/** What a sync may do at a target, whatever it knows of the tenant. */

import { describe, expect, it } from 'vitest';
import { incident } from './incident.ts';

// Accounts and groups that came from elsewhere were not in the tenant, and so were deleted.
// https://github.com/awslabs/ssosync/pull/105
describe('unmanaged-untouched', () => {
  it('what others made at the target stays as it is, down to the byte', async () => {
    const one = await incident({ record: { leftGroups: 'delete' } });
    const { users, groups } = one.target.seed({
      users: [{ userName: 'breakglass@vendor.example' }, { userName: 'robot@vendor.example', active: false }],
      groups: [{ displayName: 'AWSControlTowerAdmins' }, { displayName: 'Everybody' }],
    });
    const theirs = new Set([...users, ...groups]);
    const print = () => Object.entries(one.target.fingerprint().resources).filter(([id]) => theirs.has(id));
    const before = print();
    const [left = '', disabled = ''] = one.tenant.users();
    one.tenant.softDelete(left);
    one.tenant.disable(disabled);
    const [group] = one.tenant.groups();
    if (group !== undefined) one.tenant.deleteGroup(group.id);
    await one.inStep('delta');
    await one.inStep('full');
    await one.story.provision('full');
    expect(before).toHaveLength(4);
    expect(print()).toEqual(before);
  });
});

// One member was to be removed. The request named the list and gave the member as its value, and a server that follows the RFC to the letter
// removed everybody. At another one the change of a group's name emptied it.
// https://github.com/AzureAD/SCIMReferenceCode/issues/10, https://github.com/langwatch/langwatch/issues/7131
describe('group-remove-one-removes-one', () => {
  it.each(['supported', 'unsupported'] as const)('where PATCH is %s', async (patch) => {
    const one = await incident({ settings: { update_mode: patch === 'supported' ? 'patch' : 'put' } });
    one.target.setKnobs({ patch });
    const team = one.tenant.createGroup({ displayName: 'Team', members: one.tenant.users().slice(0, 6) });
    await one.inStep('delta');
    const members = () => {
      const group = one.target.accounts().groups.find(({ externalId }) => externalId === team);
      return Array.isArray(group?.['members']) ? group['members'].length : 0;
    };
    const before = members();
    expect(before).toBeGreaterThan(3);
    one.forget();

    const [out = ''] = one.tenant.members(team);
    one.tenant.leave(team, out);
    await one.inStep('delta');
    expect(one.taken()).toEqual([`1 left ${team}`]);
    expect(members()).toBe(before - 1);

    one.tenant.update(team, { displayName: 'Team, renamed' });
    await one.inStep('delta');
    expect(members()).toBe(before - 1);
    expect(one.taken()).toEqual([`1 left ${team}`]);
  });

  it('where the target shows no members any more, and can only replace', async () => {
    const one = await incident({ settings: { update_mode: 'put' } });
    one.target.setKnobs({ patch: 'unsupported' });
    const team = one.tenant.createGroup({ displayName: 'Team', members: one.tenant.users().slice(0, 6) });
    await one.inStep('delta');
    one.forget();
    const members = () => one.target.accounts().groups.find(({ externalId }) => externalId === team)?.['members'];
    const before = members();
    one.target.setKnobs({ memberReads: 'hidden' });
    one.tenant.update(team, { displayName: 'Team, renamed' });
    await one.story.delta();
    expect(members()).toEqual(before);
    expect(one.taken()).toEqual([]);
    expect(Array.isArray(before) ? before.length : 0).toBeGreaterThan(3);
  });
});
