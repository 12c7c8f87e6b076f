/** Habits of real targets, scripted one by one. */

import { once } from 'node:events';
import { createServer } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { localAuthority } from '../../../simulator/tls.ts';
import { operationKey, remoteId, sourceId } from '../../../src/model/ids.ts';
import type { Operation } from '../../../src/model/operation.ts';
import { type Attributes, group, user } from '../../../src/model/source-object.ts';
import type { JsonObject } from '../../../src/model/target-record.ts';
import { scim } from '../../../src/target/scim/index.ts';
import type { Target } from '../../../src/target/target.ts';
import { type TestWorld, testWorld } from '../world.ts';
import { type Received, type Reply, type ScriptedServer, startScripted } from './scripted-server.ts';

const signal = new AbortController().signal;
const ada = user(sourceId('00000000-0000-4000-8000-000000000001'));
const staff = group(sourceId('00000000-0000-4000-8000-000000000002'));

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close();
});

const before = async (
  answer: (request: Received) => Reply | null,
  settings: JsonObject = {},
  described: Readonly<Record<string, JsonObject>> = {},
  linked: readonly string[] = [],
): Promise<{ target: Target; server: ScriptedServer; world: TestWorld }> => {
  const world = { ...testWorld(), witnesses: async () => linked.map(remoteId) };
  const server = await startScripted(answer, described);
  const target = scim.parse({ base_url: server.baseUrl, token: 'a-token', ...settings }).connect(world);
  opened.push(server, target);
  return { target, server, world };
};

const ok = (body: JsonObject | string): Reply => ({ status: 200, body });
const update = (attributes: Attributes, before: Attributes): Operation => ({
  key: operationKey('u'),
  ref: ada,
  action: 'update',
  remoteId: remoteId('7'),
  attributes,
  before,
});
const createAda: Operation = {
  key: operationKey('c'),
  ref: ada,
  action: 'create',
  attributes: { externalId: ada.id, userName: 'ada@example.com' },
};
const membership = (action: 'add_members' | 'remove_members', ...ids: string[]): Operation => ({
  key: operationKey('m'),
  ref: staff,
  action,
  remoteId: remoteId('g'),
  members: ids.map((id) => ({ ref: ada, remoteId: remoteId(id) })),
});
const sent = ({ received }: ScriptedServer): readonly string[] =>
  received.map(({ method, path }) => `${method} ${path}`);

describe('a success whose answer shows the old value', () => {
  it('is looked at once more, and not believed when nothing changed', async () => {
    const { target, server } = await before(() => ok({ id: '7', title: 'Analyst' }));
    const operation = update({ title: 'Countess' }, { title: 'Analyst' });
    await expect(target.apply(operation, signal)).rejects.toMatchObject({ fault: 'rejected', code: 'not_applied' });
    expect(sent(server)).toEqual(['PATCH /Users/7', 'GET /Users/7']);
  });

  it('is believed when the second look shows the new one', async () => {
    const { target } = await before(({ method }) => ok({ id: '7', title: method === 'GET' ? 'Countess' : 'Analyst' }));
    await target.apply(update({ title: 'Countess' }, { title: 'Analyst' }), signal);
  });

  it('is not held against a target that only writes the value in its own way', async () => {
    const { target, server } = await before(() => ok({ id: '7', userName: 'ada@example.com', title: 'countess ' }));
    await target.apply(
      update({ userName: 'Ada@Example.com', title: 'Countess' }, { userName: 'a', title: null }),
      signal,
    );
    expect(sent(server)).toEqual(['PATCH /Users/7']);
  });

  it('is not held against a target that makes something else of the value', async () => {
    const { target, server } = await before(() => ok({ id: '7', phoneNumbers: [{ type: 'work', value: '+442012' }] }));
    const phone = 'phoneNumbers[type eq "work"].value';
    await target.apply(update({ [phone]: '+44 (20) 12' }, { [phone]: '+44 (20) 11' }), signal);
    expect(sent(server)).toEqual(['PATCH /Users/7']);
  });

  it('is noticed for members too, as long as the target shows any', async () => {
    const { target } = await before(() => ok({ id: 'g', members: [{ value: '1' }] }));
    await expect(target.apply(membership('add_members', '2'), signal)).rejects.toMatchObject({ code: 'not_applied' });
    await expect(target.apply(membership('remove_members', '1'), signal)).rejects.toMatchObject({
      code: 'not_applied',
    });
    await target.apply(membership('remove_members', '2'), signal);
  });

  it('is noticed in a half answer', async () => {
    const { target } = await before(({ method }) =>
      ok(method === 'GET' ? { id: '7', active: true } : '{"id": "7", "act'),
    );
    const disable: Operation = { key: operationKey('d'), ref: ada, action: 'disable', remoteId: remoteId('7') };
    await expect(target.apply(disable, signal)).rejects.toMatchObject({ code: 'not_applied' });
  });
});

