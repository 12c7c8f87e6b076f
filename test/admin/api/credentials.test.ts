import { X509Certificate } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectionId } from '../../../src/model/ids.ts';
import { files, password, thumbprint } from '../../fixtures/pfx.ts';
import { type Certificate, makeCertificate } from '../../support/certificate.ts';
import { addConnection, clientId, clientSecret, type Door, newConnection, openDoor, tenantId } from './door.ts';

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
const stored = (id: string) => door.stores.connections.secrets(connectionId(id));

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
