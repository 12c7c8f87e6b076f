import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionId, runId, sourceId } from '../../../src/model/ids.ts';
import { restless } from '../../support/restless.ts';
import {
  addConnection,
  addTarget,
  clientSecret,
  type Door,
  idOf,
  newConnection,
  openDoor,
  organization,
  pageOf,
  tenantId,
} from './door.ts';
import { commitPeople } from './stores.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.close());

const testGroup = '3F7C2A10-5D1E-4C8A-9B0F-2A6D1C9E4B91';
const show = (id: string) => door.call('GET', `/v1/connections/${id}`);
const edit = (id: string, body: object, headers = {}) => door.call('PATCH', `/v1/connections/${id}`, { body, headers });

describe('adding a connection', () => {
  it('answers with its id, intervals and where to find it, and schedules it', async () => {
    const reply = await door.call('POST', '/v1/connections', { body: newConnection });
    const id = idOf(reply);
    expect(reply.status).toBe(201);
    expect(reply.headers.get('location')).toBe(`/v1/connections/${id}`);
    expect(reply.body).toMatchObject({
      vendor: 'MS_ENTRA',
      organization_id: organization,
      tenant_id: tenantId,
      client_id: newConnection.client_id,
      refresh_interval_secs: 14_400,
      full_sync_interval_secs: 604_800,
      timeout_secs: 1_800,
      shrink_limit: { count: 500, percent: 5, floor: 5 },
      oauth2_authorize_url: null,
      state: 'active',
      health: { status: 'waiting', code: 'not_read_yet', resolution_owner: null },
      scope: 'all',
      revision: 1,
    });
    expect(door.woken).toEqual([`schedule ${id} 14400`]);
    expect((await show(id)).body).toMatchObject({
      id,
      snapshot: { version: 0, users: 0, groups: 0, committed_at: null },
    });
  });

  it('needs only the organization at first; without credentials it waits, and says for what', async () => {
    const reply = await door.call('POST', '/v1/connections', {
      body: { vendor: 'MS_ENTRA', organization_id: 'globex' },
    });
    expect(reply.body).toMatchObject({
      name: 'globex',
      state: 'pending',
      health: { status: 'blocked', code: 'credentials_missing', resolution_owner: 'your_team' },
    });
    expect(door.woken).toEqual([]);
    const id = idOf(reply);
    expect((await door.call('POST', `/v1/connections/${id}/check`)).body).toMatchObject({
      code: 'credentials_missing',
    });
    expect((await edit(id, { state: 'active' })).body).toMatchObject({ status: 409, code: 'credentials_missing' });

    const { vendor: _, organization_id: __, ...credentials } = newConnection;
    expect((await edit(id, credentials)).body).toMatchObject({ state: 'active', health: { status: 'waiting' } });
    expect(door.woken.at(-1)).toBe(`schedule ${id} 14400`);
  });

  it('narrows it to a test group, whatever the case of the id', async () => {
    const id = await addConnection(door, { scope: { group_ids: [testGroup] } });
    expect((await show(id)).body).toMatchObject({ scope: { group_ids: [testGroup.toLowerCase()], nested: false } });
    expect((await door.stores.connections.get(connectionId(id)))?.scope).toEqual({
      kind: 'groups',
      groups: [sourceId(testGroup)],
      nested: false,
    });
  });

  it('holds when the queue is down: what is wanted is stored, and is scheduled later', async () => {
    door.queue.down = true;
    const id = await addConnection(door);
    expect((await show(id)).status).toBe(200);
    expect(door.said.join('')).toContain('"event":"wakeup.failed"');
  });
});

describe('the client secret', () => {
  it('reaches the tenant, and nobody else', async () => {
    const id = await addConnection(door);
    expect((await door.call('POST', `/v1/connections/${id}/check`)).body).toMatchObject({ ok: true });
    await edit(id, { client_secret: 'CANARY~another' });
    expect((await door.call('POST', `/v1/connections/${id}/check`)).body).toMatchObject({ ok: false });
    await edit(id, { client_secret: clientSecret });
    await show(id);
    await door.call('GET', '/v1/connections');
    await door.call('POST', '/v1/connections', {
      body: { ...newConnection, vendor: 'x', client_secret: 'CANARY~refused' },
    });
    expect(door.said.join('\n')).not.toContain('CANARY');
  });

  it('is asked for again with another client id', async () => {
    const id = await addConnection(door);
    const reply = await edit(id, { client_id: '9d1f2c3b-0000-4000-8000-000000000001' });
    expect(reply.body).toMatchObject({ errors: [{ pointer: '/client_secret' }] });
  });
});