describe('a create', () => {
  it('takes the id from Location when the body does not say', async () => {
    const { target } = await before(() => ({
      status: 201,
      headers: { location: 'https://elsewhere.example.com/v2/Users/a%2F7' },
    }));
    expect(await target.apply(createAda, signal)).toEqual({ remoteId: 'a/7' });
  });

  it('takes a number for an id', async () => {
    const { target } = await before(() => ({ status: 201, body: { id: 7 } }));
    expect(await target.apply(createAda, signal)).toEqual({ remoteId: '7' });
  });

  it.each([
    [201, ''],
    [201, '<html>Welcome</html>'],
    [202, ''],
  ])('stays open after %d with %j when nobody is found', async (status, body) => {
    const { target } = await before(({ method }) => (method === 'POST' ? { status, body } : ok({ totalResults: 0 })));
    await expect(target.apply(createAda, signal)).rejects.toMatchObject({ fault: 'unknown' });
  });

  it('is refused as not applied when the target hands us somebody else', async () => {
    const somebody = { id: '9', userName: 'bob@example.com', externalId: 'another' };
    const { target } = await before(({ method }) =>
      method === 'POST' ? { status: 201, body: somebody } : ok(somebody),
    );
    await expect(target.apply(createAda, signal)).rejects.toMatchObject({ fault: 'rejected', code: 'not_applied' });
  });
});

describe('a lookup', () => {
  const find = (target: Target) => target.find('user', 'userName', 'ada', signal);

  it.each([{}, { message: 'ok' }, { totalResults: 3 }, '[]'])('does not take %j for an empty list', async (body) => {
    const { target } = await before(() => ok(body), { max_attempts: 1 });
    await expect(find(target)).rejects.toMatchObject({ fault: 'unavailable', code: 'unreadable_answer' });
  });

  it('follows a cursor nobody asked for, with the question unchanged', async () => {
    const { target, server } = await before(({ path }) =>
      path.includes('cursor=') ? ok({ Resources: [{ id: '2' }] }) : ok({ Resources: [{ id: '1' }], nextCursor: 'n/2' }),
    );
    expect((await find(target)).map((one) => one.remoteId)).toEqual(['1', '2']);
    expect(server.received.at(-1)?.path).toBe('/Users?filter=userName eq "ada"&count=100&cursor=n/2');
  });

  it('goes on after what it received, not after what it asked for', async () => {
    const { target, server } = await before(({ path }) => {
      const start = Number(new URLSearchParams(path.split('?')[1]).get('startIndex'));
      return ok({
        totalResults: 5,
        Resources: [start, start + 1].filter((n) => n <= 5).map((n) => ({ id: String(n) })),
      });
    });
    expect(await find(target)).toHaveLength(5);
    expect(server.received).toHaveLength(3);
  });

  it('ends with an error before a target that sends the same page for ever', async () => {
    const { target } = await before(() => ok({ totalResults: 500, Resources: [{ id: '1' }] }));
    await expect(find(target)).rejects.toMatchObject({ fault: 'rejected', code: 'paging_broken' });
  });

  it('goes on behind an empty page that names another cursor', async () => {
    const pages: Record<string, JsonObject> = {
      first: { Resources: [{ id: '1' }], nextCursor: 'b' },
      b: { totalResults: 2, Resources: [], nextCursor: 'c' },
      c: { totalResults: 2, Resources: [{ id: '2' }] },
    };
    const { target } = await before(({ path }) =>
      ok(pages[new URL(path, 'http://target').searchParams.get('cursor') ?? 'first'] ?? {}),
    );
    expect((await find(target)).map((one) => one.remoteId)).toEqual(['1', '2']);
  });

  it.each([
    ['names its own cursor again', { totalResults: 3, Resources: [], nextCursor: 'b' }],
    ['names no cursor', { totalResults: 3, Resources: [] }],
  ])('does not take an empty page for the end where the target says that there are more: it %s', async (_how, last) => {
    const { target } = await before(({ path }) =>
      ok(path.includes('cursor=') ? last : { totalResults: 3, Resources: [{ id: '1' }], nextCursor: 'b' }),
    );
    await expect(find(target)).rejects.toMatchObject({
      fault: 'rejected',
      code: 'paging_broken',
      message: 'The target says that it found 3, and shows 1.',
    });
  });

  it('nor an empty list of some', async () => {
    const { target } = await before(() => ok({ totalResults: 1, Resources: [] }));
    await expect(find(target)).rejects.toMatchObject({ fault: 'rejected', code: 'paging_broken' });
  });

  it('ends with an error before a target that has no end', async () => {
    let next = 0;
    const { target } = await before(() => {
      next += 1;
      return ok({ totalResults: 1_000_000, Resources: [{ id: String(next) }] });
    });
    await expect(find(target)).rejects.toMatchObject({ fault: 'rejected', code: 'filter_ignored' });
  });

  it('does not swallow what is too large', async () => {
    const { target } = await before(() => ok(`{"Resources": [], "x": "${'x'.repeat(17 * 1024 * 1024)}"}`));
    await expect(find(target)).rejects.toMatchObject({ fault: 'rejected', code: 'unreadable_answer' });
  });

  it('follows no redirect and takes the token nowhere else', async () => {
    const elsewhere = await before(() => ok({ totalResults: 0 }));
    const { target } = await before(() => ({
      status: 302,
      headers: { location: `${elsewhere.server.baseUrl}/Users` },
    }));
    await expect(find(target)).rejects.toMatchObject({ fault: 'unavailable' });
    expect(elsewhere.server.received).toEqual([]);
  });
});

