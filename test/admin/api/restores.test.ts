import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionId } from '../../../src/model/ids.ts';
import { openDoor } from './door.ts';
import { commitPeople } from './stores.ts';

describe('/v1/restores', () => {
  let door: Awaited<ReturnType<typeof openDoor>>;
  beforeEach(async () => {
    door = await openDoor();
  });
  afterEach(() => door.close());

  const added = async (): Promise<string> => {
    const { body } = await door.call('POST', '/v1/connections', {
      body: {
        vendor: 'MS_ENTRA',
        organization_id: 'org-1',
        tenant_id: '11111111-1111-4111-8111-111111111111',
        client_id: '22222222-2222-4222-8222-222222222222',
        client_secret: 'the-secret-of-this-app',
      },
    });
    return JSON.parse(JSON.stringify(body)).id;
  };

  it('keeps who declared one, and why, and asks for everybody to be read anew', async () => {
    const id = await added();
    await commitPeople(door.stores, connectionId(id), 3);
    const declared = await door.call('POST', '/v1/restores', { body: { reason: 'The disk died.' } });
    expect(declared).toMatchObject({
      status: 201,
      body: { how: 'declared', declared_by: 'product', reason: 'The disk died.', at: door.clock.now.toISOString() },
    });
    expect((await door.call('GET', '/v1/restores')).body).toEqual({ data: [declared.body] });
    expect((await door.call('GET', `/v1/runs?connection_id=${id}`)).body).toMatchObject({
      data: [{ kind: 'sync', mode: 'full', state: 'queued' }],
    });
    expect((await door.call('GET', `/v1/connections/${id}`)).body).toMatchObject({
      health: { status: 'degraded', code: 'database_restored', resolution_owner: 'your_team' },
      recovery: { since: door.clock.now.toISOString(), waits_for: 'full_sync' },
    });
  });

  it('has a connection wait, too, that was never read by then: its targets may hold more than is on record', async () => {
    const id = await added();
    await door.call('POST', '/v1/restores', { body: { reason: 'The disk died.' } });
    expect((await door.call('GET', `/v1/connections/${id}`)).body).toMatchObject({
      health: { status: 'degraded', code: 'database_restored' },
      recovery: { waits_for: 'full_sync' },
    });
  });

  it('wants a reason', async () => {
    expect(await door.call('POST', '/v1/restores', { body: {} })).toMatchObject({ status: 400 });
    expect(await door.call('GET', '/v1/restores')).toMatchObject({ body: { data: [] } });
  });
});
