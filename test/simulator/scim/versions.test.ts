import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, startClient, user } from './client.ts';

describe('versions (RFC 7644 §3.14)', () => {
  let target: Client;
  beforeAll(async () => {
    target = await startClient();
  });
  afterAll(() => target.close());

  it('gives every change a new weak version, the same in header and body', async () => {
    const id = await target.createUser('ada');
    const { headers, body } = await target.patch(`/Users/${id}`, { op: 'add', path: 'title', value: 'x' });
    expect(body.meta.version).toMatch(/^W\/"/);
    expect(headers.get('etag')).toBe(body.meta.version);
    expect(body.meta.version).not.toBe((await target.post('/Users', user('fresh'))).body.meta.version);
  });

  it('refuses PUT, PATCH and DELETE on a version that is not the present one: 412', async () => {
    const id = await target.createUser('bob');
    const { version } = (await target.get(`/Users/${id}`)).body.meta;
    await target.patch(`/Users/${id}`, { op: 'add', path: 'title', value: 'x' });
    const stale = { 'if-match': version };
    expect((await target.send('PUT', `/Users/${id}`, user('bob'), stale)).status).toBe(412);
    expect((await target.send('DELETE', `/Users/${id}`, undefined, stale)).status).toBe(412);
    const present = { 'if-match': (await target.get(`/Users/${id}`)).body.meta.version };
    expect((await target.send('PUT', `/Users/${id}`, user('bob'), present)).status).toBe(200);
    expect((await target.send('DELETE', `/Users/${id}`, undefined, { 'if-match': '*' })).status).toBe(204);
  });

  it('answers 304 to who has the present version already', async () => {
    const id = await target.createUser('eve');
    const { version } = (await target.get(`/Users/${id}`)).body.meta;
    const same = await target.get(`/Users/${id}`, { 'if-none-match': version });
    expect([same.status, same.text]).toEqual([304, '']);
    expect((await target.get(`/Users/${id}`, { 'if-none-match': 'W/"0"' })).status).toBe(200);
  });

  it('may carry an ETag that is no version at all, as frameworks add it', async () => {
    target.control.setKnobs({ versions: 'decorative' });
    const id = await target.createUser('kim');
    const { headers, body } = await target.get(`/Users/${id}`);
    expect(headers.get('etag')).not.toBeNull();
    expect(body.meta).not.toHaveProperty('version');
    expect((await target.send('DELETE', `/Users/${id}`, undefined, { 'if-match': 'W/"0"' })).status).toBe(204);
    expect((await target.get('/ServiceProviderConfig')).body['etag']).toEqual({ supported: false });
  });
});