describe('a target that answers PATCH with 404', () => {
  const reply =
    (there: boolean) =>
    ({ method }: Received): Reply =>
      method === 'PATCH' || !there
        ? {
            status: 404,
            body: '<html>Cannot PATCH</html>',
            headers: { 'content-type': method === 'PATCH' ? 'text/html' : 'application/json' },
          }
        : ok({ id: '7', title: 'Analyst' });

  it('has none, when the account is there: it is replaced, from then on without asking', async () => {
    let title = 'Analyst';
    const { target, server } = await before(({ method, ...rest }) => {
      if (method === 'PATCH') return reply(true)({ method, ...rest });
      if (method === 'PUT') title = String(rest.body?.['title']);
      return ok({ id: '7', title });
    });
    await target.apply(update({ title: 'Countess' }, { title: 'Analyst' }), signal);
    await target.apply(update({ title: 'Queen' }, { title: 'Countess' }), signal);
    expect(sent(server)).toEqual([
      'PATCH /Users/7',
      'GET /Users/7',
      'PATCH /Users/7',
      'GET /Users/7',
      'PUT /Users/7',
      'GET /Users/7',
      'PUT /Users/7',
    ]);
  });

  it('has lost the account, when it is not there', async () => {
    const { target } = await before(({ path }) =>
      path.includes('?filter=') ? ok({ totalResults: 0 }) : { status: 404, body: { detail: 'not found' } },
    );
    await expect(target.apply(update({ title: 'Countess' }, {}), signal)).rejects.toMatchObject({ fault: 'gone' });
  });
});

