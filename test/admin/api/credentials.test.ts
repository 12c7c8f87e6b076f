import { X509Certificate } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connectionId } from '../../../src/model/ids.ts';
import { connectedSources } from '../../../src/source/graph/connected.ts';
import type { OurApp } from '../../../src/source/our-app.ts';
import { files, password, thumbprint } from '../../fixtures/pfx.ts';
import { type Certificate, makeCertificate } from '../../support/certificate.ts';
import { hidden, revealed } from '../../support/secrets.ts';
import { appId } from './consent-world.ts';
import {
  addConnection,
  clientId,
  clientSecret,
  type Door,
  newConnection,
  openDoor,
  organization,
  tenantId,
} from './door.ts';
import { emptyTenant } from './tenant.ts';

let door: Door;
let certificate: Certificate;
beforeAll(async () => {
  certificate = await makeCertificate(new Date('2027-06-01T00:00:00.000Z'));
});
beforeEach(async () => {
  door = await openDoor({ config: { workload: { kind: 'file', path: '/var/run/token' } } });
});
afterEach(() => door.close());

const { client_secret: _, ...withoutSecret } = newConnection;
const add = (fields: object) => door.call('POST', '/v1/connections', { body: { ...withoutSecret, ...fields } });
const show = async (id: string) => (await door.call('GET', `/v1/connections/${id}`)).body;
const edit = async (id: string, body: object) => (await door.call('PATCH', `/v1/connections/${id}`, { body })).body;
const stored = async (id: string) => revealed(await door.stores.connections.secrets(connectionId(id)));

describe('a client secret', () => {
  it('may come with the date it ends on', async () => {
    const id = await addConnection(door, { client_secret_ends_at: '2027-03-01' });
    expect(await show(id)).toMatchObject({
      client_id: clientId,
      credentials: { kind: 'client_secret', ends_at: '2027-03-01T00:00:00.000Z', thumbprint: null },
    });
    expect(await edit(id, { client_secret_ends_at: '2027-04-01T12:00:00+02:00' })).toMatchObject({
      credentials: { ends_at: '2027-04-01T10:00:00.000Z' },
    });
  });

  it('in place of another has its own end, which nobody knows unless it is said', async () => {
    const id = await addConnection(door, { client_secret_ends_at: '2027-03-01' });
    expect(await edit(id, { client_secret: 'CANARY~next' })).toMatchObject({ credentials: { ends_at: null } });
    expect(await stored(id)).toEqual({ clientSecret: 'CANARY~next' });
  });
});

describe('a certificate', () => {
  const both = (): string => certificate.pem + certificate.keyPem;

  it('takes the place of a secret; thumbprint and end are read from it', async () => {
    const reply = await add({ certificate: both() });
    const { id } = Object(reply.body);
    expect(reply.body).toMatchObject({
      state: 'active',
      credentials: {
        kind: 'certificate',
        ends_at: '2027-06-01T00:00:00.000Z',
        thumbprint: new X509Certificate(certificate.pem).fingerprint.replaceAll(':', ''),
      },
    });
    expect(await stored(id)).toEqual({ certificate: both() });
    expect(door.said.join('\n')).not.toContain(certificate.keyPem.split('\n')[1]);
  });

  it('may come as a PFX file with its password', async () => {
    const pfx = { pfx: files.modern, password };
    expect((await add({ certificate: pfx })).body).toMatchObject({ credentials: { kind: 'certificate', thumbprint } });
    expect((await add({ certificate: { ...pfx, password: 'CANARY~wrong' } })).body).toMatchObject({
      errors: [{ pointer: '/certificate/pfx', detail: 'does not open with this password' }],
    });
    expect((await add({ certificate: { ...pfx, pfx: 'AAAA' } })).body).toMatchObject({
      errors: [{ pointer: '/certificate/pfx' }],
    });
    expect(door.said.join('\n')).not.toContain('CANARY');
  });

  it('may follow a secret, of the same application', async () => {
    const id = await addConnection(door);
    expect(await edit(id, { certificate: both() })).toMatchObject({
      client_id: clientId,
      credentials: { kind: 'certificate' },
    });
  });

  it('is refused without its key, with the key of another, and once it has ended', async () => {
    const other = await makeCertificate();
    const old = await makeCertificate(new Date('2026-01-01T00:00:00.000Z'));
    for (const pem of [certificate.pem, certificate.keyPem, certificate.pem + other.keyPem, old.pem + old.keyPem, 'x'])
      expect((await add({ certificate: pem })).body).toMatchObject({ errors: [{ pointer: '/certificate' }] });
    expect((await add({ certificate: old.pem + old.keyPem })).body).toMatchObject({
      errors: [{ detail: 'ended on 2026-01-01' }],
    });
  });

  it('is not given together with a secret, nor without an application', async () => {
    expect((await add({ certificate: both(), client_secret: clientSecret })).body).toMatchObject({
      errors: [{ pointer: '/certificate', detail: 'cannot be given together with client_secret' }],
    });
    expect((await add({ certificate: both(), client_id: undefined })).body).toMatchObject({
      errors: [{ pointer: '/client_id' }],
    });
  });
});

