import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, GROUP, startClient } from './client.ts';

describe('groups and their members', () => {
  let target: Client;
  let ada: string;
  let bob: string;
  beforeAll(async () => {
    target = await startClient({ knobs: { membersPerPatch: 5 } });
  });
  beforeEach(async () => {
    target.control.clearAccounts();
    ada = await target.createUser('ada@example.com', { displayName: 'Ada' });
    bob = await target.createUser('bob@example.com');
  });
  afterAll(() => target.close());

  const membersOf = async (group: string): Promise<readonly unknown[]> => {
    const members = (await target.get(`/Groups/${group}`)).body['members'];
    return Array.isArray(members) ? members.map((member) => member.value) : [];
  };

  it('shows members by id, reference, kind and name, and the group from the side of the user', async () => {
    const group = await target.createGroup('Staff', ada);
    const member = { value: ada, type: 'User', $ref: `${target.baseUrl}/Users/${ada}`, display: 'Ada' };
    expect((await target.get(`/Groups/${group}`)).body['members']).toEqual([member]);
    expect((await target.get(`/Users/${ada}`)).body['groups']).toMatchObject([{ value: group, display: 'Staff' }]);
  });

  it('holds groups in groups', async () => {
    const inner = await target.createGroup('Inner');
    const outer = await target.createGroup('Outer', inner);
    expect((await target.get(`/Groups/${outer}`)).body['members']).toMatchObject([{ value: inner, type: 'Group' }]);
  });

  it('adds and removes members one by one, and answers 204', async () => {
    const group = await target.createGroup('Staff', ada);
    const added = await target.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: [{ value: bob }] });
    expect([added.status, added.text]).toEqual([204, '']);
    expect(await membersOf(group)).toEqual([ada, bob]);
    await target.patch(`/Groups/${group}`, { op: 'remove', path: `members[value eq "${ada}"]` });
    expect(await membersOf(group)).toEqual([bob]);
  });

  it('takes adding a member and removing a stranger as done, without a new version', async () => {
    const group = await target.createGroup('Staff', ada);
    const before = (await target.get(`/Groups/${group}`)).body;
    await target.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: [{ value: ada }] });
    await target.patch(`/Groups/${group}`, { op: 'remove', path: `members[value eq "${bob}"]` });
    expect((await target.get(`/Groups/${group}`)).body).toEqual(before);
  });

  it('replaces and clears the list, and understands any filter on it', async () => {
    const group = await target.createGroup('Staff', ada);
    await target.patch(`/Groups/${group}`, { op: 'replace', path: 'members', value: [{ value: bob }] });
    expect(await membersOf(group)).toEqual([bob]);
    await target.patch(`/Groups/${group}`, { op: 'add', value: { members: [{ value: ada }] } });
    await target.patch(`/Groups/${group}`, { op: 'remove', path: `members[value eq "${bob}" or type eq "Group"]` });
    expect(await membersOf(group)).toEqual([ada]);
    await target.patch(`/Groups/${group}`, { op: 'remove', path: 'members' });
    expect(await membersOf(group)).toEqual([]);
  });

  it('does all operations of a request or none', async () => {
    const group = await target.createGroup('Staff', ada);
    const { status } = await target.patch(
      `/Groups/${group}`,
      { op: 'remove', path: `members[value eq "${ada}"]` },
      { op: 'add', path: 'members', value: [{ value: bob }] },
      { op: 'add', path: 'members', value: [{ value: 'nobody' }] },
    );
    expect(status).toBe(400);
    expect(await membersOf(group)).toEqual([ada]);
  });

  it.each([
    ['a member who does not exist', (_: string) => [{ value: 'nobody' }], 'invalidValue'],
    ['the same member twice', (id: string) => [{ value: id }, { value: id }], 'invalidValue'],
    ['a member without an id', (_: string) => [{ display: 'x' }], 'invalidValue'],
    ['bare ids', (id: string) => [id], 'invalidValue'],
  ])('refuses %s', async (_what, members, scimType) => {
    const group = await target.createGroup('Staff');
    const patched = await target.patch(`/Groups/${group}`, { op: 'add', path: 'members', value: members(ada) });
    expect([patched.status, patched.body['scimType']]).toEqual([400, scimType]);
    const posted = await target.post('/Groups', { schemas: [GROUP], displayName: 'Other', members: members(ada) });
    expect([posted.status, posted.body['scimType']]).toEqual([400, scimType]);
  });

  it('does not let a member be turned into another: its id is immutable', async () => {
    const group = await target.createGroup('Staff', ada);
    const { body } = await target.patch(`/Groups/${group}`, {
      op: 'replace',
      path: `members[value eq "${ada}"].value`,
      value: bob,
    });
    expect(body['scimType']).toBe('mutability');
  });

  it('refuses more members in one PATCH than it takes: 413, or 400 where a target says it so', async () => {
    const ids = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => target.createUser(`m${n}@example.com`)));
    const group = await target.createGroup('Staff');
    const adding = (count: number) =>
      target.patch(`/Groups/${group}`, {
        op: 'add',
        path: 'members',
        value: ids.slice(0, count).map((value) => ({ value })),
      });
    expect((await adding(6)).status).toBe(413);
    target.control.setKnobs({ tooManyMembers: 400 });
    expect((await adding(6)).status).toBe(400);
    target.control.setKnobs({ tooManyMembers: 413 });
    expect((await adding(5)).status).toBe(204);
  });

  it('drops whoever is deleted from every group, which is a change of those groups', async () => {
    const staff = await target.createGroup('Staff', ada, bob);
    await target.createGroup('Other', bob);
    const versions = async () => (await target.get('/Groups')).body.Resources.map(({ meta }) => meta.version);
    const before = await versions();
    await target.send('DELETE', `/Users/${ada}`);
    expect(await membersOf(staff)).toEqual([bob]);
    const after = await versions();
    expect(after.map((version, index) => version === before[index])).toEqual([false, true]);
  });

  it('forgets a deleted group on the side of its members', async () => {
    const group = await target.createGroup('Staff', ada);
    await target.send('DELETE', `/Groups/${group}`);
    expect((await target.get(`/Users/${ada}`)).body).not.toHaveProperty('groups');
  });

  it('needs a displayName, and renames', async () => {
    expect((await target.post('/Groups', { schemas: [GROUP] })).body['scimType']).toBe('invalidValue');
    const group = await target.createGroup('Staff', ada);
    await target.patch(`/Groups/${group}`, { op: 'replace', path: 'displayName', value: 'Crew' });
    expect((await target.search('/Groups', 'displayName eq "crew"')).body.totalResults).toBe(1);
    expect((await target.search('/Groups', 'displayName eq "staff"')).body.totalResults).toBe(0);
    expect(await membersOf(group)).toEqual([ada]);
  });

  it('replaces by PUT the members, too', async () => {
    const group = await target.createGroup('Staff', ada);
    await target.send('PUT', `/Groups/${group}`, { schemas: [GROUP], displayName: 'Staff', members: [{ value: bob }] });
    expect(await membersOf(group)).toEqual([bob]);
    expect((await target.get(`/Users/${ada}`)).body).not.toHaveProperty('groups');
  });

  it('leaves members out when asked to, and finds groups by member', async () => {
    const group = await target.createGroup('Staff', ada);
    expect((await target.get(`/Groups/${group}?excludedAttributes=members`)).body).not.toHaveProperty('members');
    for (const filter of [
      `members eq "${ada}"`,
      `members.value eq "${ada}"`,
      `members[value eq "${ada}"]`,
      `id eq "${group}" and members eq "${ada}"`,
    ])
      expect((await target.search('/Groups', filter)).body.totalResults).toBe(1);
    expect((await target.search('/Groups', `members eq "${bob}"`)).body.totalResults).toBe(0);
  });
});
