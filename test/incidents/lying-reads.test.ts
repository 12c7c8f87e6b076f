/** Reads that came to their end with every sign of success, and did not tell the truth. */

import { describe, expect, it } from 'vitest';
import { sourceId } from '../../src/model/ids.ts';
import { connection } from '../support/story.ts';
import { everything, type Incident, incident, ways } from './incident.ts';

const version = async (one: Incident): Promise<number> => (await one.story.stores.snapshots.head(connection)).version;
const state = async (one: Incident) => (await one.story.stores.connections.get(connection))?.state;

// The API answered with no users and no groups, and with status 200; everybody was deleted, and made again by the next run.
// https://github.com/awslabs/ssosync/issues/194
describe('empty-read-holds', () => {
  it.each(ways)('%s without a single user is not believed', async (_, path, options) => {
    const one = await incident(options);
    const before = await version(one);
    one.graph.fault({ path, times: null, fault: { answer: 'part', share: 0 } });
    expect(await one.full()).toMatchObject({ state: 'failed', problem: { code: 'empty_read' } });
    expect(await one.full({ acceptShrink: true })).toMatchObject({ state: 'failed' });
    expect(await version(one)).toBe(before);
    expect(one.taken()).toEqual([]);
    one.graph.clearFaults();
    await one.inStep('full');
    expect([one.taken(), one.made()]).toEqual([[], []]);
  });

  it('a list without a single group is held', async () => {
    const one = await incident();
    one.graph.fault({ path: '/groups\\?', times: null, fault: { answer: 'empty_list' } });
    expect(await one.full()).toMatchObject({ state: 'held', problem: { code: 'read_shrank' } });
    one.graph.clearFaults();
    await one.inStep('full');
    expect([one.taken(), one.made()]).toEqual([[], []]);
  });
});

// The API answered with the same part of the groups each time, and with status 200; 72 groups were deleted.
// https://github.com/slashdevops/idp-scim-sync/issues/70
describe('shrunk-read-holds', () => {
  it.each(ways)('%s that shows a part of everybody is held, as often as it comes', async (_, users, options) => {
    const one = await incident({ groups: 12, ...options });
    for (const path of [users, '/groups\\?']) {
      one.graph.fault({ path, times: null, fault: { answer: 'part', share: 0.3 } });
      for (const _ of ['once', 'again'])
        expect(await one.full()).toMatchObject({ state: 'held', problem: { code: 'read_shrank' } });
      one.graph.clearFaults();
    }
    await one.inStep('full');
    expect([one.taken(), one.made()]).toEqual([[], []]);
  });

  it('and of those who are missing in a read that is not held, each is asked for alone', async () => {
    const one = await incident({ connection: () => ({ shrinkLimit: { count: 1_000, percent: 100, floor: 1_000 } }) });
    const generous = { count: 1_000, percent: 100, floor: 1_000 };
    const target = await one.story.stores.targets.get('tgt_story' as never);
    await one.story.stores.targets.edit('tgt_story' as never, target?.revision ?? 0, {
      limits: {
        deprovisions: generous,
        groupDeletes: generous,
        memberRemovals: generous,
        memberRemovalsPerGroup: generous,
        updates: null,
        creates: null,
        adoptions: null,
      },
    });
    for (const path of ['/users/delta', '/groups\\?'])
      one.graph.fault({ path, times: null, fault: { answer: 'part', share: 0.3 } });
    expect(await one.full()).toMatchObject({ state: 'succeeded', counters: { removed: expect.any(Number) } });
    expect(await one.story.provisioned()).toMatchObject({ counters: { disabled: 0, removed: 0, membersRemoved: 0 } });
    expect(one.taken()).toEqual([]);
  });
});

// The groups of a password manager's sync were emptied by a change of configuration, and every member was suspended.
// https://75asu.pages.dev/blog/2026/04/scim-bridge-suspended-every-user/
describe('empty-group-holds', () => {
  const piloted = () =>
    incident({
      connection: (tenant) => {
        const members = tenant
          .users()
          .filter((id) => tenant.user(id)['accountEnabled'] === true)
          .slice(0, 4);
        const group = tenant.createGroup({ displayName: 'Pilot', members });
        return { scope: { kind: 'groups', groups: [sourceId(group)], nested: false } };
      },
    });

  it.each(['full', 'delta'] as const)('a scope group that is suddenly empty holds the %s sync', async (mode) => {
    const one = await piloted();
    expect(one.target.accounts().users).toHaveLength(4);
    for (const member of one.tenant.members('Pilot')) one.tenant.leave('Pilot', member);
    expect(await one[mode]()).toMatchObject({ state: 'held', problem: { code: 'read_shrank' } });
    expect(one.taken()).toEqual([]);
  });

  it('and so does a list of members that is empty by error', async () => {
    const one = await piloted();
    one.graph.fault({ path: '/members', times: null, fault: { answer: 'empty_list' } });
    expect(await one.full()).toMatchObject({ state: 'held' });
    one.graph.clearFaults();
    await one.inStep('full');
    expect(one.taken()).toEqual([]);
  });
});

