import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectionId, targetId } from '../../../src/model/ids.ts';
import { everythingIn } from './belongings.ts';
import { addConnection, addTarget, clientId, clientSecret, type Door, openDoor, pageOf, tenantId } from './door.ts';

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.close());

const draft = { vendor: 'MS_ENTRA', tenant_id: tenantId, client_id: clientId, client_secret: clientSecret };
const check = (body: object) => door.call('POST', '/v1/connections/check', { body });

describe('a check before a connection is added', () => {
  it('tells what came of each call, and keeps nothing', async () => {
    expect((await check(draft)).body).toEqual({
      ok: true,
      checks: [
        {
          name: 'token',
          ok: true,
          state: 'passed',
          detail: 'The secret is accepted.',
          permission: null,
          code: null,
          resolution_owner: null,
          to_do: null,
          link: null,
        },
      ],
    });
    expect(pageOf(await door.call('GET', '/v1/connections')).data).toEqual([]);
    expect(door.woken).toEqual([]);
    expect(door.said.join('\n')).not.toContain('CANARY');
  });

  it('that fails says who must act, and what they do', async () => {
    expect((await check({ ...draft, client_secret: 'CANARY~wrong' })).body).toMatchObject({
      ok: false,
      checks: [
        { state: 'failed', code: 'AADSTS7000215', resolution_owner: 'customer_it', to_do: 'Send another.', link: null },
      ],
    });
    expect(door.said.join('\n')).not.toContain('CANARY');
  });

  it.each([
    ['/client_secret', { client_secret: undefined }],
    ['/client_secret', { client_secret: clientId }],
    ['/tenant_id', { tenant_id: undefined }],
    ['/name', { name: 'Contoso' }],
    ['/cloud', { cloud: 'custom' }],
  ])('names %s when it cannot be accepted', async (pointer, fields) => {
    expect((await check({ ...draft, ...fields })).body).toMatchObject({
      code: 'invalid_request',
      errors: [{ in: 'body', pointer }],
    });
  });

  it('has an address of its own, which is no id', async () => {
    expect((await door.call('GET', '/v1/connections/check')).body).toMatchObject({ code: 'method_not_allowed' });
  });
});

