/** People who are signed in at the door, without the way over a provider. */

import { z } from 'zod';
import type { IdentityProvider } from '../../../src/admin/identity-provider.ts';
import { type ApiScope, apiScopes } from '../../../src/model/api-key.ts';
import type { Ask, Door } from './door.ts';

/** Whoever has a role with the name of a scope has that scope. */
export const peopleOf = (): IdentityProvider => ({
  roleScopes: new Map(apiScopes.map((scope) => [scope, [scope]])),
  signInUrl: async ({ state }) => `https://login.example/authorize?state=${state}`,
  signedIn: async () => ({ person: personWith([]), authenticatedAt: new Date(0) }),
});

export const personWith = (roles: readonly string[], subject = 'a1') => ({
  issuer: 'https://login.example',
  subject,
  name: 'ops@acme.example',
  roles,
});

export const cookieName = '__Host-entrain-session';

/** What a page of this server sends, in the browser of somebody who signed in. */
export const signedInAs = async (
  door: Door,
  scopes: readonly ApiScope[],
  { minutesAgo = 0 }: { readonly minutesAgo?: number } = {},
): Promise<Ask & { readonly headers: Readonly<Record<string, string>> }> => {
  const authenticatedAt = new Date(door.clock.now.getTime() - minutesAgo * 60_000);
  const { token } = await door.commands.signIn({ person: personWith(scopes), authenticatedAt }, null, 'f'.repeat(32));
  const cookie = `other=1; ${cookieName}=${token}`;
  const { body } = await door.call('GET', '/v1/session', { key: null, headers: { cookie } });
  const { session } = z.looseObject({ session: z.object({ csrf_token: z.string() }).loose() }).parse(body);
  const headers = {
    cookie,
    'x-csrf-token': session.csrf_token,
    'sec-fetch-site': 'same-origin',
    origin: 'https://entrain.example',
  };
  return { key: null, headers };
};
