import { createHash } from 'node:crypto';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GraphSimulator, startGraph } from '../../../simulator/graph/index.ts';
import { connect, type GraphClient } from './client.ts';

let graph: GraphSimulator;
let client: GraphClient;
let nowMs: number;

const back = 'https://app.example/back';
beforeEach(async () => {
  nowMs = Date.now();
  const app = { clientId: '7f0c2f7e-3a52-4f6e-9a0b-1b2c3d4e5f60', secret: 'known', redirectUris: [back] };
  graph = await startGraph({
    tenants: [
      { users: 1, domain: 'contoso.example', apps: [app] },
      { users: 1, domain: 'fabrikam.example', apps: [{ ...app, state: 'missing' }] },
    ],
    now: () => nowMs,
  });
  client = await connect(graph);
});
afterEach(async () => {
  await client.close();
  await graph.close();
});

const verifier = 'v'.repeat(43);
const challenge = createHash('sha256').update(verifier).digest('base64url');
const authorize = async (name: string, changes: Record<string, string> = {}) => {
  const query = new URLSearchParams({
    client_id: client.app.clientId,
    redirect_uri: back,
    response_type: 'code',
    scope: 'openid profile',
    state: 's',
    nonce: 'n',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...changes,
  });
  const { status, headers, text } = await client.send(`/${name}/oauth2/v2.0/authorize?${query}`, {
    redirect: 'manual',
  });
  const location = headers.get('location');
  return { status, text, back: location === null ? null : Object.fromEntries(new URL(location).searchParams) };
};
const redeem = (code: string | undefined, changes: Record<string, string> = {}) =>
  client.login({
    grant_type: 'authorization_code',
    scope: 'openid',
    code,
    redirect_uri: back,
    code_verifier: verifier,
    ...changes,
  });

describe('signing in by code', () => {
  it('tells who it was, of which tenant and with which roles, in a signed ID token', async () => {
    const { status, back: parameters } = await authorize('organizations');
    expect([status, parameters?.['state']]).toEqual([302, 's']);
    const { body } = await redeem(parameters?.['code']);
    const keys = await client.send(`/${client.tenant.tenantId}/discovery/v2.0/keys`);
    const { payload } = await jwtVerify(body.id_token, createLocalJWKSet(keys.body), {
      audience: client.app.clientId,
      issuer: `${graph.origin}/${client.tenant.tenantId}/v2.0`,
    });
    expect(payload).toMatchObject({ tid: client.tenant.tenantId, nonce: 'n', ver: '2.0' });
    expect(payload['wids']).toEqual(['62e90394-69f5-4237-9190-012177145e10']);
  });

  it('tells who it was at all applications only where `profile` is asked for, and else who at this one', async () => {
    const whoBy = async (scope: string) => {
      const { back: parameters } = await authorize('organizations', { scope });
      const { oid, sub } = decodeJwt((await redeem(parameters?.['code'], { scope })).body.id_token);
      return [oid, sub];
    };
    const [there, here] = await whoBy('openid profile');
    expect(there).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(await whoBy('openid')).toEqual([undefined, here]);
    expect(here).not.toBe(there);
  });

  it('gives a code that is good once, for ten minutes, with its verifier and its address', async () => {
    const code = async (): Promise<string | undefined> => (await authorize('organizations')).back?.['code'];
    const once = await code();
    expect((await redeem(once)).status).toBe(200);
    expect((await redeem(once)).body.error_codes).toEqual([54005]);
    expect((await redeem(await code(), { code_verifier: 'w'.repeat(43) })).body.error_codes).toEqual([501481]);
    expect((await redeem(await code(), { redirect_uri: 'https://app.example/other' })).body.error_codes).toEqual([
      500112,
    ]);
    expect((await redeem(await code(), { client_secret: 'wrong' })).body.error_codes).toEqual([7000215]);
    const late = await code();
    nowMs += 600_000;
    expect((await redeem(late)).body.error_codes).toEqual([54005]);
  });

  it('sends nobody back who is of another tenant, or to an address that is not registered', async () => {
    graph.control.setKnobs({ signedInTo: 'fabrikam.example' });
    expect(await authorize(client.tenant.tenantId)).toMatchObject({ status: 400, back: null });
    graph.control.setKnobs({ signedInTo: 'contoso.example' });
    expect((await authorize('organizations', { redirect_uri: 'https://evil.example/' })).text).toContain('AADSTS50011');
    expect((await authorize('organizations', { response_type: 'id_token' })).text).toContain('AADSTS700054');
  });
});

describe('admin consent of one of two tenants', () => {
  const consent = (): ReturnType<GraphClient['send']> =>
    client.send(
      `/organizations/v2.0/adminconsent?client_id=${client.app.clientId}&redirect_uri=${encodeURIComponent(back)}&state=s`,
      { redirect: 'manual' },
    );

  it('is of the one that the browser is signed in to, and takes its time to arrive', async () => {
    graph.control.setKnobs({ signedInTo: 'fabrikam.example', consentLagMs: 60_000 });
    const location = new URL((await consent()).headers.get('location') ?? '');
    const fabrikam = graph.control.tenant('fabrikam.example').tenantId;
    expect(location.searchParams.get('tenant')).toBe(fabrikam);
    expect((await client.login({}, fabrikam)).body.error_codes).toEqual([700016]);
    nowMs += 60_000;
    expect((await client.login({}, fabrikam)).status).toBe(200);
  });

  it('is not for users', async () => {
    graph.control.setKnobs({ signedInTo: 'contoso.example', signedInAs: 'user' });
    expect((await consent()).text).toContain('AADSTS90094');
  });
});