describe('editing a connection', () => {
  it('changes what is given and leaves the rest', async () => {
    const id = await addConnection(door, { name: 'Contoso', timeout_secs: 600 });
    const reply = await edit(id, { refresh_interval_secs: 3_600, attributes: { user: ['displayName'] } });
    expect(reply.body).toMatchObject({
      name: 'Contoso',
      timeout_secs: 600,
      refresh_interval_secs: 3_600,
      attributes: { user: ['displayName'], group: expect.arrayContaining(['displayName', 'mail']) },
      revision: 2,
    });
    expect(door.woken.at(-1)).toBe(`schedule ${id} 3600`);
  });

  it('leaves its name as it is, and lets it be described anew', async () => {
    const id = await addConnection(door, { name: 'Contoso', description: 'Their pilot' });
    expect((await edit(id, { name: 'Fabrikam' })).body).toMatchObject({ errors: [{ pointer: '/name' }] });
    expect((await edit(id, { description: 'Everybody' })).body).toMatchObject({
      name: 'Contoso',
      description: 'Everybody',
    });
    expect((await edit(id, { description: null })).body).toMatchObject({ name: 'Contoso', description: null });
  });

  it('says whether the next sync will be a full one', async () => {
    const id = await addConnection(door);
    expect((await edit(id, { description: 'before the first sync' })).body).toMatchObject({ next_sync: 'full' });
    await commitPeople(door.stores, connectionId(id), 3);
    expect((await edit(id, { description: 'after it' })).body).toMatchObject({ next_sync: 'delta' });
    expect((await edit(id, { scope: { group_ids: [testGroup] } })).body).toMatchObject({ next_sync: 'full' });
    expect((await edit(id, { scope: { group_ids: [testGroup.toLowerCase()] } })).body).toMatchObject({
      next_sync: 'delta',
    });
    expect((await edit(id, { attributes: { group: ['displayName'] } })).body).toMatchObject({ next_sync: 'full' });
  });

  it('never moves a connection with people to another tenant, where all of them would be missing', async () => {
    const id = await addConnection(door);
    expect((await edit(id, { tenant_id: 'contoso.example' })).status).toBe(200);
    await commitPeople(door.stores, connectionId(id), 3);
    expect((await edit(id, { tenant_id: 'contoso.example' })).status).toBe(200);
    expect((await edit(id, { tenant_id: tenantId })).body).toMatchObject({
      code: 'tenant_fixed',
      errors: [{ pointer: '/tenant_id' }],
    });
    expect((await edit(id, { cloud: 'china' })).body).toMatchObject({
      code: 'tenant_fixed',
      errors: [{ pointer: '/cloud' }],
    });
  });

  it('with If-Match, refuses when somebody else was faster', async () => {
    const id = await addConnection(door);
    const etag = (await show(id)).headers.get('etag') ?? '';
    const mine = await edit(id, { description: 'mine' }, { 'if-match': etag });
    expect(mine.headers.get('etag')).toBe('"2"');
    expect((await edit(id, { description: 'late' }, { 'if-match': etag })).body).toMatchObject({
      status: 412,
      code: 'stale_revision',
    });
    expect((await show(id)).body).toMatchObject({ description: 'mine' });
  });

  it('without it, loses no edit of many at once', async () => {
    const id = await addConnection(door);
    await Promise.all(
      [{ description: 'Contoso' }, { timeoutSecs: 900 }, { refreshIntervalSecs: 600 }].map((changes) =>
        door.commands.editConnection(connectionId(id), changes),
      ),
    );
    expect((await show(id)).body).toMatchObject({
      description: 'Contoso',
      timeout_secs: 900,
      refresh_interval_secs: 600,
    });
  });

  it('pauses and goes on', async () => {
    const id = await addConnection(door);
    expect((await edit(id, { state: 'paused' })).body).toMatchObject({ state: 'paused', health: { status: 'paused' } });
    expect(door.woken.at(-1)).toBe(`unschedule ${id}`);
    expect((await edit(id, { description: 'still' })).body).toMatchObject({ state: 'paused' });
    const target = await addTarget(door, id);
    expect((await edit(id, { state: 'active' })).body).toMatchObject({ state: 'active' });
    // Runs that waited go on.
    expect(door.woken.slice(-3)).toEqual([`provision ${target} delta`, `sync ${id} delta`, `schedule ${id} 14400`]);
  });
});

