/** The admin consent page, without the page: it redirects back at once with what an administrator would have decided. */

import type { Query } from './odata.ts';
import { badRequest, emptyReply, type Reply } from './reply.ts';
import { tenantNamed, type World } from './world.ts';

/** GET /{tenant|organizations|common}/[v2.0/]adminconsent. A granted consent brings a missing service principal into the tenant. */
export function adminConsent(world: World, name: string, newer: boolean, query: Query): Reply {
  const clientId = query.get('client_id')?.toLowerCase();
  const redirect = query.get('redirect_uri');
  const app = world.apps.find(
    (each) => each.clientId === clientId && (isAny(name) || each.tenantId === tenantNamed(world, name)?.id),
  );
  if (app === undefined || redirect === undefined)
    throw badRequest('AADSTS700016: no such application in this directory.');
  const state = query.get('state');
  const answer = new URL(redirect);
  const parameters = world.knobs.consent === 'granted' ? granted(app.tenantId, newer) : refused(newer);
  for (const [key, value] of Object.entries(parameters)) answer.searchParams.set(key, value);
  if (state !== undefined) answer.searchParams.set('state', state);
  if (world.knobs.consent === 'granted' && app.state === 'missing') app.state = 'active';
  return emptyReply(302, { Location: answer.href });
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
