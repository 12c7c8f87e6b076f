import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, ENTERPRISE, startClient, USER, user } from './client.ts';

describe('accounts of users', () => {
  let target: Client;
  beforeAll(async () => {
    target = await startClient();
  });
  afterAll(() => target.close());

  it('creates an account: 201, Location, an id of its own, and a version (RFC 7644 §3.3)', async () => {
    const { status, headers, body } = await target.post('/Users', user('ada@example.com', { externalId: 'e-1' }));
    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`${target.baseUrl}/Users/${body.id}`);
    expect(headers.get('etag')).toBe(body.meta.version);
    expect(body).toMatchObject({ userName: 'ada@example.com', externalId: 'e-1', meta: { resourceType: 'User' } });
    expect((await target.get(`/Users/${body.id}`)).body).toEqual(body);
  });

  it('refuses a second account of the same userName in whatever case: 409 uniqueness (RFC 7643 §4.1.1)', async () => {
    await target.createUser('grace@example.com');
    const { status, body } = await target.post('/Users', user('GRACE@Example.com'));
    expect([status, body['scimType']]).toEqual([409, 'uniqueness']);
    const other = await target.createUser('hopper@example.com');
    expect((await target.send('PUT', `/Users/${other}`, user('Grace@example.com'))).status).toBe(409);
    expect(
      (await target.patch(`/Users/${other}`, { op: 'replace', path: 'userName', value: 'grace@EXAMPLE.com' })).status,
    ).toBe(409);
    expect(
      (await target.patch(`/Users/${other}`, { op: 'replace', path: 'userName', value: 'HOPPER@example.com' })).status,
    ).toBe(200);
  });

  it('does not ask externalId to be unique: that is the business of the client (RFC 7643 §3.1)', async () => {
    await target.createUser('one@example.com', { externalId: 'shared' });
    expect((await target.post('/Users', user('two@example.com', { externalId: 'shared' }))).status).toBe(201);
  });

  it('takes attribute names in any case (RFC 7643 §2.1), and answers with the names of the schema', async () => {
    const { status, body } = await target.post('/Users', {
      SCHEMAS: [USER],
      USERNAME: 'case@example.com',
      Name: { GIVENNAME: 'C' },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ userName: 'case@example.com', name: { givenName: 'C' } });
  });

  it.each([
    ['an attribute that no schema knows', { shoeSize: 42 }, 'invalidSyntax'],
    ['a sub-attribute that no schema knows', { name: { nick: 'x' } }, 'invalidSyntax'],
    ['a boolean as text', { active: 'False' }, 'invalidValue'],
    ['a string as number', { title: 7 }, 'invalidValue'],
    ['a list where one value belongs', { displayName: ['x'] }, 'invalidValue'],
    ['one value where a list belongs', { emails: { value: 'x' } }, 'invalidValue'],
    ['a bare string where an object belongs', { emails: ['x'] }, 'invalidValue'],
    [
      'two primary values',
      {
        emails: [
          { value: 'a', primary: true },
          { value: 'b', primary: true },
        ],
      },
      'invalidValue',
    ],
    ['a manager who does not exist', { [ENTERPRISE]: { manager: { value: 'nobody' } } }, 'invalidValue'],
    ['an empty userName', { userName: ' ' }, 'invalidValue'],
    ['no schemas', { schemas: [] }, 'invalidSyntax'],
    ['a schema that does not belong to users', { schemas: [USER, 'urn:x'] }, 'invalidValue'],
    [
      'an extension that schemas does not name',
      { schemas: [USER], [ENTERPRISE]: { department: 'R' } },
      'invalidSyntax',
    ],
    ['the same attribute in two cases', { title: 'a', Title: 'b' }, 'invalidSyntax'],
  ])('refuses %s', async (_what, more, scimType) => {
    const before = target.control.state().users;
    const { status, body } = await target.post('/Users', user('refused@example.com', more));
    expect([status, body['scimType']]).toEqual([400, scimType]);
    expect(target.control.state().users).toBe(before);
  });

  it('refuses what is no JSON object, and what is not declared to be JSON', async () => {
    expect((await target.post('/Users', '{"userName":')).body['scimType']).toBe('invalidSyntax');
    expect((await target.post('/Users', '[]')).body['scimType']).toBe('invalidSyntax');
    expect((await target.send('POST', '/Users', 'userName=x', { 'content-type': 'text/plain' })).status).toBe(415);
  });

  it('ignores read-only attributes and drops unassigned ones in a body (RFC 7644 §3.3, RFC 7643 §2.5)', async () => {
    const { status, body } = await target.post(
      '/Users',
      user('plain@example.com', { id: 'mine', title: null, roles: [], name: {} }),
    );
    expect(status).toBe(201);
    expect(body.id).not.toBe('mine');
    expect(Object.keys(body).sort()).toEqual(['id', 'meta', 'schemas', 'userName']);
  });

  it('never returns a password', async () => {
    const id = await target.createUser('secret@example.com', { password: 'hunter2' });
    await target.patch(`/Users/${id}`, { op: 'replace', path: 'password', value: 'hunter3' });
    expect((await target.get(`/Users/${id}?attributes=password,userName`)).text).not.toContain('hunter');
    expect(JSON.stringify(target.control.accounts())).not.toContain('hunter');
  });

  it('replaces by PUT what the body gives and clears what it leaves out (RFC 7644 §3.5.1)', async () => {
    const id = await target.createUser('put@example.com', { title: 'Engineer', [ENTERPRISE]: { department: 'R&D' } });
    const { status, body } = await target.send('PUT', `/Users/${id}`, user('put@example.com', { displayName: 'Put' }));
    expect(status).toBe(200);
    expect(body).toMatchObject({ id, displayName: 'Put', schemas: [USER] });
    expect(body).not.toHaveProperty('title');
    expect(body).not.toHaveProperty(ENTERPRISE);
  });

  it('knows nothing of an account that was deleted, and lets its userName be used again (RFC 7644 §3.6)', async () => {
    const id = await target.createUser('gone@example.com');
    const deleted = await target.send('DELETE', `/Users/${id}`);
    expect([deleted.status, deleted.text]).toEqual([204, '']);
    for (const method of ['GET', 'DELETE']) expect((await target.send(method, `/Users/${id}`)).status).toBe(404);
    expect((await target.patch(`/Users/${id}`, { op: 'remove', path: 'title' })).status).toBe(404);
    expect((await target.search('/Users', 'userName eq "gone@example.com"')).body.totalResults).toBe(0);
    expect((await target.post('/Users', user('gone@example.com'))).status).toBe(201);
  });

  it('shows the manager by reference and name, and keeps a manager who has left', async () => {
    const boss = await target.createUser('boss@example.com', { displayName: 'The Boss' });
    const id = await target.createUser('report@example.com', { [ENTERPRISE]: { manager: { value: boss } } });
    const manager = { value: boss, $ref: `${target.baseUrl}/Users/${boss}`, displayName: 'The Boss' };
    expect((await target.get(`/Users/${id}`)).body[ENTERPRISE]).toEqual({ manager });
    await target.send('DELETE', `/Users/${boss}`);
    expect((await target.patch(`/Users/${id}`, { op: 'replace', path: 'title', value: 'x' })).status).toBe(200);
    expect(
      (await target.patch(`/Users/${id}`, { op: 'replace', path: `${ENTERPRISE}:manager.value`, value: 'nobody' }))
        .status,
    ).toBe(400);
  });

  it('shows only what was asked for, but always the id and the schemas (RFC 7644 §3.9)', async () => {
    const more = {
      name: { givenName: 'P', familyName: 'Q' },
      title: 't',
      [ENTERPRISE]: { department: 'd', division: 'v' },
    };
    const id = await target.createUser('part@example.com', more);
    const asked = await target.get(`/Users/${id}?attributes=name.givenName,${ENTERPRISE}:department`);
    expect(asked.body).toEqual({
      schemas: [USER, ENTERPRISE],
      id,
      name: { givenName: 'P' },
      [ENTERPRISE]: { department: 'd' },
    });
    const without = (await target.get(`/Users/${id}?excludedAttributes=id,title,meta,name.givenName,${ENTERPRISE}`))
      .body;
    expect(without).toEqual({
      schemas: [USER, ENTERPRISE],
      id,
      userName: 'part@example.com',
      name: { familyName: 'Q' },
    });
    expect((await target.get(`/Users/${id}?attributes=title&excludedAttributes=name`)).status).toBe(400);
  });
});
