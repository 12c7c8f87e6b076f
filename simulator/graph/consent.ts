/**
 * The admin consent page, without the page: it redirects back at once with what the administrator would have decided who is signed in at the browser
 * (the knobs `signedInTo`, `signedInAs`, `consent`).
 */

import { AadstsError } from './aadsts.ts';
import type { App } from './apps.ts';
import type { Query } from './odata.ts';
import { emptyReply, type Reply } from './reply.ts';
import type { Tenant } from './tenant.ts';
import { tenantNamed, type World } from './world.ts';

/** GET /{tenant|organizations|common}/[v2.0/]adminconsent. A granted consent brings a missing service principal into the tenant. */
export function adminConsent(world: World, name: string, newer: boolean, query: Query): Reply {
  const { app } = signedInApp(world, name, query);
  const answer = new URL(returnAddress(app, query));
  if (world.knobs.signedInAs === 'user') throw new AadstsError(90094);
  const parameters = world.knobs.consent === 'granted' ? granted(app.tenantId, newer) : refused(newer);
  for (const [key, value] of Object.entries(parameters)) answer.searchParams.set(key, value);
  const state = query.get('state');
  if (state !== undefined) answer.searchParams.set('state', state);
  if (world.knobs.consent === 'granted' && app.state === 'missing') {
    app.state = 'active';
    app.visibleFromMs = world.now() + world.knobs.consentLagMs;
  }
  return emptyReply(302, { Location: answer.href });
}

/** The tenant that the browser is signed in to, and the application there. Somebody of another tenant than the one that is named gets a page, no way back. */
export function signedInApp(world: World, name: string, query: Query): { readonly tenant: Tenant; readonly app: App } {
  const clientId = query.get('client_id')?.toLowerCase();
  const theirs = world.apps.filter((each) => each.clientId === clientId);
  const named = isAny(name) ? null : tenantNamed(world, name);
  const home = world.knobs.signedInTo === null ? named : tenantNamed(world, world.knobs.signedInTo);
  const app = theirs.find(({ tenantId }) => home === null || tenantId === home.id);
  const tenant = app && world.tenants.get(app.tenantId);
  if (app === undefined || tenant === undefined)
    throw new AadstsError(700016, { app: clientId ?? '', tenant: home?.name ?? name });
  if (named !== null && named.id !== tenant.id) throw new AadstsError(50020, { tenant: named.name });
  return { tenant, app };
}

/** Only an address that was registered. */
export function returnAddress(app: App, query: Query): string {
  const asked = query.get('redirect_uri');
  if (asked === undefined) throw new AadstsError(900144, { name: 'redirect_uri' });
  if (app.redirectUris !== null && !app.redirectUris.includes(asked)) throw new AadstsError(50011, { name: asked });
  return asked;
}

const isAny = (name: string): boolean => ['organizations', 'common'].includes(name.toLowerCase());

const granted = (tenant: string, newer: boolean): Record<string, string> => ({
  admin_consent: 'True',
  tenant,
  ...(newer ? { scope: 'https://graph.microsoft.com/.default' } : {}),
});

/** The newer endpoint says `admin_consent=True` even when it was refused; only `error` tells. */
const refused = (newer: boolean): Record<string, string> =>
  newer
    ? {
        admin_consent: 'True',
        error: 'consent_required',
        error_description: 'AADSTS65004: The resource owner or authorization server denied the request.',
      }
    : { error: 'permission_denied', error_description: 'The admin canceled the request' };
