/** Access tokens for one tenant, by client secret, certificate, or the identity of the workload we run as. */

import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  type ClientSecretCredentialOptions,
  type TokenCredential,
} from '@azure/identity';
import { z } from 'zod';
import type { Credentials } from '../../model/connection.ts';
import { SourceError, type SourceErrorOptions, type SourceFault } from '../../model/errors.ts';
import type { Secret } from '../../model/secret.ts';
import { type Asked, meaningOf, type Registrant } from './aadsts.ts';
import type { Cloud } from './clouds.ts';

export type Tokens = {
  /** A valid token. Throws `SourceError`: `unauthorized` when only a person can help, else `unavailable`. */
  get(signal: AbortSignal): Promise<string>;
  /** Forgets what is cached; the next token is a new one. */
  drop(): void;
};

/** What shows that we are the application. `pem`: a certificate with its private key. `assertion`: a token of the workload we run as. */
export type Proof =
  | { readonly kind: 'client_secret'; readonly secret: Secret }
  | { readonly kind: 'certificate'; readonly pem: Secret }
  | { readonly kind: 'workload_identity'; readonly assertion: () => Promise<string> };

export type Identity = {
  readonly cloud: Cloud;
  readonly tenantId: string;
  readonly clientId: string;
  readonly proof: Proof;
  /** Who registered the application, and so can give it another secret. */
  readonly registrant: Registrant;
};

export const registrantOf = ({ kind }: Credentials): Registrant =>
  kind === 'admin_consent' ? 'your_team' : 'customer_it';

/** By which the tenant's record of an application tells its secrets apart (Graph, "passwordCredential resource type"); null for what is none. */
export const hintOf = (proof: Proof): string | null =>
  proof.kind === 'client_secret' ? proof.secret.reveal().slice(0, hintLength) : null;

const hintLength = 3;
const timeoutMs = 30_000;
/** A token is renewed this long before it ends, as the library does. */
const marginMs = 300_000;

export const tokensFor = (identity: Identity, now: () => Date): Tokens => {
  const scope = `${identity.cloud.graphUrl}/.default`;
  // The library caches tokens per instance, so there is one; it is replaced after a failure, because it also caches failures.
  let credential: Login | null = null;
  // Finding a token in the library's cache costs as much as sending a request, so it is looked for once.
  let held: { readonly token: string; readonly untilMs: number } | null = null;
  // The library sends a request for each caller that comes while there is no token.
  let asked: Promise<string> | null = null;

  const drop = (): void => {
    credential = null;
    held = null;
    asked = null;
  };
  const ask = async (): Promise<string> => {
    let mine: Login | null = null;
    try {
      // Asked first, because the library would hide why it failed.
      if (identity.proof.kind === 'workload_identity') await identity.proof.assertion();
      credential ??= loginAs(identity);
      mine = credential;
      const given = await within(AbortSignal.timeout(timeoutMs), mine.getToken(scope));
      if (given === null) throw new Error('no answer');
      const { token, expiresOnTimestamp } = given;
      if (credential === mine) held = { token, untilMs: expiresOnTimestamp - marginMs };
      return token;
    } catch (cause) {
      drop();
      const refusal = mine?.refusal() ?? null;
      const error = refusal === null ? cause : new Error(refusal, { cause });
      throw loginErrorOf(error, { registrant: identity.registrant, proof: identity.proof.kind });
    }
  };
  const get = async (signal: AbortSignal): Promise<string> => {
    signal.throwIfAborted();
    if (held !== null && now().getTime() < held.untilMs) return held.token;
    if (asked === null) {
      const mine = ask().finally(() => {
        if (asked === mine) asked = null;
      });
      // Every caller may have gone by the time it fails.
      mine.catch(() => {});
      asked = mine;
    }
    return within(signal, asked);
  };
  return { get, drop };
};

type Login = {
  readonly getToken: TokenCredential['getToken'];
  /** What the login service said against the tenant when it was asked for its addresses. */
  readonly refusal: () => string | null;
};

/** The library asks for the addresses of a tenant first where it does not know the cloud, and throws the answer away when it is a refusal. */
const loginAs = (identity: Identity): Login => {
  let refusal: string | null = null;
  const options: ClientSecretCredentialOptions = {
    authorityHost: identity.cloud.loginUrl,
    // Discovery would ask the public cloud whether it knows a custom one. Microsoft's own hosts are known to the library.
    disableInstanceDiscovery: true,
    // Retries are decided in one place, above.
    retryOptions: { maxRetries: 0 },
    additionalPolicies: [
      {
        position: 'perCall',
        policy: {
          name: 'refusal of the tenant',
          sendRequest: async (request, next) => {
            const response = await next(request);
            if (addresses.test(request.url) && response.status >= 400) refusal = refusalIn(response.bodyAsText ?? '');
            return response;
          },
        },
      },
    ],
  };
  const credential = credentialOf(identity, options);
  return { getToken: (...asked) => credential.getToken(...asked), refusal: () => refusal };
};

