/** Which ID tokens say who signed in. The provider is one that gives out whatever the test makes up; a real one is asked in api/sign-in.test.ts. */

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { IdentityProvider } from '../../src/admin/identity-provider.ts';
import { type OidcSettings, oidcProvider } from '../../src/admin/oidc.ts';
import { secret } from '../../src/model/secret.ts';
import { startStranger } from '../support/stranger.ts';

const clientSecret = 'a secret that both of us know, of 32 bytes';
const ofProvider = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ofOthers = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const proof = { state: 'the state', nonce: 'the nonce', verifier: 'v'.repeat(43) };

let server: Server;
let issuer: string;
let provider: IdentityProvider;
/** What whoever comes with a code is given. */
let token: string;

beforeAll(async () => {
  server = createServer(async ({ url }, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(await answers[url ?? '']?.()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}`;
  provider = oidcProvider(settingsAt(issuer));
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

const settingsAt = (address: string): OidcSettings => ({
  issuer: address,
  clientId: 'entrain',
  clientSecret: secret(clientSecret),
  scope: 'openid',
  claim: 'groups',
  roleScopes: new Map(),
  redirectUri: 'https://entrain.example/auth/callback',
});
const answers: Readonly<Record<string, () => Promise<object>>> = {
  '/.well-known/openid-configuration': async () => ({
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    // One that would take anything.
    id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
  }),
  '/keys': async () => ({ keys: [{ ...(await exportJWK(ofProvider.publicKey)), kid: 'one', use: 'sig' }] }),
  '/token': async () => ({ access_token: 'opaque', token_type: 'Bearer', expires_in: 3_600, id_token: token }),
};

const hour = 3_600;
const seconds = (ago = 0): number => Math.floor(Date.now() / 1_000) - ago;
const claims = (changes: object = {}): Record<string, unknown> => ({
  iss: issuer,
  aud: 'entrain',
  sub: 'ann',
  iat: seconds(),
  exp: seconds(-300),
  auth_time: seconds(60),
  nonce: proof.nonce,
  preferred_username: 'ann@acme.example',
  groups: ['ops'],
  ...changes,
});
const signed = (changes?: object, { privateKey } = ofProvider): Promise<string> =>
  new SignJWT(claims(changes)).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(privateKey);
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const signIn = (state = proof.state) => provider.signedIn(new URLSearchParams({ code: 'a code', state }), proof);

describe('somebody who comes back from the provider', () => {
  it('is who its ID token says, and signed in when it says', async () => {
    const at = seconds(60);
    token = await signed({ auth_time: at });
    expect(await signIn()).toEqual({
      person: { issuer, subject: 'ann', name: 'ann@acme.example', roles: ['ops'] },
      authenticatedAt: new Date(at * 1_000),
    });
  });

  it.each<readonly [string, () => Promise<string>]>([
    ['for another sign-in', () => signed({ nonce: 'of another' })],
    ['for no sign-in', () => signed({ nonce: undefined })],
    ['for another application', () => signed({ aud: 'another' })],
    ['for others beside us', () => signed({ aud: ['entrain', 'another'], azp: 'another' })],
    ['of another provider', () => signed({ iss: 'https://login.example' })],
    ['that is over', () => signed({ iat: seconds(hour), exp: seconds(120) })],
    ['of somebody who signed in more than twelve hours ago', () => signed({ auth_time: seconds(13 * hour) })],
    ['that does not say when they signed in', () => signed({ auth_time: undefined })],
    ['signed by another key', () => signed({}, ofOthers)],
    ['signed by nobody', async () => `${part({ alg: 'none' })}.${part(claims())}.`],
    ['whose signature was taken off', async () => (await signed()).replace(/[^.]+$/, '')],
    [
      'altered after it was signed',
      async () => (await signed()).replace(/\.[^.]+\./, `.${part(claims({ sub: 'eve' }))}.`),
    ],
    [
      'signed by what both of us know',
      () => new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(clientSecret)),
    ],
  ])('is nobody by a token %s', async (_which, made) => {
    token = await made();
    await expect(signIn()).rejects.toMatchObject({ name: 'SignInFailed', code: expect.stringMatching(/^OAUTH_/) });
  });

  it('is nobody by an answer to another state', async () => {
    token = await signed();
    await expect(signIn('of another')).rejects.toMatchObject({ name: 'SignInFailed' });
  });
});

describe('a provider whose certificate is not to be trusted', () => {
  it('is told nothing, and nobody is sent there or signed in by it', async () => {
    const stranger = await startStranger();
    const theirs = oidcProvider(settingsAt(stranger.origin));
    const unreachable = { name: 'SignInFailed', code: 'provider_unreachable' };
    try {
      const ask = { state: proof.state, nonce: proof.nonce, challenge: 'c'.repeat(43), fresh: false };
      await expect(theirs.signInUrl(ask)).rejects.toMatchObject(unreachable);
      const query = new URLSearchParams({ code: 'a code', state: proof.state });
      await expect(theirs.signedIn(query, proof)).rejects.toMatchObject(unreachable);
      expect([stranger.handshakes(), stranger.requests()]).toEqual([2, 0]);
    } finally {
      await stranger.close();
    }
  });
});
