import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GraphSimulator, startGraph, type TenantControl } from '../../../simulator/graph/index.ts';
import { connect, type GraphClient } from './client.ts';

const USERS = 250;
const eventual = { ConsistencyLevel: 'eventual' };
let graph: GraphSimulator;
let client: GraphClient;
let tenant: TenantControl;
let limited: GraphClient;

beforeAll(async () => {
  graph = await startGraph({
    tenants: [
      { users: USERS },
      { users: 20, apps: [{ roles: ['GroupMember.Read.All'] }] },
      { users: 0, groups: 0, apps: [{ roles: ['User.Read.All', 'GroupMember.Read.All'] }] },
    ],
  });
  client = await connect(graph);
  limited = await connect(graph, 1);
  tenant = graph.control.tenant();
});
afterAll(async () => {
  await client.close();
  await limited.close();
  await graph.close();
});

const filtered = async (collection: string, filter: string, headers: Record<string, string> = {}, more = '') =>
  client.get(`/${collection}?$select=id,displayName&$top=999&$filter=${encodeURIComponent(filter)}${more}`, headers);
const idsOf = (objects: { id: string }[]): string[] => objects.map(({ id }) => id);
const nth = (place: number): string => tenant.users()[place] ?? '';

describe('a list', () => {
  it('has pages of 100 unless $top says up to 999', async () => {
    const pages = (await client.round('/users?$select=id')).pages.map((page) => page.value.length);
    expect(pages).toEqual([100, 100, 50]);
    expect((await client.get('/users?$top=999')).body.value).toHaveLength(USERS);
    expect((await client.get('/users?$top=1000')).status).toBe(400);
  });

  it('shows eleven properties of a user unless others are selected, and null for what is not set', async () => {
    const { body } = await client.get('/users?$top=1');
    expect(Object.keys(body.value[0]).sort()).toEqual(
      [
        'businessPhones displayName givenName id jobTitle mail mobilePhone officeLocation preferredLanguage surname userPrincipalName',
      ].flatMap((names) => names.split(' ')),
    );
    const selected = await client.get('/users?$top=1&$select=userType,employeeLeaveDateTime');
    expect(selected.status).toBe(403);
    const { value } = (await client.get('/users?$top=1&$select=userType,ageGroup')).body;
    expect(value).toEqual([{ userType: 'Member', ageGroup: null }]);
  });

  it('has 100 objects a page when the manager is expanded', async () => {
    const { body } = await client.get('/users?$top=999&$select=id&$expand=manager($select=id)');
    expect(body.value).toHaveLength(100);
    expect(body.value[9].manager).toEqual({ '@odata.type': '#microsoft.graph.user', id: nth(1) });
    expect(body.value[0]).not.toHaveProperty('manager');
  });

  it('goes on where it was although somebody was deleted and hired in between', async () => {
    const opening = await client.get('/users?$select=id&$top=100');
    const leaver = tenant.hire();
    tenant.softDelete(leaver);
    const rest = await client.round(opening.body['@odata.nextLink']);
    expect(new Set([...idsOf(opening.body.value), ...idsOf(rest.value)])).toEqual(new Set(tenant.users()));
    tenant.hardDelete(leaver);
  });

  it('counts when the query is an advanced one, and not otherwise', async () => {
    const { body } = await client.get('/users?$count=true&$top=5', eventual);
    expect(body['@odata.count']).toBe(USERS);
    expect((await client.get('/users?$count=true&$top=5')).body).not.toHaveProperty('@odata.count');
    const count = await client.get('/users/$count', eventual);
    expect([count.text, count.headers.get('content-type')]).toEqual([String(USERS), 'text/plain']);
    expect((await client.get('/users/$count')).body.error.message).toBe('$count is not currently supported.');
  });

  it('refuses properties that do not exist, and those of another store', async () => {
    expect((await client.get('/users?$select=shoeSize')).body.error.message).toMatch(
      /Could not find a property named 'shoeSize'/,
    );
    expect((await client.get('/users?$select=aboutMe')).status).toBe(501);
    expect((await client.get('/users?$select=extension_a1_badge')).status).toBe(200);
  });
});