describe('the identity of the workload we run as', () => {
  it('takes the place of a secret, and nothing is stored', async () => {
    const reply = await add({ workload_identity: true });
    const { id } = Object(reply.body);
    expect(reply.body).toMatchObject({ state: 'active', credentials: { kind: 'workload_identity', ends_at: null } });
    expect(await stored(id)).toEqual({});
  });

  it('is refused where none is configured', async () => {
    const other = await openDoor();
    const body = { ...withoutSecret, workload_identity: true };
    expect((await other.call('POST', '/v1/connections', { body })).body).toMatchObject({
      errors: [{ pointer: '/workload_identity' }],
    });
    await other.close();
  });
});

describe('confused-deputy: the token of the workload, which is one for all organizations,', () => {
  /** How often it was asked for. */
  let asked: number;
  let other: Door;
  let limited: string;
  const draft = { vendor: 'MS_ENTRA', tenant_id: tenantId, client_id: clientId, workload_identity: true };
  const post = (path: string, body: object, key?: string) =>
    other.call('POST', path, key === undefined ? { body } : { body, key });
  const patch = (id: string, body: object, key: string) => other.call('PATCH', `/v1/connections/${id}`, { body, key });
  const added = async (fields: object, key?: string): Promise<string> =>
    z.looseObject({ id: z.string() }).parse((await post('/v1/connections', { ...draft, ...fields }, key)).body).id;
  const anotherTenant = '1c8b6e2d-6f0e-4d5a-8f38-2f4e1c9d7a11';

  beforeEach(async () => {
    asked = 0;
    const assertion = async (): Promise<string> => {
      asked += 1;
      throw new Error('The platform gave no token.');
    };
    other = await openDoor({
      config: { workload: { kind: 'file', path: '/var/run/token' } },
      room: ({ world }) => {
        const sources = connectedSources({ clouds: { custom: null }, world, app: null, assertion });
        return { connectSource: sources.connect, connectSourceOnce: sources.connectOnce, ourApp };
      },
    });
    const key = { name: 'of contoso', scopes: ['configure', 'sync'], organization_ids: ['contoso'] };
    limited = z.looseObject({ key: z.string() }).parse((await post('/v1/api-keys', key)).body).key;
  });
  afterEach(() => other.close());

  it('is used for no key that is limited to organizations, whatever way it names a tenant', async () => {
    const theirs = { ...draft, organization_id: 'contoso' };
    const bySecret = await added(
      { organization_id: 'contoso', tenant_id: anotherTenant, workload_identity: undefined, client_secret: 'x' },
      limited,
    );
    for (const reply of [
      await post('/v1/connections', theirs, limited),
      await post('/v1/connections/check', draft, limited),
      await patch(bySecret, { workload_identity: true }, limited),
      await patch(bySecret, { tenant_id: tenantId, client_id: clientId, workload_identity: true }, limited),
      await post(`/v1/connections/${bySecret}/credentials/second`, { workload_identity: true }, limited),
    ])
      expect(reply).toMatchObject({
        status: 403,
        body: { code: 'key_is_limited', detail: expect.stringContaining('not limited to organizations') },
      });
    expect(asked).toBe(0);
  });

  it('goes to no other tenant by an edit of such a key, and other edits it may make', async () => {
    const first = await added({ organization_id: 'contoso', tenant_id: anotherTenant });
    const second = await added({
      organization_id: 'contoso',
      tenant_id: anotherTenant,
      workload_identity: undefined,
      client_secret: 'x',
    });
    await post(`/v1/connections/${second}/credentials/second`, { workload_identity: true });
    for (const id of [first, second]) {
      for (const edit of [{ tenant_id: tenantId }, { cloud: 'china' }])
        expect((await patch(id, edit, limited)).body).toMatchObject({ code: 'key_is_limited' });
      expect((await patch(id, { description: 'Ours' }, limited)).status).toBe(200);
    }
  });

  it('goes to no tenant that is read for another organization, whoever asks', async () => {
    const theirs = await added({ organization_id: organization, workload_identity: undefined, client_secret: 'x' });
    await other.stores.connections.noteUse(connectionId(theirs), 1, { directoryId: tenantId });
    const elsewhere = await added({ organization_id: 'contoso', tenant_id: anotherTenant });
    const shouted = tenantId.toUpperCase();
    for (const reply of [
      await post('/v1/connections', { ...draft, organization_id: 'contoso' }),
      await post('/v1/connections', { ...draft, organization_id: 'contoso', tenant_id: shouted }),
      await post('/v1/connections/check', draft),
      await other.call('PATCH', `/v1/connections/${elsewhere}`, { body: { tenant_id: shouted } }),
    ])
      expect(reply).toMatchObject({ status: 409, body: { code: 'tenant_taken' } });
    expect(asked).toBe(0);
    expect((await post('/v1/connections', { ...draft, organization_id: organization })).status).toBe(201);
  });

  it('goes to a tenant by its id alone: a domain is another name of whichever tenant', async () => {
    const body = { ...draft, organization_id: 'contoso', tenant_id: 'victim.example' };
    for (const path of ['/v1/connections', '/v1/connections/check'])
      expect(
        (await post(path, path.endsWith('check') ? { ...body, organization_id: undefined } : body)).body,
      ).toMatchObject({ errors: [{ pointer: '/tenant_id', detail: expect.stringContaining('directory id') }] });
    expect(asked).toBe(0);
  });

  it('proves nothing of the application of this server, nor does any other credential that is given', async () => {
    for (const proof of [{ workload_identity: true }, { workload_identity: undefined, client_secret: 'x' }])
      for (const client_id of [appId, appId.toUpperCase()])
        for (const reply of [
          await post('/v1/connections', { ...draft, ...proof, client_id, organization_id: 'contoso' }),
          await post('/v1/connections/check', { ...draft, ...proof, client_id }),
        ])
          expect(reply.body).toMatchObject({
            errors: [{ pointer: '/client_id', detail: expect.stringContaining('admin consent alone') }],
          });
    expect(asked).toBe(0);
  });
});