// A permission was narrowed: Graph went on answering 200, with null in place of every property. Taken at its word, all accounts become empty.
// https://devblogs.microsoft.com/microsoft365dev/upcoming-api-changes-to-return-limited-information-for-inaccessible-member-resources/
describe('null-attr-is-permission-loss', () => {
  it.each(['full', 'delta'] as const)('a %s sync holds the connection back and changes no account', async (mode) => {
    const one = await incident();
    const before = everything(one);
    for (const id of one.tenant.users().slice(0, 5)) one.tenant.move(id, { jobTitle: 'Changed' });
    for (const app of one.tenant.apps()) app.roles = ['GroupMember.Read.All'];
    one.signIn();
    const run = await one[mode]();
    expect(run).toMatchObject({ state: 'failed', problem: { owner: 'customer_it' } });
    expect(await state(one)).toBe('quarantined');
    expect(everything(one)).toEqual(before);
  });

  // With User.ReadBasic.All names are still shown, and nothing else (Microsoft Graph permissions reference).
  it.each(['full', 'delta'] as const)('so does a %s sync when names are all that is left of it', async (mode) => {
    const one = await incident();
    const before = everything(one);
    for (const id of one.tenant.users().slice(0, 5)) one.tenant.move(id, { officeLocation: 'Elsewhere' });
    for (const app of one.tenant.apps()) app.roles = ['User.ReadBasic.All', 'GroupMember.Read.All'];
    one.signIn();
    expect(await one[mode]()).toMatchObject({
      state: 'failed',
      problem: { code: 'PropertiesHidden', message: expect.stringContaining('User.Read.All'), owner: 'customer_it' },
    });
    expect(await state(one)).toBe('quarantined');
    expect(everything(one)).toEqual(before);
  });

  const columns = ['department', 'jobTitle', 'mail', 'employeeId'];
  it.each(ways)('%s without some attributes of everybody is held, as often as it comes', async (_, path, options) => {
    const one = await incident(options);
    const before = everything(one);
    one.graph.fault({ path, times: null, fault: { answer: 'blank', properties: columns } });
    for (const _ of ['once', 'again']) {
      const run = await one.full();
      expect(run).toMatchObject({ state: 'held', problem: { code: 'read_shrank' } });
      for (const name of ['department', 'jobTitle']) expect(run.problem?.message).toContain(`${name} (`);
    }
    expect(everything(one)).toEqual(before);
    one.graph.clearFaults();
    await one.inStep('full');
    expect(everything(one)).toEqual(before);
  });

  it('and so is a delta in which whoever changed lost them', async () => {
    const one = await incident({ users: 200 });
    const before = everything(one);
    const changed = one.tenant.users().slice(0, 9);
    for (const id of changed) one.tenant.move(id, { officeLocation: 'Elsewhere' });
    for (const path of ['/users/delta', '/getByIds'])
      one.graph.fault({ path, times: null, fault: { answer: 'blank', properties: columns } });
    const run = await one.delta();
    expect(run).toMatchObject({ state: 'held', problem: { code: 'read_shrank' } });
    expect(everything(one)).toEqual(before);
    one.graph.clearFaults();
    await one.inStep('delta');
    expect(one.taken()).toEqual([]);
  });
});

// The status of some people was missing in the answer for a while. They were taken for inactive, and removed.
// https://github.com/firezone/firezone/pull/15291
describe('unknown-status-is-unknown', () => {
  it.each(['full', 'delta'] as const)('a %s sync leaves on who was on, and off who was off', async (mode) => {
    const one = await incident();
    const [first = ''] = one.tenant.users();
    one.tenant.disable(first);
    await one.inStep('delta');
    one.forget();
    for (const id of one.tenant.users()) one.tenant.move(id, { jobTitle: 'Changed' });
    one.graph.fault({ path: '/users', times: null, fault: { answer: 'without', properties: ['accountEnabled'] } });
    await one[mode]();
    expect(one.taken()).toEqual([]);
    const active = (id: string) => one.target.accounts().users.find(({ externalId }) => externalId === id)?.['active'];
    expect(active(first)).not.toBe(true);
    one.graph.clearFaults();
    await one.inStep('full');
    expect(one.taken()).toEqual([]);
    expect(active(first)).toBe(false);
  });
});
