/** Access tokens: signed by the login, checked by Graph. */

import { randomUUID } from 'node:crypto';
import { type CryptoKey, errors, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import type { JsonObject } from './json.ts';
import { GraphFault } from './reply.ts';

export const GRAPH_APP = '00000003-0000-0000-c000-000000000000';
const audiences = ['https://graph.microsoft.com', GRAPH_APP];
const KEY_ID = 'simulator-1';

export type Grant = {
  readonly tenantId: string;
  readonly appId: string;
  readonly appName: string;
  readonly principalId: string;
  readonly proof: 'secret' | 'certificate';
  readonly roles: readonly string[];
};
export type Person = {
  readonly tenantId: string;
  readonly appId: string;
  readonly objectId: string | null;
  readonly subject: string;
  readonly nonce: string | null;
  /** Template ids of the directory roles; null when the app registration does not ask for them. */
  readonly directoryRoles: readonly string[] | null;
};
export type Claims = { readonly tenantId: string; readonly appId: string; readonly roles: ReadonlySet<string> };

export type Issuer = {
  readonly jwks: JsonObject;
  issue(grant: Grant, lifeSeconds: number): Promise<string>;
  /** An ID token: who signed in to which application. */
  identify(person: Person, lifeSeconds: number): Promise<string>;
  /** Throws the 401 that Graph answers for a token it does not take. */
  verify(token: string): Promise<Claims>;
};

const MOST_REMEMBERED = 1_000;

export async function makeIssuer(origin: () => string, now: () => number): Promise<Issuer> {
  const { publicKey, privateKey } = await signingKeys();
  const { kty = '', n = '', e = '' } = await exportJWK(publicKey);
  // A verified token stays good until it expires, so that a long sync pays for one signature check.
  const verified = new Map<string, Claims & { readonly expiresMs: number }>();
  return {
    jwks: { keys: [{ kty, n, e, kid: KEY_ID, use: 'sig', alg: 'RS256' }] },
    issue: (grant, lifeSeconds) => sign(privateKey, origin(), grant, Math.floor(now() / 1000), lifeSeconds),
    identify: (person, lifeSeconds) => signId(privateKey, origin(), person, Math.floor(now() / 1000), lifeSeconds),
    async verify(token) {
      const remembered = verified.get(token);
      if (remembered !== undefined && remembered.expiresMs > now()) return remembered;
      const claims = await verifySigned(publicKey, token, now());
      if (verified.size >= MOST_REMEMBERED) verified.clear();
      verified.set(token, claims);
      return claims;
    },
  };
}

/** One pair for all simulators of a process: making an RSA key takes longer than most tests. */
const signingKeys = lazily(() => generateKeyPair('RS256', { extractable: true }));

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

/** The claims of a v1 app-only token. `roles` is left out when nothing was granted, and the token is issued all the same. */
function sign(key: CryptoKey, origin: string, grant: Grant, nowSeconds: number, lifeSeconds: number): Promise<string> {
  const claims = {
    app_displayname: grant.appName,
    appid: grant.appId,
    appidacr: grant.proof === 'secret' ? '1' : '2',
    idp: `${origin}/${grant.tenantId}/`,
    idtyp: 'app',
    oid: grant.principalId,
    ...(grant.roles.length > 0 ? { roles: [...grant.roles] } : {}),
    tid: grant.tenantId,
    uti: randomUUID(),
    ver: '1.0',
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: KEY_ID })
    .setIssuer(`${origin}/${grant.tenantId}/v2.0`)
    .setAudience('https://graph.microsoft.com')
    .setSubject(grant.principalId)
    .setIssuedAt(nowSeconds)
    .setNotBefore(nowSeconds)
    .setExpirationTime(nowSeconds + lifeSeconds)
    .sign(key);
}

/** The claims of a v2 ID token. */
function signId(key: CryptoKey, origin: string, person: Person, nowSeconds: number, life: number): Promise<string> {
  const claims = {
    ...(person.objectId === null ? {} : { oid: person.objectId }),
    tid: person.tenantId,
    ...(person.nonce === null ? {} : { nonce: person.nonce }),
    ...(person.directoryRoles === null ? {} : { wids: [...person.directoryRoles] }),
    ver: '2.0',
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: KEY_ID })
    .setIssuer(`${origin}/${person.tenantId}/v2.0`)
    .setAudience(person.appId)
    .setSubject(person.subject)
    .setIssuedAt(nowSeconds)
    .setNotBefore(nowSeconds)
    .setExpirationTime(nowSeconds + life)
    .sign(key);
}

async function verifySigned(key: CryptoKey, token: string, nowMs: number): Promise<Claims & { expiresMs: number }> {
  try {
    const { payload } = await jwtVerify(token, key, { audience: audiences, currentDate: new Date(nowMs) });
    const roles = Array.isArray(payload['roles']) ? payload['roles'].map(String) : [];
    return {
      tenantId: String(payload['tid']),
      appId: String(payload['appid']),
      roles: new Set(roles),
      expiresMs: (payload.exp ?? 0) * 1000,
    };
  } catch (error) {
    throw refusal(error);
  }
}

function refusal(error: unknown): GraphFault {
  if (error instanceof errors.JWTExpired) return unauthorized('Access token has expired or is not yet valid.');
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === 'aud'
      ? unauthorized('Access token validation failure. Invalid audience.')
      : unauthorized('Access token has expired or is not yet valid.');
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return unauthorized('Access token validation failure. Invalid signature.');
  }
  return unauthorized('CompactToken parsing failed with error code: 80049217');
}

export const unauthorized = (message: string): GraphFault =>
  new GraphFault(401, 'InvalidAuthenticationToken', message, {
    'WWW-Authenticate':
      'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"',
  });
