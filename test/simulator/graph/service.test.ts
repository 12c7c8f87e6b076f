import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type GraphSimulator, startGraph, type TenantControl } from '../../../simulator/graph/index.ts';
import { tenantVerbs } from '../../../simulator/graph/tenant-verbs.ts';
import { type Answer, connect, type GraphClient } from './client.ts';

let graph: GraphSimulator;
let client: GraphClient;
let tenant: TenantControl;
let nowMs = Date.UTC(2026, 0, 1);

beforeEach(async () => {
  graph = await startGraph({ tenants: [{ users: 60 }], now: () => nowMs });
  client = await connect(graph);
  tenant = graph.control.tenant();
});
afterEach(async () => {
  await client.close();
  await graph.close();
});

const units = (answer: Answer): number => Number(answer.headers.get('x-ms-resource-unit'));

describe('every answer', () => {
  it('carries the ids to quote to support, and says what it is', async () => {
    const { headers, body } = await client.get('/users/nobody', { 'client-request-id': 'mine' });
    expect(headers.get('client-request-id')).toBe('mine');
    expect(headers.get('x-ms-ags-diagnostic')).toContain('ServerInfo');
    expect(headers.get('odata-version')).toBe('4.0');
    expect(headers.get('content-type')).toMatch(/^application\/json;odata\.metadata=minimal/);
    expect(body.error.innerError).toEqual({
      // No zone, although it is UTC.
      date: '2026-01-01T00:00:00',
      'request-id': headers.get('request-id'),
      'client-request-id': 'mine',
    });
  });

  it('is compressed for clients who accept it', async () => {
    const accepted = await client.get('/users', { 'accept-encoding': 'gzip, br' });
    expect(accepted.headers.get('content-encoding')).toBe('gzip');
    expect((await client.get('/users')).body).toEqual(accepted.body);
    expect((await client.get('/users', { 'accept-encoding': 'identity' })).headers.get('content-encoding')).toBeNull();
  });
});

