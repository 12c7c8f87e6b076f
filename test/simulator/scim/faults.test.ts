import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FaultAnswer, FaultInput } from '../../../simulator/scim/index.ts';
import { type Client, startClient, user } from './client.ts';

describe('faults as data', () => {
  let target: Client;
  beforeAll(async () => {
    target = await startClient({ now: () => new Date('2026-06-01T12:00:00Z') });
  });
  beforeEach(() => {
    target.control.clearAccounts();
    target.control.clearFaults();
    target.control.clearRequests();
  });
  afterAll(() => target.close());

  const strike = (answer: FaultInput['answer'], more: Partial<FaultInput> = {}) =>
    target.control.addFaults([{ ...more, answer }]);
  const users = () => target.control.state().users;

  it.each([429, 500, 502, 503, 504])('answers %i before or after the commit', async (status) => {
    strike({ kind: 'status', status, when: 'before' });
    expect((await target.post('/Users', user('ada'))).status).toBe(status);
    expect(users()).toBe(0);
    strike({ kind: 'status', status, when: 'after' });
    expect((await target.post('/Users', user('ada'))).status).toBe(status);
    expect(users()).toBe(1);
  });

  it('says when to come back in seconds, by date, or not at all', async () => {
    strike({ kind: 'status', status: 429, retryAfter: { seconds: 7 } });
    strike({ kind: 'status', status: 503, retryAfter: { date: 90 } }, { nth: 2 });
    strike({ kind: 'status', status: 429 }, { nth: 3 });
    const waits = [];
    for (let n = 0; n < 3; n += 1) waits.push((await target.get('/Users')).headers.get('retry-after'));
    expect(waits).toEqual(['7', 'Mon, 01 Jun 2026 12:01:30 GMT', null]);
  });

  it('strikes by method, path, turn and number of times', async () => {
    strike({ kind: 'status', status: 500 }, { method: 'get', path: '^/Users/', nth: 2, times: 2 });
    const statuses = [];
    for (let n = 0; n < 5; n += 1) statuses.push((await target.get('/Users/x')).status);
    expect(statuses).toEqual([404, 500, 500, 404, 404]);
    expect((await target.get('/Users')).status).toBe(200);
    expect(target.control.state().faults).toEqual([]);
    strike({ kind: 'status', status: 500 }, { times: 'always' });
    for (let n = 0; n < 5; n += 1) expect((await target.get('/Users')).status).toBe(500);
    target.control.clearFaults();
    expect((await target.get('/Users')).status).toBe(200);
  });

  it('lets a status carry a web page, or nothing', async () => {
    strike({ kind: 'status', status: 502, body: 'html' });
    strike({ kind: 'status', status: 409, scimType: 'uniqueness' }, { nth: 2 });
    strike({ kind: 'status', status: 503, body: 'none' }, { nth: 3 });
    expect((await target.get('/Users')).headers.get('content-type')).toBe('text/html');
    expect((await target.get('/Users')).body['scimType']).toBe('uniqueness');
    expect((await target.get('/Users')).text).toBe('');
  });

  it.each(['before', 'after'] as const)('resets the connection %s the commit', async (when) => {
    strike({ kind: 'reset', when });
    await expect(target.post('/Users', user('ada'))).rejects.toThrow('fetch failed');
    expect(users()).toBe(when === 'after' ? 1 : 0);
    expect(target.control.requests()).toMatchObject([{ method: 'POST', status: null, fault: 'reset' }]);
  });

  it.each(['before', 'after'] as const)('leaves the client waiting, %s the commit', async (when) => {
    strike({ kind: 'hang', when });
    const hanging = new AbortController();
    const asked = fetch(`${target.baseUrl}/Users`, {
      method: 'POST',
      signal: hanging.signal,
      headers: { authorization: `Bearer ${target.token}`, 'content-type': 'application/scim+json' },
      body: JSON.stringify(user('ada')),
    });
    await expect.poll(() => target.control.requests()[0]?.fault).toBe('hang');
    expect(target.control.state().counters.inFlight).toBe(1);
    hanging.abort();
    await expect(asked).rejects.toThrow('aborted');
    await expect.poll(() => target.control.state().counters.inFlight).toBe(0);
    expect(users()).toBe(when === 'after' ? 1 : 0);
  });

  it('breaks the body off: as if it were whole, or with the connection', async () => {
    await target.createUser('ada');
    strike({ kind: 'truncated' });
    const half = await target.get('/Users');
    expect(half.status).toBe(200);
    expect(() => JSON.parse(half.text)).toThrow(SyntaxError);
    strike({ kind: 'truncated', framing: 'cut' });
    await expect(target.get('/Users')).rejects.toThrow('terminated');
  });

  it('answers a web page with 200, as a proxy does', async () => {
    strike({ kind: 'html', when: 'after' });
    const { status, headers } = await target.post('/Users', user('ada'));
    expect([status, headers.get('content-type'), users()]).toEqual([200, 'text/html', 1]);
  });

  it('creates an account and does not say which', async () => {
    strike({ kind: 'no_id' });
    const { status, headers, body } = await target.post('/Users', user('ada'));
    expect([status, headers.get('location'), body['userName'], users()]).toEqual([201, null, 'ada', 1]);
    expect(body).not.toHaveProperty('id');
  });

  it('confirms a write it did not do', async () => {
    const id = await target.createUser('ada', { active: true });
    strike({ kind: 'lost' });
    const { status, body } = await target.patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false });
    expect([status, body['active']]).toEqual([200, false]);
    expect((await target.get(`/Users/${id}`)).body['active']).toBe(true);
    strike({ kind: 'lost' });
    expect((await target.send('DELETE', `/Users/${id}`)).status).toBe(204);
    expect(users()).toBe(1);
  });

  it('lets readers see a write only later', async () => {
    strike({ kind: 'stale', reads: 2 }, { method: 'POST' });
    const { body } = await target.post('/Users', user('ada'));
    expect((await target.get(`/Users/${body.id}`)).status).toBe(404);
    expect((await target.search('/Users', 'userName eq "ada"')).body.totalResults).toBe(0);
    expect((await target.search('/Users', 'userName eq "ada"')).body.totalResults).toBe(1);
    const group = await target.createGroup('Staff', body.id);
    strike({ kind: 'stale' }, { method: 'PATCH' });
    await target.patch(`/Groups/${group}`, { op: 'remove', path: 'members' });
    expect((await target.get(`/Groups/${group}`)).body['members']).toHaveLength(1);
    expect((await target.get(`/Groups/${group}`)).body).not.toHaveProperty('members');
    strike({ kind: 'stale' }, { method: 'DELETE' });
    await target.send('DELETE', `/Users/${body.id}`);
    expect((await target.get(`/Users/${body.id}`)).status).toBe(200);
    expect((await target.get(`/Users/${body.id}`)).status).toBe(404);
  });

  it('leaves no hole in a page where a reader does not see a write yet', async () => {
    target.control.setKnobs({ paging: 'cursor', maxResults: 1 });
    await target.createUser('ada');
    strike({ kind: 'stale', reads: 9 }, { method: 'POST' });
    await target.post('/Users', user('bob'));
    await target.createUser('eve');
    const { body: first } = await target.get('/Users');
    const { body: second } = await target.get(`/Users?cursor=${first['nextCursor']}`);
    target.control.setKnobs({ paging: 'index', maxResults: 200 });
    expect([first, second].map(({ Resources }) => Resources?.[0]?.['userName'])).toEqual(['ada', 'eve']);
    expect([second.totalResults, second['nextCursor']]).toEqual([2, undefined]);
  });

  it('answers slowly, and counts how many were under way at once', async () => {
    strike({ kind: 'slow', latencyMs: 20 }, { times: 3 });
    await Promise.all([1, 2, 3].map(() => target.get('/Users')));
    expect(target.control.state().counters).toMatchObject({ peakInFlight: 3, byRoute: { 'GET /Users': 3 } });
  });

  it('refuses a fault it does not know', () => {
    const unknown: FaultAnswer = JSON.parse('{ "kind": "earthquake" }');
    expect(() => strike(unknown)).toThrow('No matching discriminator');
  });
});