describe('an answer that somebody is not there', () => {
  const scimError = (status: number): Reply => ({
    status,
    body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: String(status) },
  });
  const get = ({ target }: { readonly target: Target }, id: string) => target.get('user', remoteId(id), signal);
  const unproved = { fault: 'unavailable', code: 'all_not_found' };

  it.each([
    ['JSON', { status: 404, body: { message: 'no Route matched with those values' } }],
    ['nothing', { status: 404 }],
    ['plain text', { status: 404, body: 'default backend - 404', headers: { 'content-type': 'text/plain' } }],
    ["SCIM's own error", scimError(404)],
    ['410', { status: 410 }],
  ])('is of a gateway without its route where everything is answered so, in %s', async (_, reply: Reply) => {
    const one = await before(() => reply);
    await expect(get(one, '7')).rejects.toMatchObject(unproved);
    await expect(one.target.find('user', 'userName', 'ada', signal)).rejects.toMatchObject(unproved);
    const checks = (await one.target.check(signal)).checks.filter(({ ok }) => !ok).map(({ name }) => name);
    expect(checks).toEqual(['users']);
  });

  it('is not believed of one of two servers that has no route, while the other one shows the account', async () => {
    let asked = 0;
    const one = await before(({ path }) => {
      if (path.includes('?filter=')) return ok({ totalResults: 0 });
      asked += 1;
      return asked % 2 === 1 ? { status: 404 } : ok({ id: '7' });
    });
    expect(await get(one, '7')).toMatchObject({ remoteId: '7' });
  });

  it.each([
    ['lists, and answers a filter that finds nobody with 404', (path: string) => (/filter=/.test(path) ? null : {})],
    ['finds by a filter, and refuses to list', (path: string) => (/filter=/.test(path) ? {} : null)],
  ])('is believed of a target that %s', async (_, list) => {
    const one = await before(({ path }) => {
      if (!path.includes('?')) return { status: 404 };
      return list(path) === null ? { status: 404 } : ok({ totalResults: 0 });
    });
    expect(await get(one, '7')).toBeNull();
    expect(await one.target.find('user', 'userName', 'ada', signal)).toEqual([]);
  });

  it('is believed of a target that refuses to list in the words of SCIM, as no gateway does', async () => {
    const one = await before(({ path }) =>
      /filter=/.test(path) || !path.includes('?') ? { status: 404 } : scimError(403),
    );
    expect(await get(one, '7')).toBeNull();
  });

  it('is believed of a target that can neither find nor list once it has shown somebody else', async () => {
    const one = await before(({ path }) => (path === '/Users/8' ? ok({ id: '8' }) : { status: 404 }));
    await expect(get(one, '7')).rejects.toMatchObject(unproved);
    await get(one, '8');
    expect(await get(one, '7')).toBeNull();
  });

  it('is believed of a target that can neither find nor list where it shows one of those who are linked', async () => {
    const linked = ['7', '8', '9'];
    const one = await before(({ path }) => (path === '/Users/9' ? ok({ id: '9' }) : { status: 404 }), {}, {}, linked);
    expect(await get(one, '7')).toBeNull();
    expect(await one.target.find('user', 'userName', 'ada', signal)).toEqual([]);
    expect((await one.target.check(signal)).checks.map(({ name }) => name)).not.toContain('users');
    expect(one.server.received.filter(({ path }) => path === '/Users/8')).toHaveLength(1);
  });

  it('is of a gateway without its route where of many who are linked it shows nobody, and few of them are asked for', async () => {
    const linked = Array.from({ length: 200 }, (_, nth) => `linked-${nth}`);
    const one = await before(() => ({ status: 404 }), {}, {}, linked);
    await expect(get(one, '7')).rejects.toMatchObject(unproved);
    expect(new Set(one.server.received.map(({ path }) => path).filter((path) => path.includes('linked-'))).size).toBe(
      10,
    );
  });

  it('about every group is of a target that has none, where it shows its users: a matter of the groups alone', async () => {
    const { target } = await before(({ path }) =>
      path.startsWith('/Users?') ? ok({ totalResults: 0 }) : { status: 404, body: { message: 'not found' } },
    );
    const asked = target.find('group', 'displayName', 'Staff', signal);
    await expect(asked).rejects.toMatchObject({ fault: 'rejected', code: 'groups_not_found' });
    expect(await get({ target }, '7')).toBeNull();
  });
});

