/** The errors of the token endpoint, with the texts and statuses that were recorded from the real one. */

import type { Reply, RequestIds } from './reply.ts';

type Known = { readonly status: number; readonly error: string; readonly text: (about: About) => string };
export type About = { readonly app?: string; readonly tenant?: string; readonly name?: string };

const is = (status: number, error: string, text: Known['text']): Known => ({ status, error, text });

const known: Readonly<Record<number, Known>> = {
  7000215: is(
    401,
    'invalid_client',
    ({ app }) =>
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${app}'.`,
  ),
  7000222: is(
    401,
    'invalid_client',
    ({ app }) =>
      `The provided client secret keys for app '${app}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`,
  ),
  7000216: is(
    401,
    'invalid_client',
    () => "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
  ),
  7000229: is(
    401,
    'invalid_client',
    ({ app, tenant }) => `The client application '${app}' is missing service principal in the tenant '${tenant}'.`,
  ),
  7000112: is(400, 'unauthorized_client', ({ app, name }) => `Application '${app}'(${name}) is disabled.`),
  700016: is(
    400,
    'unauthorized_client',
    ({ app, tenant }) =>
      `Application with identifier '${app}' was not found in the directory '${tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
  ),
  700027: is(
    401,
    'invalid_client',
    ({ app }) =>
      `The certificate with identifier used to sign the client assertion is not registered on application '${app}', or the client assertion failed signature validation.`,
  ),
  700021: is(
    401,
    'invalid_client',
    () => "Client assertion application identifier doesn't match 'client_id' parameter.",
  ),
  700024: is(401, 'invalid_client', () => 'Client assertion is not within its valid time range.'),
  90002: is(
    400,
    'invalid_request',
    ({ tenant }) =>
      `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
  ),
  900023: is(
    400,
    'invalid_request',
    ({ tenant }) => `Specified tenant identifier '${tenant}' is neither a valid DNS name, nor a valid external domain.`,
  ),
  900144: is(400, 'invalid_request', ({ name }) => `The request body must contain the following parameter: '${name}'.`),
  70003: is(400, 'unsupported_grant_type', () => 'The app requested an unsupported grant type.'),
  70011: is(
    400,
    'invalid_scope',
    ({ name }) =>
      `The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope ${name} is not valid.`,
  ),
  1002012: is(
    400,
    'invalid_scope',
    ({ name }) =>
      `The provided value for scope ${name} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`,
  ),
  500011: is(
    400,
    'invalid_resource',
    ({ name, tenant }) => `The resource principal named ${name} was not found in the tenant named ${tenant}.`,
  ),
  50194: is(
    400,
    'invalid_request',
    ({ app, name }) =>
      `Application '${app}'(${name}) is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps.`,
  ),
  50013: is(401, 'invalid_client', () => 'Assertion failed signature validation.'),
  50027: is(400, 'invalid_request', () => 'JWT token is invalid or malformed.'),
  70025: is(
    401,
    'invalid_client',
    ({ app }) => `The client '${app}' has no configured federated identity credentials.`,
  ),
  700211: is(
    400,
    'invalid_request',
    ({ name }) => `No matching federated identity record found for presented assertion issuer '${name}'.`,
  ),
  700212: is(
    400,
    'invalid_request',
    ({ name }) => `No matching federated identity record found for presented assertion audience '${name}'.`,
  ),
  700213: is(
    400,
    'invalid_request',
    ({ name }) => `No matching federated identity record found for presented assertion subject '${name}'.`,
  ),
  50011: is(
    400,
    'invalid_request',
    ({ name }) => `The redirect URI '${name}' specified in the request does not match the redirect URIs configured.`,
  ),
  50020: is(
    400,
    'invalid_request',
    ({ tenant }) =>
      `User account does not exist in tenant '${tenant}' and cannot access the application in that tenant.`,
  ),
  90094: is(400, 'access_denied', () => 'An administrator has to grant permission to the application.'),
  54005: is(
    400,
    'invalid_grant',
    () =>
      'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  ),
  500112: is(400, 'invalid_grant', () => 'The reply address does not match the one of the authorization code.'),
  501481: is(400, 'invalid_grant', () => 'The Code_Verifier does not match the code_challenge supplied.'),
  700054: is(400, 'unsupported_response_type', () => "response_type 'id_token' is not enabled for the application."),
  53003: is(400, 'invalid_grant', () => 'Access has been blocked by Conditional Access policies.'),
  90033: is(503, 'temporarily_unavailable', () => 'A transient error has occurred. Please try again.'),
  90055: is(429, 'temporarily_unavailable', () => 'Tenant request is throttled due to excessive request rate.'),
  50000: is(500, 'server_error', () => 'There was an error issuing a token.'),
};

export class AadstsError extends Error {
  readonly code: number;
  readonly about: About;

  constructor(code: number, about: About = {}) {
    super(`AADSTS${code}`);
    this.name = 'AadstsError';
    this.code = code;
    this.about = about;
  }
}

/** A code that is not in the table comes as a plain invalid_request, so that a test can script any. */
export function aadstsReply({ code, about }: AadstsError, ids: RequestIds): Reply {
  const found = known[code] ?? is(400, 'invalid_request', () => 'The request could not be served.');
  const timestamp = `${new Date(ids.nowMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const description = [
    `AADSTS${code}: ${found.text(about)}`,
    `Trace ID: ${ids.requestId}`,
    `Correlation ID: ${ids.clientRequestId}`,
    `Timestamp: ${timestamp}`,
  ].join('\r\n');
  const body = {
    error: found.error,
    error_description: description,
    error_codes: [code],
    timestamp,
    trace_id: ids.requestId,
    correlation_id: ids.clientRequestId,
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
  };
  return {
    status: found.status,
    headers: { 'Content-Type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
  };
}
