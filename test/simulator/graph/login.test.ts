import { generateKeyPairSync, randomUUID, webcrypto, X509Certificate } from 'node:crypto';
import '../../../simulator/metadata-polyfill.ts';
import { ClientCertificateCredential } from '@azure/identity';
import { X509CertificateGenerator } from '@peculiar/x509';
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GraphSimulator, startGraph, type TenantControl } from '../../../simulator/graph/index.ts';
import { connect, type GraphClient } from './client.ts';

let graph: GraphSimulator;
let client: GraphClient;
let tenant: TenantControl;
let nowMs: number;

beforeEach(async () => {
  nowMs = Date.now();
  graph = await startGraph({ tenants: [{ users: 10, domain: 'contoso.example' }], now: () => nowMs });
  client = await connect(graph);
  tenant = graph.control.tenant();
});
afterEach(async () => {
  await client.close();
  await graph.close();
});

const app = () => {
  const [first] = tenant.apps();
  if (first === undefined) throw new Error('The tenant has no registration.');
  return first;
};

describe('the metadata', () => {
  it('keeps every address on the origin of the simulator, as MSAL demands of an unknown cloud', async () => {
    const { body } = await client.send(`/${tenant.tenantId}/v2.0/.well-known/openid-configuration`);
    expect(body.issuer).toBe(`${graph.origin}/${tenant.tenantId}/v2.0`);
    for (const name of ['token_endpoint', 'authorization_endpoint', 'jwks_uri']) {
      expect(body[name].startsWith(`${graph.origin}/`)).toBe(true);
    }
    const keys = await client.send(body.jwks_uri);
    const token = (await client.login()).body.access_token;
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys.body), { currentDate: new Date(nowMs) });
    expect(payload).toMatchObject({ tid: tenant.tenantId, appid: app().clientId, appidacr: '1', roles: app().roles });
  });
});

describe('a token for client credentials', () => {
  it('takes the secret in the form or as Basic, and the tenant by id or domain', async () => {
    const basic = Buffer.from(`${app().clientId}:${encodeURIComponent(app().secrets[0]?.value ?? '')}`).toString(
      'base64',
    );
    const byHeader = await client.login({ client_secret: undefined, client_id: app().clientId }, 'contoso.example', {
      authorization: `Basic ${basic}`,
    });
    expect(byHeader.body).toMatchObject({ token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599 });
    // A refresh token is never given to an app.
    expect(Object.keys(byHeader.body)).not.toContain('refresh_token');
  });

  it.each([
    ['a wrong secret', { client_secret: 'nonsense' }, 401, 'invalid_client', 7000215],
    ['no proof', { client_secret: undefined }, 401, 'invalid_client', 7000216],
    ['an unknown app', { client_id: randomUUID() }, 400, 'unauthorized_client', 700016],
    [
      'a scope of one permission',
      { scope: 'https://graph.microsoft.com/User.Read.All' },
      400,
      'invalid_scope',
      1002012,
    ],
    [
      'two resources',
      { scope: 'https://graph.microsoft.com/.default https://vault.azure.net/.default' },
      400,
      'invalid_scope',
      70011,
    ],
    ['an unknown resource', { scope: 'https://nowhere.example/.default' }, 400, 'invalid_resource', 500011],
    ['no scope', { scope: undefined }, 400, 'invalid_request', 900144],
    ['no grant type', { grant_type: undefined }, 400, 'invalid_request', 900144],
    ['another grant type', { grant_type: 'password' }, 400, 'unsupported_grant_type', 70003],
    ['a garbled assertion', { client_assertion: 'a.b.c' }, 401, 'invalid_client', 700027],
  ])('is refused for %s', async (_, changes, status, error, code) => {
    const answer = await client.login(changes);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ error, error_codes: [code] });
    expect(answer.body.error_description).toMatch(
      new RegExp(
        `^AADSTS${code}: [^]*\\r\\nTrace ID: [^]*\\r\\nCorrelation ID: [^]*\\r\\nTimestamp: \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ$`,
      ),
    );
  });

  it('is refused for an unknown or impossible tenant, and for the common endpoint', async () => {
    expect((await client.login({}, randomUUID())).body.error_codes).toEqual([90002]);
    expect((await client.login({}, 'not%20a%20tenant')).body.error_codes).toEqual([900023]);
    expect((await client.login({}, 'common')).body.error_codes).toEqual([50194]);
  });

  it('is refused once the secret has ended, the app is disabled or not consented', async () => {
    app().secrets = [{ value: 'short-lived', endsMs: nowMs }];
    expect((await client.login({ client_secret: 'short-lived' })).body.error_codes).toEqual([7000222]);
    app().state = 'disabled';
    expect((await client.login()).body.error_codes).toEqual([7000112]);
    app().state = 'missing';
    expect((await client.login()).body.error_codes).toEqual([7000229]);
  });

  it('can be scripted to fail with any code', async () => {
    graph.control.fault({ path: '/oauth2/v2.0/token', fault: { answer: 'aadsts', code: 90033 } });
    expect(await client.login()).toMatchObject({ status: 503, body: { error_codes: [90033] } });
    expect((await client.login()).status).toBe(200);
  });

  it('is logged under the name that the client gave the request', async () => {
    await client.login({ 'client-request-id': 'by-form', client_secret: 'nonsense' });
    expect(graph.control.requests().at(-1)).toMatchObject({ status: 401, clientRequestId: 'by-form' });
  });
});