describe('replacing an account', () => {
  const versioned = (etag: string, known: boolean) =>
    before(
      ({ method }) =>
        method === 'PUT'
          ? { status: 204 }
          : { ...ok({ id: '7', title: 'Analyst', meta: { version: 'W/"3"' } }), headers: { etag } },
      { update_mode: 'put' },
      { '/ServiceProviderConfig': { etag: { supported: known } } },
    );
  const put = async ({ target, server }: Awaited<ReturnType<typeof versioned>>): Promise<Received | undefined> => {
    await target.apply(update({ title: 'Countess' }, { title: 'Analyst' }), signal);
    return server.received.find(({ method }) => method === 'PUT');
  };

  it('names the version it read, only where versions are what they seem', async () => {
    expect((await put(await versioned('W/"3"', true)))?.headers).toHaveProperty('if-match', 'W/"3"');
    expect((await put(await versioned('W/"web-framework"', true)))?.headers).not.toHaveProperty('if-match');
    expect((await put(await versioned('W/"3"', false)))?.headers).not.toHaveProperty('if-match');
  });

  it('waits for what it wrote a moment ago, and no more where the target never shows what it answered', async () => {
    const { target, server, world } = await before(
      ({ method }) => ok({ id: '7', title: method === 'PUT' ? 'Countess' : 'Analyst' }),
      { update_mode: 'put' },
    );
    const write = async (): Promise<readonly string[]> => {
      const earlier = server.received.length;
      await target.apply(update({ title: 'Countess' }, { title: 'Analyst' }), signal);
      return server.received.slice(earlier).map(({ method }) => method);
    };
    const waited = ['GET', 'GET', 'GET', 'GET', 'PUT'];
    expect([await write(), await write(), await write(), await write(), await write()]).toEqual([
      ['GET', 'PUT'],
      waited,
      waited,
      waited,
      ['GET', 'PUT'],
    ]);
    expect(world.slept.slice(0, 3)).toEqual([1_000, 4_000, 10_000]);
  });

  it("sends back nothing that is the server's own to say", async () => {
    expect((await put(await versioned('W/"3"', true)))?.body).toEqual({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      id: '7',
      title: 'Countess',
    });
  });
});

describe('what a target says of itself', () => {
  const described = (types: JsonObject, config: JsonObject = {}) =>
    before(
      ({ method }) => (method === 'GET' ? ok({ totalResults: 0 }) : { status: 204 }),
      {},
      {
        '/ResourceTypes': types,
        '/ServiceProviderConfig': config,
      },
    );

  it('decides where accounts are, how large a page is, and whether there are groups', async () => {
    const Resources = [{ name: 'User', endpoint: '/People', schema: 'x' }];
    const { target, server } = await described({ Resources }, { filter: { supported: true, maxResults: 5 } });
    expect(target.capabilities.groups).toBe(true);
    await target.find('user', 'userName', 'ada', signal);
    expect(server.received.at(-1)?.path).toBe('/People?filter=userName eq "ada"&startIndex=1&count=5');
    expect(target.capabilities.groups).toBe(false);
  });

  it.each([
    { Resources: 'none', patch: true, filter: [] },
    {
      Resources: [
        { name: 'User', endpoint: '//evil.example.com/Users' },
        { name: 'Group', endpoint: '/../Groups' },
      ],
    },
    { Resources: [7, null], patch: { supported: 'yes' }, filter: { maxResults: 0 } },
  ])('is passed over where it makes no sense: %j', async (nonsense) => {
    const { target, server } = await described(nonsense, nonsense);
    await target.find('user', 'userName', 'ada', signal);
    await target.apply(update({ title: 'Countess' }, {}), signal);
    expect(sent(server)).toEqual(['GET /Users?filter=userName eq "ada"&startIndex=1&count=100', 'PATCH /Users/7']);
    expect(target.capabilities.groups).toBe(true);
  });
});

describe('a target that does not understand value paths', () => {
  const phone = 'phoneNumbers[type eq "work"].value';
  const mail = 'emails[type eq "work"].value';
  const emails = [
    { type: 'home', value: 'home' },
    { type: 'work', value: 'old' },
  ];

  it('gets the whole list instead', async () => {
    const { target, server } = await before(({ method, body }) => {
      if (method === 'GET') return ok({ id: '7', emails });
      return JSON.stringify(body).includes('[type')
        ? { status: 400, body: { scimType: 'invalidPath' } }
        : { status: 204 };
    });
    await target.apply(update({ [mail]: 'new', [phone]: '1' }, { [mail]: 'old', [phone]: '0' }), signal);
    expect(server.received.at(-1)?.body?.['Operations']).toEqual([
      {
        op: 'replace',
        path: 'emails',
        value: [
          { type: 'home', value: 'home' },
          { type: 'work', value: 'new' },
        ],
      },
      { op: 'replace', path: 'phoneNumbers', value: [{ type: 'work', value: '1' }] },
    ]);
  });

  it('that refuses the value whichever way it comes has refused the update', async () => {
    const { target, server } = await before(({ method }) =>
      method === 'GET' ? ok({ id: '7', emails }) : { status: 400, body: { scimType: 'invalidValue' } },
    );
    const operation = update({ [mail]: 'nonsense' }, { [mail]: 'old' });
    await expect(target.apply(operation, signal)).rejects.toMatchObject({ fault: 'rejected', code: 'invalidValue' });
    expect(server.received.map(({ method }) => method)).toEqual(['PATCH', 'GET', 'PATCH']);
  });
});