describe('a connection that is held back', () => {
  const problem = { code: 'AADSTS7000222', message: 'The client secret has expired.', owner: 'customer_it' } as const;

  it('shows what is wrong and who can mend it, and is let go by new credentials', async () => {
    const id = await addConnection(door);
    await door.stores.connections.hold(connectionId(id), problem);
    expect((await show(id)).body).toMatchObject({
      state: 'quarantined',
      health: {
        status: 'blocked',
        code: 'AADSTS7000222',
        description: problem.message,
        resolution_owner: 'customer_it',
      },
    });
    expect((await edit(id, { description: 'renamed' })).body).toMatchObject({ state: 'quarantined' });
    expect((await edit(id, { client_secret: clientSecret })).body).toMatchObject({
      state: 'active',
      health: { status: 'waiting' },
    });
  });

  it('stays paused when a person paused it', async () => {
    const id = await addConnection(door);
    await edit(id, { state: 'paused' });
    expect((await edit(id, { client_secret: clientSecret })).body).toMatchObject({ state: 'paused' });
  });
});

describe('removing a connection', () => {
  it('stops a run also that is put back while its runs are looked for', async () => {
    const id = await addConnection(door);
    const run = runId(idOf(await door.call('POST', `/v1/connections/${id}/sync`, { body: {} })));
    await restless(door.stores.runs, run, new Date());
    await door.call('DELETE', `/v1/connections/${id}`);
    expect(await door.stores.runs.get(run)).toMatchObject({ cancelRequested: true });
  });

  it('stops its schedule and its runs, and cannot be undone by an edit', async () => {
    const id = await addConnection(door);
    const run = idOf(await door.call('POST', `/v1/connections/${id}/sync`, { body: {} }));
    const reply = await door.call('DELETE', `/v1/connections/${id}`);
    expect(reply).toMatchObject({ status: 202, body: { state: 'deleting' } });
    expect(door.woken.at(-1)).toBe(`unschedule ${id}`);
    expect((await door.call('GET', `/v1/runs/${run}`)).body).toMatchObject({ state: 'canceled' });
    expect((await edit(id, { state: 'active' })).body).toMatchObject({ code: 'connection_deleting' });
    expect((await door.call('POST', `/v1/connections/${id}/sync`, { body: {} })).body).toMatchObject({
      code: 'connection_not_active',
    });
    expect((await door.call('DELETE', `/v1/connections/${id}`)).status).toBe(202);
  });
});

describe('the list', () => {
  it('is paged, each connection once, and narrowed to an organization', async () => {
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push(await addConnection(door, { organization_id: n % 2 ? 'globex' : 'acme' }));
    const seen: unknown[] = [];
    let path = '/v1/connections?limit=2';
    for (let next: string | null = path; next !== null; ) {
      const { data, next_cursor } = pageOf(await door.call('GET', next));
      expect(data.length).toBeLessThanOrEqual(2);
      seen.push(...data.map((item) => item['id']));
      next = next_cursor && `${path}&cursor=${next_cursor}`;
    }
    expect(seen).toEqual(ids);

    path = '/v1/connections?organization_id=globex&limit=1';
    const first = pageOf(await door.call('GET', path));
    expect(first.data).toMatchObject([{ id: ids[1] }]);
    const elsewhere = await door.call('GET', `/v1/connections?limit=1&cursor=${first.next_cursor}`);
    expect(elsewhere.body).toMatchObject({ errors: [{ pointer: '/cursor' }] });
  });
});