describe('resource units', () => {
  it('are charged by the table: select makes it cheaper, expand dearer, a small page cheaper', async () => {
    const group = tenant.group('Nobody Yet').id;
    expect(units(await client.get('/users'))).toBe(2);
    expect(units(await client.get('/users?$select=id'))).toBe(1);
    expect(units(await client.get('/users?$expand=manager'))).toBe(3);
    expect(units(await client.get(`/groups/${group}/members`))).toBe(3);
    expect(units(await client.get(`/groups/${group}/members?$select=id&$top=5`))).toBe(1);
    expect(units(await client.get(`/groups/${group}/transitiveMembers`))).toBe(5);
    expect(units(await client.get('/users/delta'))).toBe(1);
    expect(units(await client.post('/directoryObjects/getByIds?$select=id', { ids: [group] }))).toBe(4);
  });

  it('never run out where throttling is switched off, also later', async () => {
    graph.control.setKnobs({ throttling: false });
    for (let request = 0; request < 3; request++) {
      expect((await client.get('/users')).status).toBe(200);
      nowMs += 1_000;
    }
  });

  it('run out, are told from 80% on, and come back with time', async () => {
    graph.control.setKnobs({ resourceUnits: 10 });
    const answers: Answer[] = [];
    for (let request = 0; request < 6; request++) answers.push(await client.get('/users'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(answers[3]?.headers.get('x-ms-throttle-limit-percentage')).toBeNull();
    expect(answers[4]?.headers.get('x-ms-throttle-limit-percentage')).toBe('1.00');
    const refused = answers[5];
    expect(refused?.body.error.code).toBe('TooManyRequests');
    expect(refused?.headers.get('retry-after')).toBe('2');
    expect(refused?.headers.get('x-ms-throttle-scope')).toBe(
      `Tenant_Application/ReadWrite/${client.app.clientId}/${tenant.tenantId}`,
    );
    expect(refused?.headers.get('x-ms-throttle-information')).toBe('ResourceUnitLimitExceeded');
    // A request made while throttled counts as well.
    expect((await client.get('/users')).headers.get('retry-after')).toBe('4');
    nowMs += 6_000;
    expect((await client.get('/users')).status).toBe(200);
  });
});

describe('a batch', () => {
  const batch = (requests: unknown): Promise<Answer> => client.post('/$batch', { requests });
  const get = (id: string, url: string, more: object = {}) => ({ id, method: 'GET', url, ...more });

  it('answers each request for itself, in any order, with its own price', async () => {
    const { status, body } = await batch([
      get('a', '/users?$select=id&$top=1'),
      get('b', 'users/nobody'),
      get('c', '/users/$count', { headers: { ConsistencyLevel: 'eventual' } }),
    ]);
    expect(status).toBe(200);
    const inner = (id: string) => body.responses.find((each: { id: string }) => each.id === id);
    expect(inner('a').body.value).toHaveLength(1);
    expect(inner('a').body['@odata.nextLink']).toMatch(new RegExp(`^${graph.origin}/v1.0/users`));
    expect(inner('a').headers['x-ms-resource-unit']).toBe('1');
    expect(inner('b')).toMatchObject({ status: 404, body: { error: { code: 'Request_ResourceNotFound' } } });
    expect(inner('c')).toMatchObject({ status: 200, body: '60' });
  });

  it('is 200 outside while requests inside are throttled, and failed dependencies fail', async () => {
    graph.control.fault({ path: '/groups', fault: { answer: 'throttled', retryAfter: { seconds: 7 } } });
    const { status, body } = await batch([
      get('1', '/groups'),
      get('2', '/users', { dependsOn: ['1'] }),
      get('3', '/users'),
    ]);
    expect(status).toBe(200);
    const shown = body.responses.map((each: { id: string; status: number }) => [each.id, each.status]).sort();
    expect(shown).toEqual([
      ['1', 429],
      ['2', 424],
      ['3', 200],
    ]);
    expect(body.responses.find(({ id }: { id: string }) => id === '1').headers['Retry-After']).toBe('7');
  });

  it.each([
    ['more than 20 requests', Array.from({ length: 21 }, (_, id) => get(String(id), '/users'))],
    ['ids that differ only in case', [get('a', '/users'), get('A', '/users')]],
    ['absolute addresses', [get('a', 'https://graph.microsoft.com/v1.0/users')]],
    ['an unknown dependency', [get('a', '/users', { dependsOn: ['z'] })]],
    ['nothing', []],
    ['no list at all', 'users'],
  ])('is refused for %s', async (_, requests) => {
    expect((await batch(requests)).status).toBe(400);
  });
});

describe('scripted trouble', () => {
  const users = '/users?$select=id&$top=10';

  it('throttles with seconds, with a date, and without a word about when', async () => {
    graph.control.fault({ fault: { answer: 'throttled', retryAfter: { seconds: 17 } } });
    graph.control.fault({ nth: 2, fault: { answer: 'throttled', retryAfter: { date: 30 } } });
    graph.control.fault({ nth: 3, fault: { answer: 'throttled', retryAfter: null } });
    const answers = [await client.get(users), await client.get(users), await client.get(users)];
    expect(answers.map(({ status }) => status)).toEqual([429, 429, 429]);
    const waits = answers.map(({ headers }) => headers.get('retry-after'));
    expect(waits).toEqual(['17', new Date(nowMs + 30_000).toUTCString(), null]);
    expect((await client.get(users)).status).toBe(200);
  });

  it.each([
    ['unavailable', 503, 'serviceNotAvailable'],
    ['gateway_timeout', 504, 'UnknownError'],
    ['gone', 410, 'resyncRequired'],
    ['expired_page', 400, 'Directory_ExpiredPageToken'],
  ] as const)('answers %s as %i %s', async (answer, status, code) => {
    graph.control.fault({ fault: { answer } });
    const { status: seen, body } = await client.get(users);
    expect([seen, body.error.code]).toEqual([status, code]);
  });

  it('answers with HTML, with half a document, and with nobody at all', async () => {
    graph.control.fault({ fault: { answer: 'html' } });
    graph.control.fault({ nth: 2, fault: { answer: 'truncated' } });
    graph.control.fault({ nth: 3, fault: { answer: 'empty_list' } });
    expect(await client.get(users)).toMatchObject({ status: 502, text: expect.stringContaining('<html>') });
    expect(await client.get(users)).toMatchObject({ status: 200, body: null });
    expect(await client.get(users)).toMatchObject({ status: 200, body: { value: [] } });
  });

  it('bends links: none, both, to another host, to itself', async () => {
    const bent = async (fault: Parameters<typeof graph.control.fault>[0]['fault']) => {
      graph.control.fault({ fault });
      return (await client.get(users)).body;
    };
    expect(await bent({ answer: 'no_links' })).not.toHaveProperty('@odata.nextLink');
    const both = await bent({ answer: 'both_links' });
    expect(both['@odata.nextLink']).toBe(both['@odata.deltaLink']);
    const foreign = await bent({ answer: 'foreign_link', origin: 'https://evil.example' });
    expect(foreign['@odata.nextLink']).toMatch(/^https:\/\/evil\.example\/v1\.0\/users\?/);
    const cycle = await bent({ answer: 'self_link' });
    expect(cycle['@odata.nextLink']).toBe(`${graph.origin}/v1.0${users}`);
  });

  it('shows a part of a list, and objects without some of their properties', async () => {
    const whole = (await client.get(users)).body;
    graph.control.fault({ fault: { answer: 'part', share: 0.3 } });
    const part = (await client.get(users)).body;
    expect(part.value).toEqual(whole.value.slice(0, 3));
    expect(Object.keys(part)).toEqual(Object.keys(whole));
    graph.control.fault({ fault: { answer: 'without', properties: ['displayName'] } });
    const [bare] = (await client.get(users)).body.value;
    const { displayName: _, ...rest } = whole.value[0];
    expect(bare).toEqual(rest);
  });

  it('resets connections and drips bodies', async () => {
    graph.control.fault({ fault: { answer: 'reset' } });
    await expect(client.get(users)).rejects.toThrow();
    graph.control.fault({ fault: { answer: 'slow_body', ms: 30 } });
    expect((await client.get(users)).body.value).toHaveLength(10);
    graph.control.fault({ fault: { answer: 'delay', ms: 10 } });
    expect((await client.get(users)).status).toBe(200);
  });

  it('strikes by method, path, tenant, the n-th time and so many times', async () => {
    graph.control.fault({ path: '^/v1.0/groups', method: 'GET', nth: 2, times: 2, fault: { answer: 'unavailable' } });
    graph.control.fault({ tenant: 'another', times: null, fault: { answer: 'html' } });
    expect((await client.get(users)).status).toBe(200);
    const statuses: number[] = [];
    for (let request = 0; request < 4; request++) statuses.push((await client.get('/groups?$top=1')).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect(graph.control.faults()).toMatchObject([{ matched: 4 }, { matched: 0 }]);
  });
});

const callsOfPage = z.array(
  z.strictObject({
    call: z.string(),
    does: z.string().min(5),
    takes: z.string().nullable(),
    example: z.strictObject({ method: z.string(), path: z.string(), body: z.json() }),
  }),
);

describe('the control API over HTTP', () => {
  const control = (method: string, path: string, body?: unknown): Promise<Answer> =>
    client.send(`/control${path}`, { method, ...(body === undefined ? {} : { body }) });
  const at = (path: string): string => `/tenants/${client.tenant.tenantId}${path}`;

  it('does to a tenant what the functions do', async () => {
    const { id } = (await control('POST', at('/hire'), { displayName: 'Ada Lovelace', department: 'Engineering' }))
      .body;
    await control('POST', at('/rename'), { who: id, displayName: 'Ada King' });
    await control('POST', at('/move'), { who: id, department: 'Legal', manager: tenant.users()[0] });
    await control('POST', at('/disable'), { who: id });
    await control('POST', at('/join'), { group: 'Nobody Yet', member: id });
    expect((await control('GET', at(`/users/${id}`))).body).toMatchObject({
      displayName: 'Ada King',
      department: 'Legal',
      manager: tenant.users()[0],
      accountEnabled: false,
    });
    expect((await control('GET', at('/groups/Nobody%20Yet/effective-members'))).body).toEqual([id]);
    await control('POST', at('/soft-delete'), { who: id });
    expect((await control('GET', at('/counts'))).body).toMatchObject({ users: 60, deleted: 1 });
    await control('POST', at('/restore'), { who: id });
    const created = await control('POST', at('/create-group'), { displayName: 'Board', members: [id], unified: true });
    expect(tenant.members('Board')).toEqual([id]);
    await control('POST', at('/delete-group'), { group: created.body.id });
    await control('POST', at('/hard-delete'), { who: id });
    expect(tenant.counts()).toMatchObject({ users: 60, purged: 1, deleted: 1 });
  });

  it('turns knobs, scripts faults, and shows what was asked', async () => {
    expect((await control('POST', '/knobs', { lagMs: 5 })).body).toMatchObject({ lagMs: 5 });
    expect((await control('POST', '/knobs', { lagMs: 'long' })).status).toBe(400);
    expect((await control('POST', '/knobs', { unheardOf: 1 })).status).toBe(400);
    await control('POST', '/faults', { path: '/users', fault: { answer: 'unavailable' } });
    await client.get('/users', { 'client-request-id': 'mine' });
    const { body } = await control('GET', '/requests');
    expect(body.at(-1)).toMatchObject({ method: 'GET', path: '/v1.0/users', status: 503, clientRequestId: 'mine' });
    expect((await control('GET', '/counters')).body).toMatchObject({
      requests: 2,
      tokens: 1,
      toGraph: 1,
      byStatus: { 200: 1, 503: 1 },
    });
    await control('DELETE', '/requests');
    expect((await control('GET', '/requests')).body).toEqual([]);
  });

  it('changes registrations and adds tenants', async () => {
    await control('POST', at('/set-app'), { clientId: client.app.clientId, roles: [] });
    const { access_token } = (await client.login()).body;
    const denied = await client.send('/v1.0/users', { headers: { authorization: `Bearer ${access_token}` } });
    expect(denied.status).toBe(403);
    const added = await control('POST', '/tenants', { users: 5, name: 'Second' });
    expect((await control('GET', '/tenants')).body).toHaveLength(2);
    expect((await control('GET', `/tenants/${added.body.tenantId}/users`)).body).toHaveLength(5);
  });

  it('tells of every call what it does and takes, with an example that works as it stands', async () => {
    const calls = callsOfPage.parse((await control('GET', '')).body);
    const called = calls.map((one) => one.call);
    for (const name of Object.keys(tenantVerbs)) expect(called).toContain(`POST /control/tenants/{tenant}/${name}`);
    for (const { call, takes, example } of calls) {
      expect(takes !== null, call).toBe(call.startsWith('POST'));
      const sent = { method: example.method, ...(example.body === null ? {} : { body: example.body }) };
      const { status, body } = await client.send(example.path, sent);
      expect({ call, status, body }).toMatchObject({ call, status: 200 });
    }
    expect(calls.find(({ call }) => call.endsWith('/move'))?.takes).toBe(
      '{ who: string, department?: string, manager?: string | null, officeLocation?: string, jobTitle?: string }',
    );
  });

  it('says what is wrong', async () => {
    expect((await control('GET', '/nothing')).status).toBe(404);
    expect((await control('POST', at('/disable'), { who: 'nobody' })).body.error).toMatch(
      /has no user or group nobody/,
    );
  });
});
