import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, ENTERPRISE, PATCH_OP, startClient } from './client.ts';

describe('PATCH (RFC 7644 §3.5.2)', () => {
  let target: Client;
  let ada: string;
  beforeAll(async () => {
    target = await startClient();
  });
  beforeEach(async () => {
    target.control.clearAccounts();
    ada = await target.createUser('ada@example.com', {
      active: true,
      title: 'Countess',
      name: { givenName: 'Ada', familyName: 'Byron' },
      emails: [
        { value: 'ada@work', type: 'work', primary: true },
        { value: 'ada@home', type: 'home' },
      ],
    });
  });
  afterAll(() => target.close());

  const patched = async (...operations: readonly unknown[]) => {
    const { status, body } = await target.patch(`/Users/${ada}`, ...operations);
    return { status, scimType: body['scimType'], user: (await target.get(`/Users/${ada}`)).body };
  };

  it('changes one attribute, one sub-attribute, one of several values', async () => {
    const { status, user } = await patched(
      { op: 'replace', path: 'active', value: false },
      { op: 'replace', path: 'name.familyName', value: 'Lovelace' },
      { op: 'replace', path: 'emails[type eq "work"].value', value: 'lovelace@work' },
    );
    expect(status).toBe(200);
    expect(user).toMatchObject({
      active: false,
      name: { givenName: 'Ada', familyName: 'Lovelace' },
      emails: [
        { value: 'lovelace@work', type: 'work', primary: true },
        { value: 'ada@home', type: 'home' },
      ],
    });
  });

  it('takes paths with a URN, in any case, and adds the schema of an extension by itself', async () => {
    const { user } = await patched(
      { op: 'add', path: `${ENTERPRISE}:department`, value: 'Engines' },
      { op: 'replace', path: 'URN:ietf:params:scim:schemas:core:2.0:User:TITLE', value: 'Analyst' },
    );
    expect(user).toMatchObject({ title: 'Analyst', [ENTERPRISE]: { department: 'Engines' } });
    expect(user['schemas']).toContain(ENTERPRISE);
    const cleared = await patched({ op: 'remove', path: `${ENTERPRISE}:department` });
    expect(cleared.user['schemas']).not.toContain(ENTERPRISE);
  });

  it('takes several attributes in a value without a path, and leaves unnamed sub-attributes as they are', async () => {
    const value = { title: 'Analyst', name: { familyName: 'Lovelace' }, [ENTERPRISE]: { costCenter: '7' } };
    const { user } = await patched({ op: 'replace', value });
    expect(user).toMatchObject({ ...value, name: { givenName: 'Ada', familyName: 'Lovelace' } });
  });

  it('adds to a list what is not there yet, and replaces a list as a whole', async () => {
    const added = await patched({
      op: 'add',
      path: 'emails',
      value: [{ value: 'ada@home', type: 'home' }, { value: 'a@b' }],
    });
    expect(added.user['emails']).toHaveLength(3);
    const replaced = await patched({ op: 'replace', path: 'emails', value: [{ value: 'only@one' }] });
    expect(replaced.user['emails']).toEqual([{ value: 'only@one' }]);
  });

  it('makes one value the primary at the expense of the former', async () => {
    const { user } = await patched({ op: 'replace', path: 'emails[type eq "home"].primary', value: true });
    expect(user['emails']).toMatchObject([
      { type: 'work', primary: false },
      { type: 'home', primary: true },
    ]);
    const added = await patched({ op: 'add', path: 'emails', value: [{ value: 'new', primary: true }] });
    expect(added.user['emails']).toMatchObject([
      { primary: false },
      { primary: false },
      { value: 'new', primary: true },
    ]);
  });

  it('does not let one operation make two values the primary', async () => {
    const { status, scimType } = await patched({ op: 'replace', path: 'emails[value pr].primary', value: true });
    expect([status, scimType]).toEqual([400, 'invalidValue']);
  });

  it('finds the account by what it says now, once, and no more by what it said before', async () => {
    await patched({ op: 'replace', path: 'userName', value: 'lovelace' });
    await patched({ op: 'replace', path: 'title', value: 'x' });
    expect((await target.search('/Users', 'userName eq "lovelace"')).body.totalResults).toBe(1);
    expect((await target.search('/Users', 'userName eq "ada@example.com"')).body.totalResults).toBe(0);
    expect((await target.get('/Users')).body.Resources).toMatchObject([{ userName: 'lovelace', title: 'x' }]);
  });

  it('removes attributes, sub-attributes and single values', async () => {
    const { user } = await patched(
      { op: 'remove', path: 'title' },
      { op: 'remove', path: 'name.givenName' },
      { op: 'remove', path: 'emails[value ew "@work" and primary eq true]' },
      { op: 'remove', path: 'phoneNumbers[type eq "fax"]' },
    );
    expect(user).not.toHaveProperty('title');
    expect(user['name']).toEqual({ familyName: 'Byron' });
    expect(user['emails']).toEqual([{ value: 'ada@home', type: 'home' }]);
  });

  it('clears by null what may be cleared', async () => {
    const { user } = await patched({ op: 'replace', value: { title: null, name: { givenName: null } } });
    expect(user).not.toHaveProperty('title');
    expect(user['name']).toEqual({ familyName: 'Byron' });
  });

  it.each([
    ['remove without a path', { op: 'remove' }, 'noTarget'],
    [
      'replace of a value that is not there',
      { op: 'replace', path: 'emails[type eq "other"].value', value: 'x' },
      'noTarget',
    ],
    [
      'add to a value that is not there',
      { op: 'add', path: 'phoneNumbers[type eq "fax"].value', value: 'x' },
      'noTarget',
    ],
    ['an attribute that is not known', { op: 'add', path: 'shoeSize', value: 42 }, 'invalidPath'],
    ['a sub-attribute that is not known', { op: 'add', path: 'name.nick', value: 'x' }, 'invalidPath'],
    ['a path that does not parse', { op: 'add', path: 'emails[type eq', value: 'x' }, 'invalidPath'],
    ['a value filter on one value', { op: 'add', path: 'name[givenName eq "Ada"]', value: {} }, 'invalidPath'],
    ['an unknown name in a value without path', { op: 'add', value: { shoeSize: 42 } }, 'invalidSyntax'],
    ['dotted names in a value without path', { op: 'replace', value: { 'name.givenName': 'x' } }, 'invalidSyntax'],
    ['a value of the wrong type', { op: 'replace', path: 'active', value: 'False' }, 'invalidValue'],
    ['no value', { op: 'replace', path: 'title' }, 'invalidSyntax'],
    ['an operation in capitals', { op: 'Replace', path: 'title', value: 'x' }, 'invalidSyntax'],
    ['an operation that does not exist', { op: 'move', path: 'title', value: 'x' }, 'invalidSyntax'],
    ['a value with remove', { op: 'remove', path: 'emails', value: [{ value: 'ada@home' }] }, 'invalidSyntax'],
    ['a new id', { op: 'replace', path: 'id', value: 'x' }, 'mutability'],
    ['a new time of change', { op: 'replace', path: 'meta.lastModified', value: '2026-01-01T00:00:00Z' }, 'mutability'],
    ['groups from the side of the user', { op: 'add', path: 'groups', value: [{ value: 'g' }] }, 'mutability'],
    ['removal of what is required', { op: 'remove', path: 'userName' }, 'mutability'],
    ['emptying what is required', { op: 'replace', path: 'userName', value: '' }, 'invalidValue'],
    [
      'two primary values at once',
      {
        op: 'add',
        path: 'emails',
        value: [
          { value: 'a', primary: true },
          { value: 'b', primary: true },
        ],
      },
      'invalidValue',
    ],
  ])('refuses %s, and does nothing of the request', async (_what, operation, scimType) => {
    const before = (await target.get(`/Users/${ada}`)).body;
    const refused = await patched({ op: 'replace', path: 'displayName', value: 'first' }, operation);
    expect([refused.status, refused.scimType]).toEqual([400, scimType]);
    expect(refused.user).toEqual(before);
  });

  it('refuses a message that is no PatchOp', async () => {
    for (const body of [{ Operations: [] }, { schemas: [PATCH_OP], Operations: [] }, { schemas: [PATCH_OP] }])
      expect((await target.send('PATCH', `/Users/${ada}`, body)).body['scimType']).toBe('invalidSyntax');
  });

  it('works in order, each operation on the outcome of the one before', async () => {
    const { user } = await patched(
      { op: 'add', path: 'phoneNumbers', value: [{ type: 'mobile', value: '1' }] },
      { op: 'replace', path: 'phoneNumbers[type eq "mobile"].value', value: '2' },
      { op: 'replace', path: 'title', value: 'a' },
      { op: 'replace', path: 'title', value: 'b' },
    );
    expect(user).toMatchObject({ phoneNumbers: [{ type: 'mobile', value: '2' }], title: 'b' });
  });

  it('leaves version and time of change alone when nothing changes', async () => {
    const { meta } = (await target.get(`/Users/${ada}`)).body;
    const { user } = await patched(
      { op: 'replace', path: 'title', value: 'Countess' },
      { op: 'add', path: 'emails', value: [{ value: 'ada@home', type: 'home' }] },
    );
    expect(user.meta).toEqual(meta);
  });
});
