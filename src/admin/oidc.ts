/** People's sign-in by OpenID Connect: authorization code with PKCE, state and nonce, at the one provider that is configured. */

import * as client from 'openid-client';
import { z } from 'zod';
import type { RoleScopes } from '../core/sessions.ts';
import { absoluteMs } from '../core/sessions.ts';
import type { Secret } from '../model/secret.ts';
import type { IdentityProvider, SignedInPerson, SignInAsk, SignInProof } from './identity-provider.ts';
import { SignInFailed } from './identity-provider.ts';

export type OidcSettings = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** What is asked for, such as `openid profile email`. */
  readonly scope: string;
  /** The claim that names groups or roles. */
  readonly claim: string;
  readonly roleScopes: RoleScopes;
  readonly redirectUri: string;
};

export const oidcProvider = (settings: OidcSettings): IdentityProvider => {
  /** Asked for when somebody comes, and again when that failed: the provider need not be there when we start. */
  let discovered: Promise<client.Configuration> | null = null;
  const configuration = async (): Promise<client.Configuration> => {
    discovered ??= discover(settings);
    try {
      return await discovered;
    } catch (error) {
      discovered = null;
      throw new SignInFailed('provider_unreachable', 'The identity provider cannot be asked.', { cause: error });
    }
  };

  return {
    roleScopes: settings.roleScopes,
    signInUrl: async (ask) => client.buildAuthorizationUrl(await configuration(), parametersOf(settings, ask)).href,
    signedIn: async (query, proof) => {
      const known = await configuration();
      try {
        return await exchanged(settings, known, query, proof);
      } catch (error) {
        throw new SignInFailed(codeOf(error), 'The identity provider did not confirm the sign-in.', { cause: error });
      }
    },
  };
};

const timeoutSecs = 10;

const discover = ({ issuer, clientId, clientSecret }: OidcSettings): Promise<client.Configuration> => {
  const url = new URL(issuer);
  const execute = [
    // The token comes from the provider itself over TLS, which may stand for its signature (OpenID Connect Core §3.1.3.7); we look at both.
    client.enableNonRepudiationChecks,
    // The configuration takes an address without TLS only on this machine, for trials.
    ...(url.protocol === 'http:' ? [client.allowInsecureRequests] : []),
  ];
  return client.discovery(url, clientId, clientSecret.reveal(), undefined, { execute, timeout: timeoutSecs });
};

/** The longest that somebody may have been signed in at the provider. Whether it is recent enough for what they do is looked at when they do it. */
const mostAgeSecs = absoluteMs / 1_000;

/** With `max_age` the provider has to say when it was that they showed who they are (OpenID Connect Core §3.1.2.1). */
const parametersOf = ({ redirectUri, scope }: OidcSettings, ask: SignInAsk): Record<string, string> => ({
  redirect_uri: redirectUri,
  scope,
  state: ask.state,
  nonce: ask.nonce,
  code_challenge: ask.challenge,
  code_challenge_method: 'S256',
  ...(ask.fresh ? { prompt: 'login', max_age: '0' } : { max_age: String(mostAgeSecs) }),
});

const Claims = z.looseObject({
  iss: z.string(),
  sub: z.string().min(1),
  auth_time: z.number(),
});

/** Issuer, audience, signature, nonce, state and times of the ID token, `auth_time` among them, are looked at by the client. */
const exchanged = async (
  settings: OidcSettings,
  known: client.Configuration,
  query: URLSearchParams,
  { state, nonce, verifier }: SignInProof,
): Promise<SignedInPerson> => {
  const address = new URL(settings.redirectUri);
  address.search = query.toString();
  const tokens = await client.authorizationCodeGrant(known, address, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    maxAge: mostAgeSecs,
    idTokenExpected: true,
  });
  const proved = Claims.parse(tokens.claims());
  const { iss: issuer, sub: subject, auth_time } = proved;
  // What is not in the token, the provider tells whoever brings the access token.
  const isWhole = rolesIn(proved[settings.claim]) !== null;
  const told = isWhole ? {} : await client.fetchUserInfo(known, tokens.access_token, subject);
  const claims: Readonly<Record<string, unknown>> = { ...told, ...proved };
  return {
    person: { issuer, subject, name: nameIn(claims), roles: rolesIn(claims[settings.claim]) ?? [] },
    authenticatedAt: new Date(auth_time * 1_000),
  };
};

const mostRoles = 1_000;

/** A list, or one alone; null when nothing is said. */
const rolesIn = (claim: unknown): readonly string[] | null => {
  if (typeof claim === 'string') return [claim];
  return Array.isArray(claim) ? claim.filter((role) => typeof role === 'string').slice(0, mostRoles) : null;
};

const nameIn = (claims: Readonly<Record<string, unknown>>): string => {
  const told = [claims['preferred_username'], claims['email'], claims['name'], claims['sub']];
  const name = told.find((one) => typeof one === 'string' && one !== '') ?? '';
  return String(name)
    .replaceAll(/\p{Cc}/gu, '')
    .slice(0, 200);
};

/** The word of the provider (RFC 6749 §4.1.2.1) or of the client; never a description, which may hold anything. */
const codeOf = (error: unknown): string => {
  if (error instanceof client.AuthorizationResponseError) return error.error.slice(0, 60);
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code.slice(0, 60) : 'not_confirmed';
};