describe('a tenant that is named by a domain', () => {
  const domain = 'contoso.example';
  let one: Door;
  beforeEach(async () => {
    one = await openDoor({
      config: { workload: { kind: 'file', path: '/var/run/token' } },
      room: () => ({
        // As the login service has it: each domain leads to one tenant, and the token names that.
        connectSource: ({ tenantId: named }) => ({
          ...emptyTenant(hidden({ clientSecret }), clientSecret),
          check: async () => ({
            ok: true,
            checks: [],
            ...(named === null ? {} : { directoryId: named === domain ? tenantId : named }),
          }),
        }),
      }),
    });
  });
  afterEach(() => one.close());
  const post = (path: string, body: object) => one.call('POST', path, { body });
  const addTo = async (organization_id: string, fields: object): Promise<string> =>
    String(Object((await post('/v1/connections', { ...newConnection, organization_id, ...fields })).body).id);
  const byWorkload = { client_secret: undefined, workload_identity: true };
  const check = async (id: string) => (await post(`/v1/connections/${id}/check`, {})).body;

  it('is known by its id once the connection was checked, and taken from then on', async () => {
    const named = await addTo('contoso', { tenant_id: domain });
    await check(named);
    const refused = await post('/v1/connections', { ...newConnection, ...byWorkload, organization_id: 'acme' });
    expect(refused.body).toMatchObject({ status: 409, code: 'tenant_taken' });
    // Other credentials of the same tenant change nothing of that; another tenant does.
    await one.call('PATCH', `/v1/connections/${named}`, { body: { client_secret: 'CANARY~next' } });
    expect((await post('/v1/connections', { ...newConnection, ...byWorkload })).status).toBe(409);
    await one.call('PATCH', `/v1/connections/${named}`, { body: { tenant_id: 'fabrikam.example' } });
    expect((await post('/v1/connections', { ...newConnection, ...byWorkload })).status).toBe(201);
  });

  it('fails the check of a connection that goes by the workload there, if nobody had looked before', async () => {
    const named = await addTo('contoso', { tenant_id: domain });
    const ours = await addTo('acme', byWorkload);
    expect(await check(ours)).toMatchObject({ ok: true });
    // Whoever has a secret of the tenant has shown that it is theirs.
    expect(await check(named)).toMatchObject({ ok: true });
    expect(await check(ours)).toMatchObject({
      ok: false,
      checks: [{ name: 'Tenant', code: 'tenant_taken', resolution_owner: 'your_team' }],
    });
    expect(one.said.join('')).toContain('tenant.read_twice');
  });
});