describe('a filter', () => {
  it('finds by id, principal name, in, startswith, and by and/or in brackets', async () => {
    const user = tenant.user(nth(3));
    const name = String(user['userPrincipalName']);
    expect(idsOf((await filtered('users', `id eq '${nth(3)}'`)).body.value)).toEqual([nth(3)]);
    expect(idsOf((await filtered('users', `userPrincipalName eq '${name.toUpperCase()}'`)).body.value)).toEqual([
      nth(3),
    ]);
    expect(idsOf((await filtered('users', `id in ('${nth(9)}','${nth(3)}')`)).body.value)).toEqual([nth(3), nth(9)]);
    expect(idsOf((await filtered('users', `startswith(userPrincipalName,'${name.slice(0, -3)}')`)).body.value)).toEqual(
      [nth(3)],
    );
    const some = await filtered(
      'users',
      `(id eq '${nth(3)}' or id eq '${nth(4)}') and displayName ne null`,
      eventual,
      '&$count=true',
    );
    expect(idsOf(some.body.value)).toEqual([nth(3), nth(4)]);
  });

  it('knows quotes, booleans and lists', async () => {
    const oconnor = tenant.hire({ displayName: "Sinéad O'Connor" });
    expect(idsOf((await filtered('users', "displayName eq 'Sinéad O''Connor'")).body.value)).toEqual([oconnor]);
    tenant.hardDelete(oconnor);
    const disabled = (await filtered('users', 'accountEnabled eq false')).body.value;
    expect(disabled.length).toBe(tenant.users().filter((id) => tenant.user(id)['accountEnabled'] === false).length);
    const dynamic = await filtered('groups', "groupTypes/any(c:c eq 'DynamicMembership')");
    expect(dynamic.body.value.length).toBe(15);
  });

  it('needs the header and $count for what is advanced, and refuses nonsense', async () => {
    expect((await filtered('users', "department ne 'Sales'")).body.error.code).toBe('Request_UnsupportedQuery');
    expect((await filtered('users', "department ne 'Sales'", eventual, '&$count=true')).status).toBe(200);
    expect((await filtered('users', "endswith(mail,'x')")).status).toBe(400);
    for (const nonsense of ['displayName', "displayName eq 'x' and", "(displayName eq 'x'", "displayName ~ 'x'"]) {
      expect((await filtered('users', nonsense)).body.error.code).toBe('Request_BadRequest');
    }
  });
});

