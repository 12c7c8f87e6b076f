/** Signing in by authorization code with PKCE, without the page: whoever is signed in at the browser (the knobs `signedInTo`, `signedInAs`) comes back. */

import { createHash, randomBytes } from 'node:crypto';
import { AadstsError } from './aadsts.ts';
import { returnAddress, signedInApp } from './consent.ts';
import { guidFrom } from './object-ids.ts';
import type { Query } from './odata.ts';
import { emptyReply, type Reply } from './reply.ts';
import type { World } from './world.ts';

const CODE_LIFE_MS = 600_000;
const GLOBAL_ADMINISTRATOR = '62e90394-69f5-4237-9190-012177145e10';
/** What everybody has who has no role. */
const NO_ROLE = 'b79fbf4d-3ef9-4689-8143-76b194e85509';

/** GET /{tenant|organizations}/oauth2/v2.0/authorize */
export function authorize(world: World, name: string, query: Query): Reply {
  const { tenant, app } = signedInApp(world, name, query);
  const redirectUri = returnAddress(app, query);
  if (app.state === 'missing') throw new AadstsError(700016, { app: app.clientId, tenant: tenant.name });
  if (query.get('response_type') !== 'code') throw new AadstsError(700054);
  const scopes = (query.get('scope') ?? '').split(/[ +]/);
  if (!scopes.includes('openid')) throw new AadstsError(70011, { name: 'scope' });
  const challenge = query.get('code_challenge');
  if (challenge === undefined || query.get('code_challenge_method') !== 'S256')
    throw new AadstsError(900144, { name: 'code_challenge' });
  const code = randomBytes(24).toString('base64url');
  const { signedInAs, rolesInIdTokens } = world.knobs;
  world.codes.set(code, {
    tenantId: tenant.id,
    clientId: app.clientId,
    redirectUri,
    nonce: query.get('nonce') ?? null,
    scopes,
    challenge,
    directoryRoles: rolesInIdTokens ? [signedInAs === 'administrator' ? GLOBAL_ADMINISTRATOR : NO_ROLE] : null,
    endsMs: world.now() + CODE_LIFE_MS,
  });
  const answer = new URL(redirectUri);
  answer.searchParams.set('code', code);
  const state = query.get('state');
  if (state !== undefined) answer.searchParams.set('state', state);
  answer.searchParams.set('session_state', guidFrom(tenant.seed, 300));
  return emptyReply(302, { Location: answer.href });
}

export type Redeemed = { readonly code?: string; readonly redirect_uri?: string; readonly code_verifier?: string };

/** The ID token for a code. A code is good once, for the client it was given to. */
export async function redeem(world: World, clientId: string, tenantId: string, asked: Redeemed): Promise<string> {
  const { code, redirect_uri: redirectUri, code_verifier: verifier } = asked;
  if (code === undefined) throw new AadstsError(900144, { name: 'code' });
  if (verifier === undefined) throw new AadstsError(900144, { name: 'code_verifier' });
  const signIn = world.codes.get(code);
  world.codes.delete(code);
  if (signIn?.clientId !== clientId || signIn.endsMs <= world.now()) throw new AadstsError(54005);
  if (signIn.tenantId !== tenantId) throw new AadstsError(50020, { tenant: tenantId });
  if (signIn.redirectUri !== redirectUri) throw new AadstsError(500112);
  if (createHash('sha256').update(verifier).digest('base64url') !== signIn.challenge) throw new AadstsError(501481);
  const { nonce, directoryRoles, scopes } = signIn;
  const seed = world.tenants.get(tenantId)?.seed ?? 0;
  // It tells one person from another at all applications, so that it takes `profile`; the subject is theirs at this one alone.
  const objectId = scopes.includes('profile') ? guidFrom(seed, 301) : null;
  const subject = createHash('sha256').update(`${clientId} ${seed}`).digest('base64url');
  return world.issuer.identify({ tenantId, appId: clientId, objectId, subject, nonce, directoryRoles }, 3_600);
}
