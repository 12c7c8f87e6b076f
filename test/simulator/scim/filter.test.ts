import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, ENTERPRISE, startClient } from './client.ts';

describe('filters (RFC 7644 §3.4.2.2)', () => {
  let target: Client;
  beforeAll(async () => {
    target = await startClient({ now: () => new Date('2026-06-01T12:00:00Z') });
    await target.createUser('Ada@example.com', {
      externalId: 'A-1',
      active: true,
      title: 'Countess',
      emails: [
        { value: 'ada@work.org', type: 'work' },
        { value: 'ada@home.org', type: 'home' },
      ],
      [ENTERPRISE]: { department: 'R&D +50% #1', employeeNumber: '7' },
    });
    await target.createUser('bob@example.com', { active: false, emails: [{ value: 'bob@home.org', type: 'home' }] });
    await target.createUser('o"brien\\x@example.com', { title: 'Clerk', nickName: 'Łódź 🙂' });
  });
  afterAll(() => target.close());

  const [ada, bob, brien] = ['Ada@example.com', 'bob@example.com', 'o"brien\\x@example.com'];

  it.each([
    ['userName eq "ADA@EXAMPLE.COM"', [ada]],
    ['USERNAME EQ "ada@example.com"', [ada]],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ada"', [ada]],
    ['externalId eq "A-1"', [ada]],
    ['externalId eq "a-1"', []],
    ['externalId sw "a-"', []],
    ['emails[type eq "home"] and title pr', [ada]],
    ['title pr', [ada, brien]],
    ['not (title pr)', [bob]],
    ['title eq null', [bob]],
    ['title ne "Clerk"', [ada, bob]],
    ['userName co "example" and active eq true', [ada]],
    ['active eq false or title eq "clerk"', [bob, brien]],
    ['title eq "Clerk" or active eq true and userName sw "bob"', [brien]],
    ['(title eq "Clerk" or active eq true) and userName sw "ada"', [ada]],
    ['userName ew "EXAMPLE.com" and not (userName sw "a" or userName sw "b")', [brien]],
    ['emails.value eq "BOB@home.org"', [bob]],
    ['emails co "@work"', [ada]],
    ['emails[type eq "home" and value co "ada"]', [ada]],
    ['emails[type eq "work" and value co "home"]', []],
    ['emails[type eq "work"].value eq "ada@work.org"', [ada]],
    ['emails[type eq "work"].value eq "ada@home.org"', []],
    [`${ENTERPRISE}:department eq "r&d +50% #1"`, [ada]],
    [`${ENTERPRISE}:employeeNumber gt "6"`, [ada]],
    ['userName lt "b"', [ada]],
    ['userName ge "bob@example.com" and userName le "bob@example.com"', [bob]],
    ['userName eq "o\\"brien\\\\x@example.com"', [brien]],
    ['nickName eq "łódź 🙂"', [brien]],
    ['meta.lastModified ge "2026-06-01T14:00:00+02:00"', [ada, bob, brien]],
    ['meta.created gt "2026-06-01T12:00:00Z"', []],
    ['meta.resourceType eq "User" and id pr', [ada, bob, brien]],
  ])('%s', async (filter, expected) => {
    const { status, body } = await target.search('/Users', filter);
    expect(status).toBe(200);
    expect(body.Resources.map((one) => one['userName'])).toEqual(expected);
    expect(body.totalResults).toBe(expected.length);
  });

  it.each([
    'userName',
    'userName eq',
    'userName eq ada',
    'userName eq "ada',
    'userName is "ada"',
    'shoeSize eq 42',
    'name.nick eq "x"',
    'active gt true',
    'active eq "true"',
    'title co 5',
    'name eq "x"',
    '(userName pr',
    'userName pr)',
    'userName pr and',
    'not userName pr',
    'emails[type eq "work"',
    'name[givenName pr]',
    'emails[type eq "work"].nick eq "x"',
    '',
    `${'('.repeat(60)}userName pr${')'.repeat(60)}`,
  ])('refuses %j: invalidFilter', async (filter) => {
    const { status, body } = await target.search('/Users', filter);
    expect([status, body['scimType']]).toEqual([400, 'invalidFilter']);
  });

  it('answers a filter that nobody meets with an empty list, not with 404', async () => {
    const { status, body } = await target.search('/Users', 'userName eq "nobody"');
    expect(status).toBe(200);
    expect(body).toMatchObject({ totalResults: 0, Resources: [] });
  });

  it('searches by POST what should not stand in an address (§3.4.3)', async () => {
    const { body } = await target.post('/Users/.search', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
      filter: 'userName eq "ada@example.com"',
      attributes: ['userName', 'title'],
    });
    expect(body.Resources).toEqual([
      { schemas: expect.any(Array), id: expect.any(String), userName: ada, title: 'Countess' },
    ]);
  });
});