describe('removing a member who is none', () => {
  it('is done, even where the target calls it an error', async () => {
    const { target } = await before(({ body }) =>
      JSON.stringify(body).includes('stranger') ? { status: 400, body: { scimType: 'noTarget' } } : { status: 204 },
    );
    await target.apply(membership('remove_members', '1', 'stranger', '2'), signal);
  });
});

describe('a target that does not answer', () => {
  it('may have done what it was asked', async () => {
    const { target } = await before(() => null, { timeout_secs: 0.1 });
    await expect(target.apply(createAda, signal)).rejects.toMatchObject({ fault: 'unknown', code: 'timed_out' });
  });

  it('has done nothing when nobody listens', async () => {
    const { target, server } = await before(() => null, { max_attempts: 1 });
    await server.close();
    await expect(target.apply(createAda, signal)).rejects.toMatchObject({
      fault: 'unavailable',
      code: 'connection_refused',
    });
    expect((await target.check(signal)).checks).toMatchObject([
      { name: 'reachable', ok: false, remedy: { code: 'connection_refused', owner: 'your_team' } },
    ]);
  });

  it('has done nothing when it speaks no TLS', async () => {
    const { server } = await before(() => ({ status: 200 }));
    const base_url = server.baseUrl.replace('http:', 'https:');
    const target = scim.parse({ base_url, token: 'a-token', max_attempts: 1 }).connect(testWorld());
    opened.push(target);
    await expect(target.apply(createAda, signal)).rejects.toMatchObject({ fault: 'unavailable', code: 'tls_failed' });
    expect(server.received).toEqual([]);
  });

  it('has done nothing when its certificate is not to be trusted', async () => {
    const { certPem, keyPem } = await localAuthority();
    let requests = 0;
    const server = createServer({ cert: certPem, key: keyPem }, (_request, response) => {
      requests += 1;
      response.end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = z.object({ port: z.number() }).parse(server.address());
    const base_url = `https://localhost:${port}`;
    const target = scim.parse({ base_url, token: 'a-token', max_attempts: 1 }).connect(testWorld());
    opened.push({ close: async () => void server.close() }, target);
    await expect(target.apply(createAda, signal)).rejects.toMatchObject({
      fault: 'unavailable',
      code: 'certificate_not_trusted',
    });
    expect((await target.check(signal)).checks).toMatchObject([
      { ok: false, remedy: { code: 'certificate_not_trusted', owner: 'your_team' } },
    ]);
    expect(requests).toBe(0);
  });

  it('is left when we are asked to stop', async () => {
    const stop = new AbortController();
    const { target } = await before(() => {
      stop.abort(new Error('the run yields'));
      return null;
    });
    await expect(target.apply(createAda, stop.signal)).rejects.toThrow('the run yields');
  });
});

describe('deleting', () => {
  const remove: Operation = { key: operationKey('d'), ref: ada, action: 'delete', remoteId: remoteId('a/7') };

  it.each([200, 202, 204, 404, 410])('is done after %d', async (status) => {
    const { target, server } = await before(({ path }) =>
      path.includes('?filter=') ? ok({ totalResults: 0, Resources: [] }) : { status },
    );
    await target.apply(remove, signal);
    expect(server.received.at(-1)?.path).toBe('/Users/a/7');
  });

  it('is not done because a proxy has a page', async () => {
    const page = { body: '<html>', headers: { 'content-type': 'text/html' } };
    const missing = await before(() => ({ status: 404, ...page }));
    await expect(missing.target.apply(remove, signal)).rejects.toMatchObject({ fault: 'unavailable' });
    const welcome = await before(() => ({ status: 200, ...page }));
    await expect(welcome.target.apply(remove, signal)).rejects.toMatchObject({ fault: 'unknown' });
  });
});
