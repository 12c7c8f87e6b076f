/** The login: metadata, keys, and tokens for client credentials. */

import { decodeJwt, decodeProtectedHeader, errors, importSPKI, importX509, jwtVerify } from 'jose';
import { z } from 'zod';
import { AadstsError, type About } from './aadsts.ts';
import { type App, certificateFor } from './apps.ts';
import type { JsonObject } from './json.ts';
import { guidFrom } from './object-ids.ts';
import type { Reply } from './reply.ts';
import { redeem } from './sign-in.ts';
import type { Tenant } from './tenant.ts';
import { GRAPH_APP, type Grant } from './tokens.ts';
import { tenantNamed, type World } from './world.ts';

const json = (body: JsonObject): Reply => ({
  status: 200,
  headers: { 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store, no-cache' },
  body: JSON.stringify(body),
});

/** MSAL takes the token endpoint from here and checks that the issuer is on the host it asked. */
export function openidConfiguration(world: World, name: string): Reply {
  const tenant = requireTenant(world, name);
  const base = `${world.origin()}/${tenant.id}`;
  return json({
    token_endpoint: `${base}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    jwks_uri: `${base}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    tenant_region_scope: 'EU',
    cloud_instance_name: 'localhost',
  });
}

export function keys(world: World, name: string): Reply {
  requireTenant(world, name);
  return json(world.issuer.jwks);
}

const form = z.object({
  grant_type: z.string().optional(),
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  client_assertion: z.string().optional(),
  client_assertion_type: z.string().optional(),
  scope: z.string().optional(),
  code: z.string().optional(),
  code_verifier: z.string().optional(),
  redirect_uri: z.string().optional(),
});
type Form = z.infer<typeof form>;

/** POST {tenant}/oauth2/v2.0/token. Checks in the order of the real service: tenant, parameters, app, scope, proof. */
export async function token(
  world: World,
  name: string,
  body: string,
  authorization: string | undefined,
): Promise<Reply> {
  const asked = withBasic(form.parse(Object.fromEntries(new URLSearchParams(body))), authorization);
  const app = checkRequest(world, name, asked);
  const tenant = requireTenant(world, name);
  const proof = await checkProof(world, app, tenant, asked);
  if (asked.grant_type === 'authorization_code') {
    const { code, code_verifier, redirect_uri } = asked;
    const given = Object.entries({ code, code_verifier, redirect_uri }).filter(([, text]) => text !== undefined);
    const id_token = await redeem(world, app.clientId, tenant.id, Object.fromEntries(given));
    return json({ token_type: 'Bearer', scope: 'openid profile', expires_in: 3_600, id_token });
  }
  const grant: Grant = {
    tenantId: tenant.id,
    appId: app.clientId,
    appName: app.name,
    principalId: guidFrom(tenant.seed, 200),
    proof,
    roles: app.roles,
  };
  const life = world.knobs.tokenLifeSeconds;
  const access_token = await world.issuer.issue(grant, life);
  return json({ token_type: 'Bearer', expires_in: life, ext_expires_in: life, access_token });
}

function checkRequest(world: World, name: string, asked: Form): App {
  if (asked.grant_type === undefined) throw new AadstsError(900144, { name: 'grant_type' });
  if (asked.client_id === undefined) throw new AadstsError(900144, { name: 'client_id' });
  const byCode = asked.grant_type === 'authorization_code';
  if (!byCode && asked.grant_type !== 'client_credentials') throw new AadstsError(70003);
  const clientId = asked.client_id.toLowerCase();
  if (['common', 'organizations', 'consumers'].includes(name)) throw new AadstsError(50194, { app: clientId, name });
  const tenant = requireTenant(world, name);
  const app = world.apps.find((each) => each.clientId === clientId && each.tenantId === tenant.id);
  const about: About = { app: clientId, tenant: tenant.name, name: app?.name ?? '' };
  if (app === undefined) throw new AadstsError(700016, about);
  if (app.state === 'disabled') throw new AadstsError(7000112, about);
  if (app.state === 'missing') throw new AadstsError(7000229, about);
  if (app.visibleFromMs > world.now()) throw new AadstsError(700016, about);
  if (byCode) return app;
  checkScope(asked.scope, tenant);
  return app;
}

function checkScope(scope: string | undefined, tenant: Tenant): void {
  if (scope === undefined) throw new AadstsError(900144, { name: 'scope' });
  // MSAL adds the OpenID scopes to some requests; only one resource may remain.
  const scopes = scope.split(' ').filter((each) => !['', 'openid', 'profile', 'offline_access'].includes(each));
  const [only] = scopes;
  if (only === undefined || scopes.length > 1) throw new AadstsError(70011, { name: scope });
  if (!only.endsWith('/.default')) throw new AadstsError(1002012, { name: only });
  const resource = only.slice(0, -'/.default'.length).replace(/\/$/, '');
  const known =
    /^https:\/\/([\w.-]*graph\.microsoft\.\w+|microsoftgraph\.chinacloudapi\.cn|localhost|127\.0\.0\.1)(:\d+)?$/;
  if (resource !== GRAPH_APP && !known.test(resource))
    throw new AadstsError(500011, { name: resource, tenant: tenant.name });
}

async function checkProof(world: World, app: App, tenant: Tenant, asked: Form): Promise<Grant['proof']> {
  if (asked.client_assertion !== undefined) {
    await checkAssertion(world, app, tenant, asked.client_assertion);
    return 'certificate';
  }
  if (asked.client_secret === undefined) throw new AadstsError(7000216);
  const secret = app.secrets.find(({ value }) => value === asked.client_secret);
  if (secret === undefined) throw new AadstsError(7000215, { app: app.clientId });
  if (secret.endsMs <= world.now()) throw new AadstsError(7000222, { app: app.clientId });
  return 'secret';
}

/** The login forgives clocks that are five minutes apart. */
const SKEW_SECONDS = 300;

/** A certificate assertion names the certificate by thumbprint and this endpoint as its audience. */
async function checkAssertion(world: World, app: App, tenant: Tenant, assertion: string): Promise<void> {
  if (isForeign(assertion)) return checkFederated(world, app, assertion);
  const origin = world.origin();
  const named = [tenant.id, tenant.domain, tenant.initialDomain].flatMap((name) => [
    `${origin}/${name}/oauth2/v2.0/token`,
    `${origin}/${name}/v2.0`,
  ]);
  try {
    const header = decodeProtectedHeader(assertion);
    const certificate = certificateFor(app, header);
    if (certificate === null || (header.alg !== 'PS256' && header.alg !== 'RS256'))
      throw new AadstsError(700027, { app: app.clientId });
    const { payload } = await jwtVerify(assertion, await importX509(certificate, header.alg), {
      audience: named,
      currentDate: new Date(world.now()),
      clockTolerance: SKEW_SECONDS,
    });
    if (payload.iss !== app.clientId || payload.sub !== app.clientId) throw new AadstsError(700021);
  } catch (error) {
    if (error instanceof AadstsError) throw error;
    throw new AadstsError(error instanceof errors.JWTExpired ? 700024 : 700027, { app: app.clientId });
  }
}

/** What names no certificate of the application is a token of a workload. */
function isForeign(assertion: string): boolean {
  try {
    const header = decodeProtectedHeader(assertion);
    return !('x5t' in header) && !('x5t#S256' in header);
  } catch {
    return false;
  }
}

async function checkFederated(world: World, app: App, assertion: string): Promise<void> {
  if (app.federated.length === 0) throw new AadstsError(70025, { app: app.clientId });
  const { iss, sub, aud } = decodeJwt(assertion);
  const byIssuer = app.federated.filter(({ issuer }) => issuer === iss);
  if (byIssuer.length === 0) throw new AadstsError(700211, { name: iss ?? '' });
  const bySubject = byIssuer.filter(({ subject }) => subject === sub);
  if (bySubject.length === 0) throw new AadstsError(700213, { name: sub ?? '' });
  const found = bySubject.find(({ audience }) => [aud].flat().includes(audience));
  if (found === undefined) throw new AadstsError(700212, { name: String(aud) });
  try {
    await jwtVerify(assertion, await importSPKI(found.publicPem, 'RS256'), { currentDate: new Date(world.now()) });
  } catch (error) {
    throw new AadstsError(error instanceof errors.JWTExpired ? 700024 : 50013);
  }
}

function withBasic(asked: Form, authorization: string | undefined): Form {
  const encoded = /^Basic (.+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return asked;
  const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString().split(':').map(decodeURIComponent);
  return { ...asked, client_id: asked.client_id ?? id, client_secret: asked.client_secret ?? secret };
}

function requireTenant(world: World, name: string): Tenant {
  const tenant = tenantNamed(world, name);
  if (tenant !== null) return tenant;
  throw new AadstsError(/^[\w.-]+$/.test(name) ? 90002 : 900023, { tenant: name });
}
