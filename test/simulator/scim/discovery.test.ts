import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, ENTERPRISE, GROUP, startClient, USER } from './client.ts';

describe('what a service provider says about itself', () => {
  let target: Client;
  beforeAll(async () => {
    target = await startClient();
  });
  afterAll(() => target.close());

  it('tells its abilities in ServiceProviderConfig, with the pagination of RFC 9865', async () => {
    const { body, headers } = await target.get('/ServiceProviderConfig');
    expect(headers.get('content-type')).toMatch(/^application\/scim\+json/);
    expect(body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: false },
      filter: { supported: true, maxResults: 200 },
      etag: { supported: true },
      sort: { supported: false },
      pagination: { cursor: false, index: true, defaultPaginationMethod: 'index', maxPageSize: 200 },
      authenticationSchemes: [{ type: 'oauthbearertoken' }],
    });
  });

  it('lists its resource types with their extensions', async () => {
    const { body } = await target.get('/ResourceTypes');
    expect(body.totalResults).toBe(2);
    expect((await target.get('/ResourceTypes/User')).body).toMatchObject({
      endpoint: '/Users',
      schema: USER,
      schemaExtensions: [{ schema: ENTERPRISE, required: false }],
    });
  });

  it('describes every attribute with all its characteristics (RFC 7643 §7)', async () => {
    const { body } = await target.get('/Schemas');
    expect(body.Resources.map(({ id }) => id)).toEqual([USER, ENTERPRISE, GROUP]);
    expect((await target.get(`/Schemas/${USER}`)).body['attributes']).toContainEqual({
      name: 'userName',
      type: 'string',
      description: expect.any(String),
      multiValued: false,
      required: true,
      caseExact: false,
      mutability: 'readWrite',
      returned: 'default',
      uniqueness: 'server',
    });
  });

  it('refuses whoever has no token, with an error body', async () => {
    for (const authorization of ['', 'Bearer wrong', 'Basic c2NpbS10b2tlbg==']) {
      const { status, body, headers } = await target.get('/Users', { authorization });
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe('Bearer');
      expect(body).toMatchObject({ schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '401' });
    }
  });

  it('answers 404 where nothing is, 405 for what cannot be done, 501 for what it does not support', async () => {
    expect((await target.get('/Devices')).status).toBe(404);
    expect((await target.get('/Schemas/urn:none')).status).toBe(404);
    expect((await target.send('PATCH', '/Users', {})).status).toBe(405);
    expect((await target.post('/Bulk', {})).status).toBe(501);
    expect((await fetch(`${target.origin}/elsewhere`)).status).toBe(404);
  });
});
