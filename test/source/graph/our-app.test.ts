import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TenantControl } from '../../../simulator/graph/index.ts';
import { secret } from '../../../src/model/secret.ts';
import type { Proof } from '../../../src/source/graph/credentials.ts';
import { ourApp } from '../../../src/source/graph/our-app.ts';
import { type Certificate, makeCertificate } from '../../support/certificate.ts';
import { type Graph, openGraph } from '../../support/graph.ts';
import { never } from '../../support/reading.ts';

const clientId = '7f0c2f7e-3a52-4f6e-9a0b-1b2c3d4e5f60';
const redirectUri = 'https://entrain.example/connect/callback';
const verifier = 'v'.repeat(43);
const nonce = 'a nonce of this sign-in';

let graph: Graph;
let certificate: Certificate;
let tenant: TenantControl;
beforeAll(async () => {
  certificate = await makeCertificate();
  const app = { clientId, secret: 'known', certificates: [certificate.pem] };
  graph = await openGraph({ tenants: [{ name: 'Contoso', users: 2, apps: [app] }] });
  tenant = graph.control.tenant();
});
afterEach(() => {
  graph.control.clearFaults();
  graph.control.resetKnobs();
});
afterAll(() => graph.close());

const appWith = (proof: Proof = { kind: 'client_secret', secret: secret('known') }, aheadMs = 0) =>
  ourApp({
    registration: { clientId, cloud: 'custom', proof },
    redirectUri,
    clouds: { custom: { loginUrl: graph.origin, graphUrl: graph.origin } },
    world: { ...graph.clock, now: () => new Date(graph.clock.nowMs() + aheadMs) },
  });

/** What somebody comes back with who follows the address. */
const code = async (app = appWith()): Promise<string> => {
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const url = app.signInUrl({ tenant: tenant.tenantId, state: 's', nonce, challenge });
  const { headers } = await fetch(url, { redirect: 'manual' });
  return new URL(headers.get('location') ?? '').searchParams.get('code') ?? '';
};
const given = async (changes: object = {}) => ({
  tenant: tenant.tenantId,
  code: await code(),
  verifier,
  nonce,
  ...changes,
});

describe('whoever signed in', () => {
  it('is told by tenant, and by whether they are an administrator', async () => {
    expect(await appWith().signedIn(await given(), never)).toEqual({
      tenantId: tenant.tenantId,
      personId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      isAdministrator: true,
    });
    graph.control.setKnobs({ signedInAs: 'user' });
    expect(await appWith().signedIn(await given(), never)).toMatchObject({ isAdministrator: false });
    graph.control.setKnobs({ rolesInIdTokens: false });
    expect(await appWith().signedIn(await given(), never)).toMatchObject({ isAdministrator: null });
  });

  it('is asked of the login with a certificate as well', async () => {
    const proof: Proof = { kind: 'certificate', pem: secret(certificate.pem + certificate.keyPem) };
    expect(await appWith(proof).signedIn(await given(), never)).toMatchObject({ tenantId: tenant.tenantId });
    const other = await makeCertificate();
    const unknown: Proof = { kind: 'certificate', pem: secret(other.pem + other.keyPem) };
    await expect(appWith(unknown).signedIn(await given(), never)).rejects.toMatchObject({
      code: 'AADSTS700027',
      mend: { owner: 'your_team' },
    });
  });

  it.each([
    ['another sign-in', { nonce: 'of another' }, 'WrongIdToken'],
    ['another browser', { verifier: 'w'.repeat(43) }, 'AADSTS501481'],
    ['nobody', { code: 'made-up' }, 'AADSTS54005'],
  ])('is not who comes back with what is of %s', async (_, changes, expected) => {
    await expect(appWith().signedIn(await given(changes), never)).rejects.toMatchObject({ code: expected });
  });

  it('is not who comes back with a token that is over, or with none', async () => {
    await expect(appWith(undefined, 2 * 3_600_000).signedIn(await given(), never)).rejects.toMatchObject({
      code: 'WrongIdToken',
    });
    const asked = await given();
    graph.control.fault({ path: '/oauth2/v2.0/token', fault: { answer: 'empty_list' } });
    await expect(appWith().signedIn(asked, never)).rejects.toMatchObject({ code: 'NoIdToken' });
  });

  it('is not told by a login that fails; nothing of its answer is repeated', async () => {
    for (const fault of [{ answer: 'html' }, { answer: 'reset' }, { answer: 'aadsts', code: 90033 }] as const) {
      const asked = await given();
      graph.control.clearFaults();
      graph.control.fault({ path: '/oauth2/v2.0/token', fault });
      await expect(appWith().signedIn(asked, never)).rejects.toMatchObject({
        name: 'SourceError',
        fault: 'unavailable',
      });
    }
  });
});

describe('the tenant that our token reads', () => {
  it('is told by the token and by the directory, with its name', async () => {
    expect(await appWith().prove(tenant.tenantId, never)).toEqual({ tenantId: tenant.tenantId, name: 'Contoso' });
  });

  it('is told by the token alone where we may not read its name', async () => {
    graph.control.fault({
      path: '/organization',
      fault: { answer: 'error', status: 403, code: 'Authorization_RequestDenied' },
    });
    expect(await appWith().prove(tenant.tenantId, never)).toEqual({ tenantId: tenant.tenantId, name: null });
  });

  it('is not proved when the token is for another than was asked for', async () => {
    // By its domain it is the same tenant, and another name than the one in the token.
    await expect(appWith().prove(tenant.domain, never)).rejects.toMatchObject({
      fault: 'forbidden',
      code: 'AnotherTenant',
    });
  });
});