const addresses = /\/\.well-known\/openid-configuration$/;
const refusalSchema = z.object({ error: z.string(), error_description: z.string() });

/** As the library words those of a token; null for what no login service says, such as the page of a proxy. */
const refusalIn = (body: string): string | null => {
  try {
    const { error, error_description } = refusalSchema.parse(JSON.parse(body));
    return `${error}: ${error_description}`;
  } catch {
    return null;
  }
};

const credentialOf = (
  { tenantId, clientId, proof, registrant }: Identity,
  options: ClientSecretCredentialOptions,
): TokenCredential => {
  try {
    switch (proof.kind) {
      case 'client_secret':
        return new ClientSecretCredential(tenantId, clientId, proof.secret.reveal(), options);
      case 'certificate':
        return new ClientCertificateCredential(tenantId, clientId, { certificate: proof.pem.reveal() }, options);
      case 'workload_identity':
        return new ClientAssertionCredential(tenantId, clientId, proof.assertion, options);
    }
  } catch (cause) {
    throw new SourceError('unauthorized', 'The tenant id, client id or secret of the connection is not well-formed.', {
      cause,
      code: 'InvalidCredentials',
      mend: { owner: registrant, todo: 'Give the connection its credentials again.' },
    });
  }
};

const within = <T>(signal: AbortSignal, promise: Promise<T>): Promise<T> => {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', stop));
};

/**
 * The login service documents the OAuth error word as the thing to decide on, and its numbers as unstable; the numbers below are the ones its
 * own table calls transient (tenant throttled, replication, internal errors). Everything unknown is taken for transient: a wrong guess then
 * costs time, while `unauthorized` quarantines the connection.
 */
const lasting =
  /^(invalid_client|unauthorized_client|invalid_request|invalid_scope|invalid_resource|invalid_grant|invalid_tenant|access_denied|interaction_required)\b/;
const transient: ReadonlySet<string> = new Set(['90055', '90033', '90006', '90012', '90024', '50000', '50196']);

/** The login service answered with an error, or not at all. */
export class LoginFailed extends SourceError {
  /** When that was by its own clock, if it said so. */
  readonly at: Date | null;
  readonly byConsent: boolean;
  constructor(
    fault: SourceFault,
    message: string,
    options: SourceErrorOptions & { readonly at: Date | null; readonly byConsent: boolean },
  ) {
    super(fault, message, options);
    this.at = options.at;
    this.byConsent = options.byConsent;
  }
}

export const loginErrorOf = (cause: unknown, asked: Asked): SourceError => {
  if (cause instanceof SourceError) return cause;
  const message = cause instanceof Error ? cause.message : '';
  const number = /AADSTS(\d+)/.exec(message)?.[1] ?? /Error\(s\): (\d+)/.exec(message)?.[1] ?? null;
  const word = wordOf(message);
  const code = number === null ? word : `AADSTS${number}`;
  const { says, mend, byConsent } = meaningOf(number, word, asked);
  const refused = lasting.test(message) && (number === null || !transient.has(number));
  return new LoginFailed(
    refused ? 'unauthorized' : 'unavailable',
    `The login service ${refused ? "refuses the connection's credentials" : 'gave no token'}: ${says}.`,
    { cause, code, mend, byConsent, at: timestampOf(message) },
  );
};

/** The service's own word for it (RFC 6749 §5.2), or ours where it was not reached, or gave none. */
const wordOf = (message: string): string => {
  if (notReached.test(message)) return 'login_unreachable';
  return /^([a-z_]+)(?::|$)/.exec(message)?.[1] ?? 'login_no_answer';
};

/** What the library calls it (MSAL, "ClientAuthErrorCodes"), and what Node and undici do. */
const notReached =
  /^(network_error|no_network_connectivity|endpoints_resolution_error|openid_config_error)\b|^fetch failed|\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)\b/;

/** Every error of the login service says when it happened: `Timestamp: 2023-06-02 21:00:26Z`. */
const timestampOf = (message: string): Date | null => {
  const found = /Timestamp: (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\dZ)/.exec(message);
  return found === null ? null : new Date(`${found[1]}T${found[2]}`);
};
