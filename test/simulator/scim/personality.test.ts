import { afterEach, describe, expect, it } from 'vitest';
import { type Client, ENTERPRISE, startClient, user } from './client.ts';

describe('personalities of targets', () => {
  let target: Client;
  afterEach(() => target.close());

  const shown = async (id: string) => (await target.get(`/Users/${id}`)).body;

  it('a lenient target takes what older provisioning clients send', async () => {
    target = await startClient({ personality: 'lenient' });
    const boss = await target.createUser('boss');
    const id = await target.createUser('ada', { active: 'True', shoeSize: 42, roles: { value: 'r' } });
    expect(await shown(id)).toMatchObject({ active: true, roles: [{ value: 'r' }] });
    expect(await shown(id)).not.toHaveProperty('shoeSize');
    const { status } = await target.patch(
      `/Users/${id}`,
      { op: 'Replace', path: 'active', value: 'False' },
      { op: 'Add', path: 'manager', value: [{ value: boss }] },
      { op: 'Add', path: 'emails[type eq "work"].value', value: 'ada@work' },
      { op: 'Replace', value: { 'name.givenName': 'Ada', [`${ENTERPRISE}:department`]: 'R' } },
      { op: 'Replace', path: 'shoeSize', value: '7' },
    );
    expect(status).toBe(200);
    expect(await shown(id)).toMatchObject({
      active: false,
      name: { givenName: 'Ada' },
      emails: [{ type: 'work', value: 'ada@work' }],
      [ENTERPRISE]: { department: 'R', manager: { value: boss } },
    });
  });

  it('a lenient target removes the members in a list, and only those', async () => {
    target = await startClient({ personality: 'lenient' });
    const [ada, bob] = [await target.createUser('ada'), await target.createUser('bob')];
    const group = await target.createGroup('Staff', ada, bob);
    await target.patch(`/Groups/${group}`, { op: 'Remove', path: 'members', value: [{ value: ada }] });
    expect((await target.get(`/Groups/${group}`)).body['members']).toMatchObject([{ value: bob }]);
  });

  it('a lossy target answers any filter with everybody', async () => {
    target = await startClient({ personality: 'lossy', knobs: { lostWriteEvery: 0, failedAfterCommitEvery: 0 } });
    await target.createUser('ada');
    await target.createUser('bob');
    expect((await target.search('/Users', 'userName eq "ada"')).body.totalResults).toBe(2);
  });

  it('a lossy target takes the same person twice', async () => {
    target = await startClient({ personality: 'lossy', knobs: { lostWriteEvery: 0, failedAfterCommitEvery: 0 } });
    expect((await target.post('/Users', user('ada'))).status).toBe(201);
    expect((await target.post('/Users', user('ada'))).status).toBe(201);
    target.control.setKnobs({ filters: 'honoured' });
    expect((await target.search('/Users', 'userName eq "ada"')).body.totalResults).toBe(2);
    target.control.setKnobs({ userNameCollisions: 'other_case_accepted' });
    expect((await target.post('/Users', user('ADA'))).status).toBe(201);
    expect((await target.post('/Users', user('ada'))).status).toBe(409);
  });

  it('a lossy target keeps members and never shows them', async () => {
    target = await startClient({ personality: 'lossy', knobs: { lostWriteEvery: 0, failedAfterCommitEvery: 0 } });
    const ada = await target.createUser('ada');
    const group = await target.createGroup('Staff', ada);
    expect((await target.get(`/Groups/${group}`)).body['members']).toEqual([]);
    expect(target.control.accounts().groups).toMatchObject([{ members: [{ value: ada }] }]);
  });

  it('a lossy target loses writes it has confirmed, and does writes it says have failed', async () => {
    target = await startClient({ knobs: { lostWriteEvery: 2, failedAfterCommitEvery: 3 } });
    const first = await target.post('/Users', user('one'));
    const lost = await target.post('/Users', user('two'));
    const failed = await target.post('/Users', user('three'));
    expect([first.status, lost.status, failed.status]).toEqual([201, 201, 500]);
    expect((await target.get(`/Users/${lost.body.id}`)).status).toBe(404);
    expect(target.control.accounts().users.map((one) => one['userName'])).toEqual(['one', 'three']);
  });

  it('has one switch per habit', async () => {
    target = await startClient({
      knobs: { noMatch: 'not_found', filters: 'case_sensitive', patch: 'unsupported', danglingReferences: 'accepted' },
    });
    const id = await target.createUser('Ada', { [ENTERPRISE]: { manager: { value: 'nobody' } } });
    expect((await target.search('/Users', 'userName eq "ada"')).status).toBe(404);
    expect((await target.search('/Users', 'userName eq "Ada"')).status).toBe(200);
    expect((await target.patch(`/Users/${id}`, { op: 'remove', path: 'title' })).status).toBe(501);
    target.control.setKnobs({ patch: 'supported', patchAnswer: 'no_content' });
    expect((await target.patch(`/Users/${id}`, { op: 'remove', path: 'title' })).status).toBe(204);
    expect(
      (
        await target.send('PATCH', `/Users/${id}?attributes=userName`, {
          schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
          Operations: [{ op: 'remove', path: 'title' }],
        })
      ).status,
    ).toBe(200);
    expect(() => target.control.setKnobs({ membersPerPatch: 0 })).toThrow();
    expect(target.control.setKnobs({ personality: 'lenient', latencyMs: 1 })).toMatchObject({
      coercesValues: true,
      latencyMs: 1,
      patchAnswer: 'by_type',
    });
  });

  it('limits its rate by its own clock, and says when to come back', async () => {
    let time = Date.parse('2026-06-01T12:00:00Z');
    target = await startClient({ knobs: { requestsPerSecond: 2 }, now: () => new Date(time) });
    const statuses = async (count: number) => {
      const answers = [];
      for (let n = 0; n < count; n += 1) answers.push(await target.get('/Users'));
      return answers.map(({ status, headers }) => (status === 429 ? headers.get('retry-after') : status));
    };
    expect(await statuses(3)).toEqual([200, 200, '1']);
    time += 500;
    expect(await statuses(2)).toEqual([200, '1']);
    time += 60_000;
    expect(await statuses(3)).toEqual([200, 200, '1']);
  });
});
