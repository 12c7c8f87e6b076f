// An OpenID Connect provider of its own, over HTTP on this machine; whoever is sent there signs in at once, as who the test says.

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';
import { z } from 'zod';

const client = { id: 'entrain', secret: 'CANARY~client-of-people' };

export type Login = {
  readonly issuer: string;
  readonly client: typeof client;
  /** Who signs in next, and which groups they are in; null: they refuse. */
  who: { readonly id: string; readonly groups: readonly string[] } | null;
  /** How often somebody had to show who they are. */
  asked: number;
  readonly close: () => Promise<void>;
};

export const openLogin = async (redirectUri: string): Promise<Login> => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const issuer = `http://127.0.0.1:${port}`;
  const provider = providerAt(issuer, redirectUri, () => login.who?.groups ?? []);
  const login: Login = {
    issuer,
    client,
    who: null,
    asked: 0,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  const answer = provider.callback();
  server.on('request', async (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return answer(request, response);
    login.asked += 1;
    const result =
      login.who === null
        ? { error: 'access_denied', error_description: 'CANARY~description' }
        : { login: { accountId: login.who.id } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  });
  return login;
};

const providerAt = (issuer: string, redirectUri: string, groups: () => readonly string[]): Provider =>
  new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    jwks: {
      keys: [
        { ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), use: 'sig' },
      ],
    },
    cookies: { keys: ['a key of this provider'] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
    findAccount: async (_context, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, preferred_username: `${id}@acme.example`, groups: [...groups()] }),
    }),
    // Everybody has consented to our own client.
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ clientId: client.id, accountId: oidc.session?.accountId ?? '' });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
  });