describe('a check before a target is added', () => {
  const draft = { kind: 'note', settings: { url: 'https://notes.example', token: 'CANARY~token' } };
  const check = (body: object) => door.call('POST', '/v1/targets/check', { body });

  it('is that of a stored one, and keeps and tells nothing of what was given', async () => {
    const before = await everythingIn(door);
    const reply = await check(draft);
    expect(reply).toMatchObject({
      status: 200,
      body: { ok: true, checks: [{ name: 'reachable', ok: true, state: 'passed' }] },
    });
    expect(await everythingIn(door)).toBe(before);
    expect(JSON.stringify((await door.stores.audit.list({}, null, 10)).items)).not.toMatch(/CANARY|notes\.example/);
    expect(JSON.stringify(reply.body) + door.said.join('\n')).not.toContain('CANARY');
    const target = await addTarget(door, await addConnection(door), draft);
    expect((await door.call('POST', `/v1/targets/${target}/check`)).body).toEqual(reply.body);
  });

  it('that fails says who must act, and what they do', async () => {
    const settings = { ...draft.settings, url: 'https://notes.example/broken' };
    expect(await check({ ...draft, settings })).toMatchObject({
      status: 200,
      body: { ok: false, checks: [{ state: 'failed', code: 'connection_refused', resolution_owner: 'your_team' }] },
    });
  });

  it.each([
    ['/kind', { kind: 'unheard_of' }],
    ['/settings/token', { settings: { url: draft.settings.url } }],
    ['/settings/url', { settings: { ...draft.settings, url: 'http://notes.example' } }],
    ['/settings/url', { settings: { ...draft.settings, url: 'https://169.254.169.254/latest' } }],
    ['/settings/url', { settings: { ...draft.settings, url: 'https://[::1]/scim' } }],
    ['/name', { name: 'Helpdesk' }],
  ])('calls nobody, and names %s, when it cannot be accepted', async (pointer, fields) => {
    const connected: string[] = [];
    const other = await openDoor({
      room: ({ connectTarget }) => ({
        connectTarget: (...asked) => {
          connected.push(asked[0].kind);
          return connectTarget(...asked);
        },
      }),
    });
    try {
      const reply = await other.call('POST', '/v1/targets/check', { body: { ...draft, ...fields } });
      expect(reply.body).toMatchObject({ code: 'invalid_request', errors: [{ in: 'body', pointer }] });
      expect(connected).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it('has an address of its own, which is no id', async () => {
    expect((await door.call('GET', '/v1/targets/check')).body).toMatchObject({ code: 'method_not_allowed' });
  });
});

describe('a check of a connection', () => {
  it('checks its targets, too, but for those that are being removed', async () => {
    const connection = await addConnection(door);
    const helpdesk = await addTarget(door, connection, { name: 'Helpdesk' });
    const old = await addTarget(door, connection);
    await door.call('DELETE', `/v1/targets/${old}`);
    expect((await door.call('POST', `/v1/connections/${connection}/check`)).body).toMatchObject({
      ok: true,
      checks: [{ name: 'token', state: 'passed' }],
      targets: [{ target_id: helpdesk, name: 'Helpdesk', ok: true, checks: [{ name: 'reachable', state: 'passed' }] }],
    });
  });

  it('has what is held back and passes probed at once, and what does not at its time', async () => {
    const connection = connectionId(await addConnection(door));
    const well = targetId(await addTarget(door, connection));
    const broken = await addTarget(door, connection, {
      settings: { url: 'https://notes.example/broken', token: 'CANARY~token' },
    });
    const { connections, targets } = door.stores;
    const problem = { code: 'x', message: 'x', owner: 'your_team' } as const;
    const nextProbeAt = new Date('2026-11-03T09:00:00Z');
    const held = { since: door.clock.now, probes: 9, nextProbeAt };
    await connections.hold(connection, problem, held);
    for (const id of [well, targetId(broken)]) await targets.hold(id, problem, held);
    await door.call('POST', `/v1/connections/${connection}/check`);
    expect((await connections.get(connection))?.quarantine).toEqual({ ...held, nextProbeAt: door.clock.now });
    expect((await targets.get(well))?.quarantine).toEqual({ ...held, nextProbeAt: door.clock.now });
    expect((await targets.get(targetId(broken)))?.quarantine).toEqual(held);
  });

  it('that fails is remembered in the health of the connection, until one passes or it has other credentials', async () => {
    const connection = await addConnection(door, { client_secret: 'CANARY~wrong' });
    const health = async () => (await door.call('GET', `/v1/connections/${connection}`)).body;
    const check = () => door.call('POST', `/v1/connections/${connection}/check`);
    const failed = {
      status: 'degraded',
      code: 'AADSTS7000215',
      resolution_owner: 'customer_it',
      description: expect.stringContaining('The check of 2026-11-02 09:00 UTC failed'),
    };
    await check();
    expect(await health()).toMatchObject({ state: 'active', health: failed });
    expect(pageOf(await door.call('GET', '/v1/connections')).data).toMatchObject([{ health: failed }]);
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { client_secret: clientSecret } });
    expect(await health()).toMatchObject({ health: { status: 'waiting', code: 'not_read_yet' } });
    const { id, revision } =
      (await door.stores.connections.get(connectionId(connection))) ?? expect.fail('It is gone.');
    await door.stores.connections.noteReading(id, revision, { firstReadAt: door.clock.now });
    await check();
    expect(await health()).toMatchObject({ health: { status: 'healthy' } });
  });

  it('fails as a whole by one target', async () => {
    const connection = await addConnection(door);
    await addTarget(door, connection, { settings: { url: 'https://notes.example/broken', token: 'CANARY~token' } });
    expect((await door.call('POST', `/v1/connections/${connection}/check`)).body).toMatchObject({
      ok: false,
      targets: [
        {
          ok: false,
          checks: [
            {
              state: 'failed',
              code: 'connection_refused',
              resolution_owner: 'your_team',
              to_do: expect.stringContaining('no firewall refuses the way'),
            },
          ],
        },
      ],
    });
  });
});

describe('a check of a connection that somebody has rest', () => {
  it('proves the credentials before it goes on, and lets it rest', async () => {
    const connection = await addConnection(door);
    await door.call('PATCH', `/v1/connections/${connection}`, { body: { state: 'paused' } });
    const { body } = await door.call('POST', `/v1/connections/${connection}/check`);
    expect(body).toMatchObject({ ok: true });
    expect((await door.call('GET', `/v1/connections/${connection}`)).body).toMatchObject({ state: 'paused' });
  });

  it('asks nothing of the tenant of one that is being removed', async () => {
    const connection = await addConnection(door);
    await door.call('DELETE', `/v1/connections/${connection}`);
    const reply = await door.call('POST', `/v1/connections/${connection}/check`);
    expect([reply.status, reply.body]).toMatchObject([409, { code: 'connection_deleting' }]);
    expect(door.checked).toEqual([]);
  });
});
