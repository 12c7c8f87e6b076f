import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, GROUP, startClient, USER, user } from './client.ts';

describe('the control door', () => {
  let target: Client;
  beforeAll(async () => {
    target = await startClient();
  });
  beforeEach(() => {
    target.control.clearAccounts();
    target.control.clearRequests();
  });
  afterAll(() => target.close());

  const ask = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${target.origin}/control${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };

  it('lists its calls, and each of them is one', async () => {
    const { status, body } = await ask('GET', '');
    expect(status).toBe(200);
    const calls = Object.keys(Object(body));
    expect(calls.length).toBeGreaterThan(10);
    for (const call of calls) {
      const [method = '', path = ''] = call.split(' /control');
      expect((await ask(method, path, method === 'GET' || method === 'DELETE' ? undefined : {})).status, call).not.toBe(
        404,
      );
    }
    expect(await ask('GET', '/nothing')).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('GET /control') },
    });
  });

  it('plants accounts that were there before anybody synchronized, by their own ids if given', async () => {
    const { status, body } = await ask('POST', '/seed', {
      users: [{ id: 'root', userName: 'admin@example.com' }, { userName: 'other@example.com' }],
      groups: [{ id: 'g', displayName: 'Admins', members: [{ value: 'root' }] }],
    });
    expect(status).toBe(200);
    expect(body).toEqual({ users: ['root', expect.any(String)], groups: ['g'] });
    expect((await target.get('/Users/root')).body).toMatchObject({
      userName: 'admin@example.com',
      groups: [{ value: 'g' }],
    });
    expect((await ask('GET', '/state')).body).toMatchObject({ users: 2, groups: 1 });
    expect((await ask('GET', '/accounts')).body).toMatchObject({ groups: [{ members: [{ value: 'root' }] }] });
    expect((await ask('POST', '/seed', { users: [{ userName: 'ADMIN@example.com' }] })).status).toBe(409);
  });

  it('tells what became of the accounts, in whatever words it was asked for and whatever was answered', async () => {
    const before = target.control.effects().at(-1)?.number ?? 0;
    const [ada, bob] = [await target.createUser('ada', { externalId: 'a-1' }), await target.createUser('bob')];
    const team = await target.createGroup('team', ada, bob);
    await target.patch(`/Users/${ada}`, { op: 'replace', path: 'active', value: false });
    await target.patch(`/Users/${ada}`, { op: 'replace', path: 'active', value: false });
    target.control.addFaults([{ answer: { kind: 'status', status: 500, when: 'after' } }]);
    await target.send('PUT', `/Users/${ada}`, { schemas: [USER], userName: 'ada', externalId: 'a-1', title: 'x' });
    await target.send('PUT', `/Groups/${team}`, { schemas: [GROUP], displayName: 'team', members: [{ value: bob }] });
    await target.patch(`/Users/${bob}`, { op: 'add', path: 'title', value: 'x' });
    target.control.addFaults([{ answer: { kind: 'lost' } }]);
    await target.send('DELETE', `/Users/${ada}`);
    await target.send('DELETE', `/Users/${bob}`);
    const seen = target.control.effects(before).map(({ id, what }) => [id, what]);
    expect(seen).toEqual([
      [ada, { kind: 'created' }],
      [bob, { kind: 'created' }],
      [team, { kind: 'created' }],
      [team, { kind: 'joined', members: [ada, bob] }],
      [ada, { kind: 'switched_off' }],
      [ada, { kind: 'switched_on' }],
      [team, { kind: 'left', members: [ada] }],
      [bob, { kind: 'changed' }],
      [bob, { kind: 'deleted' }],
    ]);
    const told = target.control.effects(before);
    expect(told[0]).toMatchObject({ type: 'User', externalId: 'a-1', wrote: { userName: 'ada' } });
    expect(told.map(({ wrote }) => wrote)).toMatchObject([
      {},
      {},
      {},
      {},
      { active: false },
      { title: 'x' },
      {},
      { title: 'x' },
      {},
    ]);
    const all: unknown = (await ask('GET', `/effects?after=${before}`)).body;
    expect(all).toEqual({ effects: target.control.effects(before) });
  });

  it('tells by fingerprint that what nobody manages stayed byte-identical', async () => {
    target.control.seed({
      users: [
        { id: 'a', userName: 'a' },
        { id: 'b', userName: 'b' },
      ],
      groups: [{ id: 'g', displayName: 'G' }],
    });
    const before = target.control.fingerprint(['b']);
    expect(Object.keys(before.resources)).toEqual(['a', 'g']);
    const mine = await target.createUser('mine');
    await target.patch('/Users/b', { op: 'add', path: 'title', value: 'x' });
    expect((await ask('GET', `/fingerprint?exclude=b,${mine}`)).body).toEqual(before);
    await target.patch('/Groups/g', { op: 'add', path: 'members', value: [{ value: mine }] });
    const after = target.control.fingerprint(['b', mine]);
    expect(after.resources['a']).toBe(before.resources['a']);
    expect(after.resources['g']).not.toBe(before.resources['g']);
    expect(after.whole).not.toBe(before.whole);
    await target.patch('/Groups/g', { op: 'remove', path: 'members' });
    expect(target.control.fingerprint(['b', mine]).whole).not.toBe(before.whole);
  });

  it('writes down every request: what, from whom, and how it ended', async () => {
    await target.send('POST', '/Users', user('ada'), { 'user-agent': 'probe/1' });
    await target.get('/Users?count=1');
    await target.get('/Users/nobody');
    const { body } = await ask('GET', '/requests');
    expect(body).toMatchObject({
      requests: [
        {
          number: 1,
          method: 'POST',
          path: '/Users',
          status: 201,
          userAgent: 'probe/1',
          body: { userName: 'ada' },
          bodyDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
        { number: 2, method: 'GET', path: '/Users', query: 'count=1', status: 200, body: null, bodyDigest: null },
        { number: 3, path: '/Users/nobody', status: 404 },
      ],
    });
    expect(target.control.state().counters).toMatchObject({
      requests: 3,
      byRoute: { 'POST /Users': 1, 'GET /Users': 1, 'GET /Users/{id}': 1 },
      byStatus: { '200': 1, '201': 1, '404': 1 },
    });
    await ask('DELETE', '/requests');
    const { requests, byRoute, byStatus } = target.control.state().counters;
    expect({ requests, byRoute, byStatus }).toEqual({ requests: 0, byRoute: {}, byStatus: {} });
  });

  it('keeps only the last requests in full, and counts them all', async () => {
    const small = await startClient({ keptRequests: 3 });
    for (let n = 0; n < 10; n += 1) await small.get(`/Users/${n}`);
    expect(small.control.requests().map(({ path }) => path)).toEqual(['/Users/7', '/Users/8', '/Users/9']);
    expect(small.control.state().counters.requests).toBe(10);
    await small.close();
  });

  it('arms faults and turns knobs from another process', async () => {
    expect((await ask('POST', '/faults', { method: 'GET', answer: { kind: 'status', status: 503 } })).body).toEqual({
      ids: [expect.any(Number)],
    });
    expect((await target.get('/Users')).status).toBe(503);
    expect((await ask('POST', '/faults', [{ answer: { kind: 'lost' } }, { answer: { kind: 'no_id' } }])).body).toEqual({
      ids: [expect.any(Number), expect.any(Number)],
    });
    expect(target.control.state().faults).toHaveLength(2);
    expect((await ask('GET', '/faults')).body).toMatchObject([{ seen: 0 }, { seen: 0 }]);
    await ask('DELETE', '/faults');
    expect((await ask('GET', '/state')).body).toMatchObject({ faults: [] });
    expect((await ask('PATCH', '/knobs', { personality: 'lossy', latencyMs: 2 })).body).toMatchObject({
      filters: 'ignored',
      latencyMs: 2,
    });
    expect((await ask('GET', '/knobs')).body).toMatchObject({ filters: 'ignored' });
    expect((await ask('PATCH', '/knobs', { personality: 'strict' })).body).toMatchObject({
      filters: 'honoured',
      latencyMs: 0,
    });
  });

  it('refuses what it does not understand', async () => {
    expect((await ask('PATCH', '/knobs', { colour: 'red' })).status).toBe(400);
    expect((await ask('POST', '/faults', { answer: { kind: 'earthquake' } })).status).toBe(400);
    expect((await ask('POST', '/faults', { path: '(', answer: { kind: 'lost' } })).status).toBe(400);
    expect((await ask('POST', '/seed', { users: [{ userName: 7 }] })).status).toBe(400);
    expect((await ask('GET', '/nothing')).status).toBe(404);
  });

  it('removes every account', async () => {
    await target.createUser('ada');
    await ask('DELETE', '/accounts');
    expect(target.control.accounts()).toEqual({ users: [], groups: [] });
    expect((await target.post('/Users', user('ada'))).status).toBe(201);
  });

  it('ends requests that were left hanging when it closes', async () => {
    const other = await startClient();
    other.control.addFaults([{ answer: { kind: 'hang' } }]);
    const asked = expect(other.get('/Users')).rejects.toThrow('fetch failed');
    await expect.poll(() => other.control.state().counters.inFlight).toBe(1);
    await other.close();
    await asked;
  });
});