describe('one user', () => {
  it('is found by id and by principal name, also that of a guest', async () => {
    const guest = tenant
      .users()
      .map(tenant.user)
      .find((user) => user['userType'] === 'Guest');
    const name = String(guest?.['userPrincipalName']);
    expect(name).toMatch(/_.*#EXT#@contoso1\.onmicrosoft\.com$/);
    expect((await client.get(`/users/${encodeURIComponent(name)}?$select=id`)).body.id).toBe(guest?.id);
    expect((await client.get(`/users/${nth(0)}?$select=aboutMe,id`)).body).toMatchObject({ id: nth(0) });
    const missing = await client.get('/users/00000000-0000-4000-8000-000000000000');
    expect([missing.status, missing.body.error.code]).toEqual([404, 'Request_ResourceNotFound']);
  });

  it('has a manager, all the managers above, and groups', async () => {
    expect((await client.get(`/users/${nth(100)}/manager?$select=id`)).body.id).toBe(nth(12));
    expect((await client.get(`/users/${nth(0)}/manager`)).status).toBe(404);
    const { body } = await client.get(`/users/${nth(100)}?$select=id&$expand=manager($levels=max;$select=id)`);
    expect(body.manager.manager.manager.id).toBe(nth(0));
    const groups = await client.round(`/users/${nth(100)}/memberOf?$select=id`);
    expect(idsOf(groups.value)).toEqual(tenant.user(nth(100))['memberOf']);
  });

  it('disappears when deleted softly, into the deleted items', async () => {
    const leaver = tenant.hire({ displayName: 'Short Stay', userPrincipalName: 'short.stay@contoso1.example' });
    expect((await client.get('/users/SHORT.STAY@contoso1.example')).status).toBe(200);
    tenant.softDelete(leaver);
    expect((await client.get(`/users/${leaver}`)).status).toBe(404);
    const { value } = (await client.get('/directory/deletedItems/microsoft.graph.user?$select=id,deletedDateTime'))
      .body;
    expect(value).toEqual([{ id: leaver, deletedDateTime: expect.stringMatching(/Z$/) }]);
    expect((await client.get(`/directory/deletedItems/${leaver}?$select=id`)).body).toMatchObject({ id: leaver });
    expect((await client.get(`/directory/deletedItems/${tenant.users()[0]}`)).status).toBe(404);
    tenant.hardDelete(leaver);
    expect((await client.get(`/directory/deletedItems/${leaver}`)).status).toBe(404);
    expect((await client.get('/directory/deletedItems/microsoft.graph.user')).body.value).toEqual([]);
  });
});

describe('members of a group', () => {
  it('carry their type, and can be cast, counted and referred to', async () => {
    const group = tenant.group('Office Seattle HQ 1').id;
    const { value } = await client.round(`/groups/${group}/members?$select=id,displayName`);
    const kinds = new Set(value.map((member) => member['@odata.type']));
    expect(kinds).toEqual(new Set(['#microsoft.graph.user', '#microsoft.graph.device']));
    const cast = await client.round(`/groups/${group}/members/microsoft.graph.user?$select=id`);
    expect(cast.value).toHaveLength(value.length - 1);
    expect((await client.get(`/groups/${group}/members/$count`, eventual)).text).toBe(String(value.length));
    const references = await client.get(`/groups/${group}/members/$ref`);
    expect(references.body.value[0]['@odata.id']).toContain(`/directoryObjects/${value[0].id}`);
  });

  it('leave out service principals in v1.0, unless the knob is turned', async () => {
    const group = tenant.group('Automation Accounts').id;
    expect((await client.round(`/groups/${group}/members`)).value).toHaveLength(2);
    graph.control.setKnobs({ servicePrincipalsInMembers: true });
    expect((await client.round(`/groups/${group}/members`)).value).toHaveLength(5);
    graph.control.resetKnobs();
  });

  it('are hidden of a hidden membership, as an empty list or a refusal', async () => {
    const group = tenant.group('Executive Circle').id;
    expect(tenant.members(group)).toHaveLength(9);
    expect((await client.round(`/groups/${group}/members`)).value).toEqual([]);
    graph.control.setKnobs({ hiddenMembership: 'denied' });
    expect((await client.get(`/groups/${group}/members`)).status).toBe(403);
    graph.control.resetKnobs();
  });

  it('come with nulls when the app may not read their type', async () => {
    const other = graph.control.tenant(limited.tenant.tenantId);
    const group = other.group('All Employees').id;
    const { value } = await limited.round(`/groups/${group}/members?$select=id,displayName`);
    expect(value[0]).toEqual({ '@odata.type': '#microsoft.graph.user', id: other.users()[0], displayName: null });
    expect((await limited.get('/users')).status).toBe(403);
    expect((await limited.get('/users/delta')).status).toBe(403);
    expect((await limited.get('/organization')).status).toBe(403);
  });

  it('are found through nesting, once each, and in circles', async () => {
    const top = tenant.group('All Divisions').id;
    const inner = tenant.group('Division Research').id;
    tenant.join(inner, top);
    const { value } = await client.round(`/groups/${top}/transitiveMembers?$select=id`);
    const users = value.filter((member) => member['@odata.type'] === '#microsoft.graph.user');
    expect(new Set(idsOf(users))).toEqual(new Set(tenant.effectiveMembers(top)));
    expect(users).toHaveLength(tenant.effectiveMembers('All Employees').length);
    const cast = `/groups/${top}/transitiveMembers/microsoft.graph.user?$select=id&$count=true&$top=999`;
    expect((await client.get(cast)).status).toBe(400);
    expect((await client.get(cast, eventual)).body.value).toHaveLength(users.length);
    tenant.leave(inner, top);
  });
});

describe('questions about several objects', () => {
  it('reads up to 1000 objects by id, of the types asked for', async () => {
    const group = tenant.group('Nobody Yet').id;
    const ids = [nth(1), group, nth(2), '00000000-0000-4000-8000-000000000000'];
    const { body } = await client.post('/directoryObjects/getByIds?$select=id', { ids, types: ['user'] });
    expect(body.value).toEqual([nth(1), nth(2)].map((id) => ({ '@odata.type': '#microsoft.graph.user', id })));
    expect(idsOf((await client.post('/directoryObjects/getByIds', { ids })).body.value)).toHaveLength(3);
    const tooMany = await client.post('/directoryObjects/getByIds', {
      ids: Array.from({ length: 1001 }, () => nth(1)),
    });
    expect(tooMany.status).toBe(400);
  });

  it('checks up to 20 groups, through nesting', async () => {
    const engineer = tenant.members('Department Engineering')[0] ?? '';
    const ids = ['All Divisions', 'Division Research', 'Division Corporate'].map((name) => tenant.group(name).id);
    const checked = await client.post(`/users/${engineer}/checkMemberGroups`, { groupIds: ids });
    expect(checked.body.value).toEqual(ids.slice(0, 2));
    const ofGroup = tenant.group('Department Engineering').id;
    expect((await client.post(`/groups/${ofGroup}/checkMemberObjects`, { ids })).body.value).toEqual(ids.slice(0, 2));
    const many = Array.from({ length: 21 }, () => ids[0]);
    expect((await client.post(`/users/${engineer}/checkMemberGroups`, { groupIds: many })).status).toBe(400);
  });

  it('names all groups somebody is in, through nesting, and hidden ones only to who may read them', async () => {
    const own = graph.control.tenant(graph.tenants[2]?.tenantId);
    const asker = await connect(graph, 2);
    const ada = own.hire({ displayName: 'Ada Above' });
    const inner = own.createGroup({ displayName: 'Inner', members: [ada] });
    const outer = own.createGroup({ displayName: 'Outer', members: [inner], unified: true });
    own.createGroup({ displayName: 'Hidden', members: [ada], unified: true, hidden: true });
    own.createGroup({ displayName: 'Gone', members: [ada] });
    own.deleteGroup('Gone');
    const groupsOf = async (path: string, securityEnabledOnly: boolean) =>
      (await asker.post(`${path}/getMemberGroups`, { securityEnabledOnly })).body.value;
    expect(new Set(await groupsOf(`/users/${ada}`, false))).toEqual(new Set([inner, outer]));
    expect(await groupsOf(`/users/${ada}`, true)).toEqual([inner]);
    expect(await groupsOf(`/groups/${inner}`, false)).toEqual([outer]);
    own.softDelete(ada);
    expect((await asker.post(`/users/${ada}/getMemberGroups`, {})).status).toBe(404);
    await asker.close();
  });

  it('knows the organization, and no other path or method', async () => {
    expect((await client.get('/organization')).body.value[0]).toMatchObject({
      id: tenant.tenantId,
      displayName: 'Contoso 1',
    });
    expect((await client.get(`/organization/${tenant.tenantId}`)).body).toMatchObject({ displayName: 'Contoso 1' });
    expect((await client.get('/organization/someone-elses')).status).toBe(404);
    expect((await client.get('/unicorns')).status).toBe(400);
    expect((await client.post('/users', {})).status).toBe(405);
  });
});
