import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addConnection, type Door, idOf, newConnection, newTarget, openDoor } from './door.ts';

const two = 2;
let door: Door;
beforeEach(async () => {
  door = await openDoor({ config: { ceilings: { connections: two, targets: two, webhooks: two, apiKeys: two } } });
});
afterEach(() => door.close());

/** The tenants are different ones, so that nothing but their number is in the way. */
const connectionOf = (organization_id: string, nth: number): object => ({
  ...newConnection,
  organization_id,
  tenant_id: `0000000${nth}-0000-4000-8000-000000000000`,
});
const post = (path: string, body: object) => door.call('POST', path, { body });

describe('of what somebody makes by calls there is an end:', () => {
  it('connections of an organization, also while one is being removed; another organization has its own', async () => {
    const add = (organization: string, nth: number) => post('/v1/connections', connectionOf(organization, nth));
    const first = idOf(await add('acme', 1));
    expect((await add('acme', 2)).status).toBe(201);
    const refused = { status: 409, body: { code: 'too_many_connections' } };
    const reply = await add('acme', 3);
    expect(reply).toMatchObject(refused);
    expect(JSON.stringify(reply.body)).toContain('at most 2 connections');
    expect(JSON.stringify(reply.body)).toContain('ENTRAIN_MOST_CONNECTIONS');
    await door.call('DELETE', `/v1/connections/${first}`);
    expect(await add('acme', 3)).toMatchObject(refused);
    expect((await add('contoso', 4)).status).toBe(201);
  });

  it('targets of a connection', async () => {
    const targets = `/v1/connections/${await addConnection(door)}/targets`;
    for (let nth = 0; nth < two; nth += 1) expect((await post(targets, newTarget)).status).toBe(201);
    expect(await post(targets, newTarget)).toMatchObject({ status: 409, body: { code: 'too_many_targets' } });
  });

  it('webhooks of an organization', async () => {
    const hook = { organization_id: 'acme', url: 'https://hooks.example/entrain' };
    for (let nth = 0; nth < two; nth += 1) expect((await post('/v1/webhooks', hook)).status).toBe(201);
    expect(await post('/v1/webhooks', hook)).toMatchObject({ status: 409, body: { code: 'too_many_webhooks' } });
  });

  it('keys that are limited to an organization and in force; those without limits are the operator’s', async () => {
    const add = (organization_ids: readonly string[] | null) =>
      post('/v1/api-keys', { name: 'ci', scopes: ['read'], organization_ids });
    const first = idOf(await add(['acme']));
    expect((await add(['contoso', 'acme'])).status).toBe(201);
    for (const organizations of [['acme'], ['fabrikam', 'acme']])
      expect(await add(organizations)).toMatchObject({ status: 409, body: { code: 'too_many_api_keys' } });
    expect((await add(['contoso'])).status).toBe(201);
    expect((await add(null)).status).toBe(201);
    await door.call('DELETE', `/v1/api-keys/${first}`);
    expect((await add(['acme'])).status).toBe(201);
  });

  it('and setup links are no more than connections: the one before is void', async () => {
    const other = await openDoor({ config: { publicUrl: 'https://entrain.example' } });
    const path = `/v1/connections/${await addConnection(other)}/setup-link`;
    const links: unknown[] = [];
    for (let nth = 0; nth < two; nth += 1)
      links.push((await other.call('POST', path, { body: { given_to: 'their IT' } })).body);
    const shown = await other.call('GET', path);
    expect(Object(shown.body).id).toBe(Object(links[1]).id);
    await other.close();
  });
});