describe('a certificate', () => {
  it('proves an app by an RS256 or PS256 assertion that names it by either thumbprint', async () => {
    const { pem, privateKey } = await certificate();
    app().certificates = [pem];
    const print = (hex: string): string => Buffer.from(hex.replaceAll(':', ''), 'hex').toString('base64url');
    const { fingerprint, fingerprint256 } = new X509Certificate(pem);
    const signed = (alg: string, header: object, audience = `${graph.origin}/${tenant.tenantId}/oauth2/v2.0/token`) =>
      new SignJWT({ jti: randomUUID() })
        .setProtectedHeader({ alg, ...header })
        .setIssuer(app().clientId)
        .setSubject(app().clientId)
        .setAudience(audience)
        .setExpirationTime('5m')
        .sign(privateKey);
    const login = async (assertion: Promise<string>) =>
      (await client.login({ client_secret: undefined, client_assertion: await assertion })).status;
    expect(await login(signed('PS256', { 'x5t#S256': print(fingerprint256) }))).toBe(200);
    expect(await login(signed('RS256', { x5t: print(fingerprint) }))).toBe(200);
    expect(await login(signed('RS256', { x5t: 'another' }))).toBe(401);
    expect(await login(signed('RS256', { x5t: print(fingerprint) }, 'https://elsewhere.example'))).toBe(401);
  });

  it('is what @azure/identity sends', async () => {
    const { pem, privatePem } = await certificate();
    app().certificates = [pem];
    const credential = new ClientCertificateCredential(
      tenant.tenantId,
      app().clientId,
      { certificate: `${pem}\n${privatePem}` },
      { authorityHost: graph.origin, disableInstanceDiscovery: true, tlsOptions: { ca: graph.caPem } },
    );
    const { token } = await credential.getToken('https://graph.microsoft.com/.default');
    const { status } = await client.send('/v1.0/users?$top=1', { headers: { authorization: `Bearer ${token}` } });
    expect(status).toBe(200);
  });
});

describe('Graph takes a token', () => {
  const users = async (token: string | null): Promise<[number, string, string]> => {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const { status, body } = await client.send('/v1.0/users', { headers });
    return [status, body.error.code, body.error.message];
  };

  it('only when it is there, whole, signed here and in time', async () => {
    const { access_token: token } = (await client.login()).body;
    expect(await users(null)).toEqual([401, 'InvalidAuthenticationToken', 'Access token is empty.']);
    expect((await users('nonsense'))[2]).toMatch(/^CompactToken parsing failed/);
    expect((await users(`${token.slice(0, -6)}AAAAAA`))[2]).toMatch(/Invalid signature/);
    nowMs += 3_600_000;
    expect(await users(token)).toEqual([
      401,
      'InvalidAuthenticationToken',
      'Access token has expired or is not yet valid.',
    ]);
  });

  it('only while the app is in the tenant', async () => {
    const { access_token: token } = (await client.login()).body;
    app().state = 'missing';
    expect((await users(token))[1]).toBe('Authorization_IdentityNotFound');
  });

  it('without roles, and then denies everything', async () => {
    app().roles = [];
    const { access_token: token } = (await client.login()).body;
    expect((await users(token)).slice(0, 2)).toEqual([403, 'Authorization_RequestDenied']);
  });
});

describe('admin consent', () => {
  it('brings the app into the tenant and leads back with the state', async () => {
    app().state = 'missing';
    const query = `client_id=${app().clientId}&redirect_uri=${encodeURIComponent('https://app.example/done')}&state=xyz`;
    const { status, headers } = await client.send(`/organizations/v2.0/adminconsent?${query}`, { redirect: 'manual' });
    expect(status).toBe(302);
    const back = new URL(headers.get('location') ?? '');
    expect(Object.fromEntries(back.searchParams)).toMatchObject({
      admin_consent: 'True',
      tenant: tenant.tenantId,
      state: 'xyz',
    });
    expect((await client.login()).status).toBe(200);
  });
});

async function certificate() {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const privatePem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const imported = {
    privateKey: await webcrypto.subtle.importKey(
      'pkcs8',
      pair.privateKey.export({ type: 'pkcs8', format: 'der' }),
      algorithm,
      true,
      ['sign'],
    ),
    publicKey: await webcrypto.subtle.importKey(
      'spki',
      pair.publicKey.export({ type: 'spki', format: 'der' }),
      algorithm,
      true,
      ['verify'],
    ),
  };
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Sync',
    keys: imported,
    signingAlgorithm: algorithm,
  });
  return { pem: made.toString('pem'), privatePem, privateKey: pair.privateKey };
}