it('of two organizations that name a tenant for the workload at the same moment, one gets it', async () => {
  const ask = (organization_id: string) => add({ organization_id, workload_identity: true });
  const replies = await Promise.all([ask('acme'), ask('contoso'), ask('acme'), ask('contoso')]);
  const taken = replies.filter(({ status }) => status === 409);
  expect(taken).toHaveLength(2);
  for (const reply of taken) expect(reply.body).toMatchObject({ code: 'tenant_taken' });
  const owners = replies.flatMap(({ status, body }) => (status === 201 ? [Object(body).organization_id] : []));
  expect(new Set(owners).size).toBe(1);
});

it('a tenant is taken from the moment on that somebody names it, before it is written down', async () => {
  const [written, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const other = await openDoor({
    config: { workload: { kind: 'file', path: '/var/run/token' } },
    room: ({ stores }) => ({
      stores: {
        ...stores,
        connections: {
          ...stores.connections,
          add: async (...given) => {
            written.resolve();
            await answered.promise;
            await stores.connections.add(...given);
          },
        },
      },
    }),
  });
  const ask = (organization_id: string) =>
    other.call('POST', '/v1/connections', { body: { ...withoutSecret, organization_id, workload_identity: true } });
  const first = ask('acme');
  await written.promise;
  const second = ask('contoso');
  const early = await Promise.race([second, first]);
  answered.resolve();
  expect(early.body).toMatchObject({ status: 409, code: 'tenant_taken' });
  expect((await first).status).toBe(201);
  await other.close();
});

/** Asked for nothing but which application it is. */
const ourApp: OurApp = {
  clientId: appId,
  cloud: 'global',
  consentUrl: () => 'https://login.example',
  signInUrl: () => 'https://login.example',
  signedIn: () => Promise.reject(new Error('nobody signs in')),
  prove: () => Promise.reject(new Error('nobody signs in')),
  problemOf: () => ({ code: 'none', message: 'none', owner: 'your_team' }),
};

it('a date is no reason to take a certificate for a secret', async () => {
  const { id } = Object((await add({ certificate: certificate.pem + certificate.keyPem })).body);
  expect(await edit(id, { client_secret_ends_at: '2027-01-01' })).toMatchObject({
    errors: [{ pointer: '/client_secret_ends_at' }],
  });
});

it('a connection needs one of them, and a date is of a secret', async () => {
  expect((await add({})).body).toMatchObject({ errors: [{ pointer: '/client_secret' }] });
  expect((await add({ workload_identity: true, client_secret_ends_at: '2027-01-01' })).body).toMatchObject({
    errors: [{ pointer: '/client_secret_ends_at' }],
  });
  const pending = await door.call('POST', '/v1/connections', {
    body: { vendor: 'MS_ENTRA', organization_id: 'acme', tenant_id: tenantId },
  });
  expect(pending.body).toMatchObject({ state: 'pending', credentials: null });
});

describe('how long credentials hold', () => {
  it('stands with them, in days and by stage', async () => {
    const id = await addConnection(door, { client_secret_ends_at: '2026-11-12' });
    expect(await show(id)).toMatchObject({
      credentials: { days_left: 9, stage: '14_days', in_use: true, second: null },
      health: { status: 'degraded', code: 'credentials_end_soon', resolution_owner: 'customer_it' },
    });
    door.clock.now = new Date('2026-11-13T00:00:00Z');
    expect(await show(id)).toMatchObject({
      credentials: { days_left: 0, stage: 'ended' },
      health: { description: expect.stringContaining('should have ended on 2026-11-12') },
    });
  });

  it('is nobody’s concern as long as the end is far, or not known', async () => {
    for (const fields of [{}, { client_secret_ends_at: '2027-03-01' }]) {
      const shown = await show(await addConnection(door, fields));
      expect(shown).toMatchObject({ credentials: { stage: null }, health: { status: 'waiting' } });
    }
  });
});

describe('a second credential', () => {
  const second = (id: string) => `/v1/connections/${id}/credentials/second`;
  const add = async (id: string, body: object) => (await door.call('POST', second(id), { body })).body;
  const remove = (id: string, place: string) => door.call('DELETE', `/v1/connections/${id}/credentials/${place}`);

  it('stands beside the first, and is shown by no answer', async () => {
    const id = await addConnection(door, { client_secret_ends_at: '2026-11-12' });
    expect(await add(id, { client_secret: 'CANARY~second', client_secret_ends_at: '2027-11-01' })).toMatchObject({
      revision: 2,
      health: { status: 'waiting' },
      credentials: {
        kind: 'client_secret',
        ends_at: '2026-11-12T00:00:00.000Z',
        in_use: true,
        second: { kind: 'client_secret', ends_at: '2027-11-01T00:00:00.000Z', stage: null, in_use: false },
      },
    });
    expect(await stored(id)).toEqual({ clientSecret, 'second.clientSecret': 'CANARY~second' });
    expect(door.said.join('\n')).not.toContain('CANARY~second');
  });

  it('stays when the first is taken away, and is the first from then on', async () => {
    const id = await addConnection(door, { client_secret_ends_at: '2026-11-12' });
    await add(id, { certificate: certificate.pem + certificate.keyPem });
    expect((await remove(id, 'first')).body).toMatchObject({
      client_id: clientId,
      credentials: { kind: 'certificate', in_use: true, second: null },
    });
    expect(await stored(id)).toEqual({ certificate: certificate.pem + certificate.keyPem });
  });

  it('may be taken away itself; the last one may not', async () => {
    const id = await addConnection(door);
    await add(id, { client_secret: 'CANARY~second' });
    expect((await remove(id, 'second')).body).toMatchObject({ credentials: { kind: 'client_secret', second: null } });
    expect(await stored(id)).toEqual({ clientSecret });
    for (const place of ['first', 'second'])
      expect(await remove(id, place)).toMatchObject({ status: 409, body: { code: 'last_credential' } });
    expect((await remove(id, 'third')).status).toBe(404);
  });

  it('takes the place of the second there was, whatever that was', async () => {
    const id = await addConnection(door);
    await add(id, { certificate: certificate.pem + certificate.keyPem });
    await add(id, { workload_identity: true });
    expect(await show(id)).toMatchObject({ credentials: { second: { kind: 'workload_identity', ends_at: null } } });
    expect(await stored(id)).toEqual({ clientSecret });
  });

  it('lets go of a connection that is held back', async () => {
    const id = await addConnection(door);
    const problem = { code: 'AADSTS7000222', message: 'expired', owner: 'customer_it' } as const;
    await door.stores.connections.hold(connectionId(id), problem);
    expect(await add(id, { client_secret: 'CANARY~second' })).toMatchObject({ state: 'active' });
  });

  it('goes with the application it is of, and stays when the first is replaced', async () => {
    const id = await addConnection(door);
    await add(id, { client_secret: 'CANARY~second' });
    await edit(id, { client_secret: 'CANARY~third' });
    expect(await stored(id)).toEqual({ clientSecret: 'CANARY~third', 'second.clientSecret': 'CANARY~second' });
    await edit(id, { client_id: tenantId, client_secret: 'CANARY~other' });
    expect(await show(id)).toMatchObject({ client_id: tenantId, credentials: { second: null } });
    expect(await stored(id)).toEqual({ clientSecret: 'CANARY~other' });
  });

  it('is refused where there is no first one, without any proof, with two, and at another revision', async () => {
    const pending = { vendor: 'MS_ENTRA', organization_id: 'acme', tenant_id: tenantId };
    const { id: without } = Object((await door.call('POST', '/v1/connections', { body: pending })).body);
    expect(await add(without, { client_secret: 'x' })).toMatchObject({ code: 'credentials_missing' });
    const id = await addConnection(door);
    expect(await add(id, {})).toMatchObject({ errors: [{ pointer: '/client_secret' }] });
    expect(await add(id, { client_secret: 'x', workload_identity: true })).toMatchObject({
      errors: [{ pointer: '/workload_identity' }],
    });
    expect(await add(id, { certificate: 'x' })).toMatchObject({ errors: [{ pointer: '/certificate' }] });
    const late = await door.call('POST', second(id), { body: { client_secret: 'x' }, headers: { 'if-match': '"7"' } });
    expect(late.status).toBe(412);
  });
});
