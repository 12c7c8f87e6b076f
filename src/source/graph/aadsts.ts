/**
 * What the numbers of the login service (AADSTS…) mean to a person, who must act, and what they do. The service's own text may hold names and secrets,
 * so it is never repeated. Microsoft documents the numbers as unstable: nothing is decided by them but what is said.
 */

import type { Credential } from '../../model/connection.ts';
import type { Mend } from '../../model/errors.ts';

/** Who registered the application can mend it: the customer's IT, or your team where it is yours. */
type Who = 'registrant' | Mend['owner'];
export type Registrant = 'customer_it' | 'your_team';
/** `proof`: what the application shows itself by. */
export type Asked = { readonly registrant: Registrant; readonly proof: Credential['kind'] };
type Todo = string | ((asked: Asked) => string);
type Row = { readonly says: string; readonly who: Who; readonly todo: Todo };
export type Meaning = {
  readonly says: string;
  readonly mend: Mend;
  /** Whether an administrator mends it by giving consent. */
  readonly byConsent: boolean;
};

/** The meaning of a number, or of the OAuth error word when there is no number or nobody knows it. */
export const meaningOf = (number: string | null, word: string, asked: Asked): Meaning => {
  const code = number === null ? word : `AADSTS${number}`;
  const known = number === null ? undefined : numbers[number];
  const { says, who, todo } = known ?? words[word] ?? unknown;
  return {
    says: `${says} (${code})`,
    mend: {
      owner: who === 'registrant' ? asked.registrant : who,
      todo: typeof todo === 'string' ? todo : todo(asked),
    },
    byConsent: todo === consent,
  };
};

const row = (who: Who, says: string, todo: Todo): Row => ({ says, who, todo });

const newSecret = ({ registrant }: Asked): string =>
  registrant === 'your_team'
    ? 'Create a new client secret in the registration of your application (Certificates & secrets), and set it for API and workers (ENTRAIN_APP_CLIENT_SECRET).'
    : 'Create a new client secret in the app registration (Certificates & secrets), and give its value in place of the one before.';
const certificate = ({ registrant }: Asked): string =>
  registrant === 'your_team'
    ? 'Upload the certificate to the registration of your application (Certificates & secrets), or set one that is there for API and workers (ENTRAIN_APP_CERTIFICATE).'
    : 'Upload the certificate to the app registration (Certificates & secrets), or give one that is there.';
const newCertificate = ({ registrant }: Asked): string =>
  registrant === 'your_team'
    ? 'Make another certificate, upload it to the registration of your application (Certificates & secrets), and set it with its key for API and workers (ENTRAIN_APP_CERTIFICATE).'
    : 'Make another certificate, upload it to the app registration (Certificates & secrets), and give it with its key in place of the one before.';
/** Where it is not told what of the proof is wrong. */
const newProof = (asked: Asked): string => {
  switch (asked.proof) {
    case 'client_secret':
      return newSecret(asked);
    case 'certificate':
      return certificate(asked);
    case 'workload_identity':
      return trust;
  }
};
/** Of an application that is at home in the tenant, its own page has a button; that of another needs a way to it. */
export const consent = ({ registrant }: Pick<Asked, 'registrant'>): string =>
  registrant === 'your_team'
    ? 'An administrator of the tenant follows a new consent link. Consent that was just given can take some minutes to arrive.'
    : 'An administrator of the tenant opens API permissions of the app registration and chooses Grant admin consent. Consent that was just given can take some minutes to arrive.';
const inTenant = (asked: Asked): string =>
  asked.registrant === 'your_team'
    ? consent(asked)
    : 'Compare tenant id and client id of the connection with the Overview of the app registration. If it was deleted, restore it (App registrations › Deleted applications). If it is registered in another tenant, an administrator of this one has to consent to it.';
const rightTenant = 'Compare tenant id, client id and cloud of the connection with those of the app registration.';
/** Whoever reads it may have a run before them, or a check: that is never repeated by itself. */
const wait = 'Nothing: it passes by itself, and runs try again.';
const reach =
  'See whether its address can be reached from the servers that run Entrain (name resolution, proxy, firewall). Runs try again by themselves.';
const trust = 'Compare issuer, subject and audience of the federated credential with those of the token that is sent.';
const exclude =
  'Look at the sign-in log of the application (service principal sign-ins) for the policy, and exclude the application or allow the addresses that the requests come from.';
const restricted = 'Have the proxy of the servers that run Entrain allow the tenant, or leave these requests alone.';
const tellUs = 'Report it, with the code and the time: the request was not one that the login service takes.';

/** Microsoft, "Microsoft Entra authentication and authorization error codes", as far as an application without a user can meet them. */
export const numbers: Readonly<Record<string, Row>> = {
  // The proof of who we are.
  7000215: row(
    'registrant',
    'the client secret is wrong; often the id of the secret was given for its value',
    newSecret,
  ),
  7000222: row('registrant', 'the client secret has expired', newSecret),
  7000216: row('your_team', 'no secret, certificate or assertion was sent', 'Give the connection credentials again.'),
  7000218: row('your_team', 'no secret, certificate or assertion was sent', 'Give the connection credentials again.'),
  700027: row('registrant', 'the certificate is not known to the application, or the signature is wrong', certificate),
  700021: row('your_team', 'the assertion names another application than the connection', rightTenant),
  700023: row('your_team', 'the assertion is for another audience', trust),
  700024: row(
    'your_team',
    'the assertion is outside its time: the clock of the server is wrong, or the token of the workload is too old',
    'Set the clock of the servers that run Entrain by NTP; see that the token of the workload is renewed.',
  ),
  1000502: row('registrant', 'the certificate is outside the time it is valid for', newCertificate),
  7000274: row('registrant', 'the certificate is outside the time it is valid for', newCertificate),
  7000214: row('registrant', 'the certificate was revoked', newCertificate),
  7000277: row('registrant', 'the certificate was revoked', newCertificate),
  700025: row(
    'registrant',
    'the application is a public client, which takes no secret or certificate',
    'Switch off Allow public client flows in the app registration (Authentication).',
  ),
  50012: row('registrant', 'the certificate, or what was signed with it, is not accepted', certificate),
  700030: row('registrant', 'the certificate of the application is not valid', certificate),
  70025: row(
    'registrant',
    'the application has no federated credential',
    'Add a federated credential to the app registration.',
  ),
  70021: row('registrant', 'no federated credential of the application fits the token that was sent', trust),
  700211: row('registrant', 'no federated credential of the application names the issuer of the token', trust),
  700212: row('registrant', 'no federated credential of the application names the audience of the token', trust),
  700213: row('registrant', 'no federated credential of the application names the subject of the token', trust),
  700229: row('your_team', 'the token that was sent as a proof is none of an application or workload', trust),
  700222: row('your_team', 'a token of Entra itself was sent as the proof of a workload', trust),
  50027: row('your_team', 'the token that was sent as a proof is malformed', trust),
  50013: row('your_team', 'the token that was sent as a proof is not valid: wrong signature, issuer or time', trust),
  // The application in the tenant.
  700016: row(
    'customer_it',
    'the application is not known in this tenant (has an administrator given consent?)',
    inTenant,
  ),
  700011: row('customer_it', 'the application is not known in this tenant', inTenant),
  7000229: row(
    'customer_it',
    'the application has no service principal in this tenant (has an administrator given consent?)',
    consent,
  ),
  7000112: row(
    'customer_it',
    'the application is disabled in this tenant',
    'Enable it: Enterprise applications › the application › Properties › Enabled for users to sign in.',
  ),
  65001: row('customer_it', 'nobody has consented to the application in this tenant', consent),
  65004: row('customer_it', 'the administrator declined the consent', 'Ask them, and send the link again.'),
  650052: row('customer_it', 'the tenant has no subscription or service principal for what was asked', consent),
  650056: row(
    'registrant',
    'the application is misconfigured: its registration asks for no permission, or the tenant has not consented to it',
    'Add the permissions to the app registration (API permissions), then give admin consent.',
  ),
  650051: row(
    'customer_it',
    'the application is in this tenant already, or is just being set up there',
    'Follow the link again in a minute. If it stays, delete the application under Enterprise applications, and give consent anew.',
  ),
  650053: row(
    'registrant',
    'the application asks for a permission that there is not',
    'Take it out of the app registration (API permissions), then give admin consent.',
  ),
  650054: row(
    'registrant',
    'the application asks for a resource that there is not any more',
    'Take it out of the app registration (API permissions), then give admin consent.',
  ),
  650057: row(
    'registrant',
    'the registration of the application asks for no permission of Microsoft Graph',
    'Add the permissions to the app registration (API permissions), then give admin consent.',
  ),
  65005: row(
    'registrant',
    'the application is misconfigured: what its registration asks for is not known in the tenant',
    'Compare the permissions of the app registration with those of the check, then give admin consent.',
  ),
  90093: row(
    'customer_it',
    'whoever signed in may not give this consent',
    'Sign in with an administrator of the tenant who may grant application permissions.',
  ),
  90095: row(
    'customer_it',
    'whoever signed in may only ask for consent',
    'Have an administrator of the tenant approve the request, or follow the link.',
  ),
  90094: row('customer_it', 'an administrator of the tenant has to consent', consent),
  90099: row('customer_it', 'the application is not authorized in the tenant', consent),
  900971: row('your_team', 'the application has no reply address', 'Add the redirect URI to the app registration.'),
  50011: row(
    'your_team',
    'the redirect URI is not one of the application',
    'Add the redirect URI to the app registration, exactly as it is sent.',
  ),
  500113: row(
    'your_team',
    'the application has no redirect URI, so that nobody can be led back from its consent',
    'Add the redirect URI to the app registration.',
  ),
  50105: row(
    'customer_it',
    'the application may be used by assigned identities only, and this one is not',
    'Assign it, or switch off "Assignment required" of the enterprise application.',
  ),
  50194: row(
    'your_team',
    'the application is registered for one tenant only',
    'Register it as multi-tenant, or name its own tenant.',
  ),
  700054: row('your_team', 'a kind of answer was asked for that the application does not allow', tellUs),
  // The tenant.
  90002: row(
    'your_team',
    'the tenant does not exist in this cloud, or not any more',
    'Ask the customer whether the tenant was deleted. If not, compare tenant id and cloud of the connection with those of the app registration.',
  ),
  90019: row('your_team', 'no tenant was named', rightTenant),
  900382: row('your_team', 'the application is of another cloud', 'Set the cloud of the connection.'),
  50049: row('your_team', 'the cloud is not known', 'Set the cloud of the connection.'),
  500021: row('your_team', 'a proxy on the way lets nobody into this tenant (tenant restrictions)', restricted),
  500022: row('your_team', 'a proxy on the way lets nobody into this tenant (tenant restrictions)', restricted),
  50002: row('your_team', 'a proxy on the way lets nobody into this tenant (tenant restrictions)', restricted),
  5000211: row('your_team', 'a proxy on the way lets nobody into this tenant (tenant restrictions)', restricted),
  900021: row('your_team', 'the tenant id is not valid', rightTenant),
  900023: row('your_team', 'the tenant id is malformed', rightTenant),
  90015: row('your_team', 'the request was too long', tellUs),
  90038: row('your_team', 'the tenant belongs to another national cloud', 'Set the cloud of the connection.'),
  90072: row('customer_it', 'the account belongs to another tenant', rightTenant),
  9001023: row('your_team', 'no tenant was named', rightTenant),
  9002313: row('your_team', 'the request was malformed', tellUs),
  50020: row(
    'customer_it',
    'the account is of another tenant',
    'Sign in with an administrator of the tenant that is to be connected.',
  ),
  50059: row('your_team', 'no tenant was named', rightTenant),
  50128: row('your_team', 'the domain is no domain of a tenant', rightTenant),
  51004: row(
    'customer_it',
    'the account is not in the tenant',
    'Sign in with an administrator of the tenant that is to be connected.',
  ),
  5000225: row(
    'customer_it',
    'the tenant was not used for long, and Microsoft has blocked it',
    'Have an administrator of the tenant ask the support of Microsoft to reactivate it, within 20 days of the block: after that Microsoft deletes the tenant.',
  ),
  5000224: row(
    'customer_it',
    'the tenant is not available any more',
    'See whether the tenant was deleted or disabled.',
  ),
  // Policies.
  53000: row('customer_it', 'a conditional access policy asks for a compliant device', exclude),
  53001: row('customer_it', 'a conditional access policy asks for a joined device', exclude),
  53002: row('customer_it', 'a conditional access policy asks for an approved application', exclude),
  530032: row('customer_it', 'a security policy of the tenant blocks the request', exclude),
  530034: row(
    'customer_it',
    'a delegated administrator is blocked for suspicious activity',
    'Sign in with an administrator of the tenant itself.',
  ),
  53003: row('customer_it', 'a conditional access policy blocks the application', exclude),
  50131: row('customer_it', 'a conditional access policy blocks the request', exclude),
  53011: row(
    'customer_it',
    'the account is blocked for a risk in its own tenant',
    'Sign in with another administrator of the tenant, or have the risk looked at.',
  ),
  500212: row(
    'customer_it',
    'the tenant of the account does not let it into another one (cross-tenant access)',
    'Sign in with an administrator of the tenant that is to be connected.',
  ),
  500213: row(
    'customer_it',
    'the tenant does not let accounts of this other one in (cross-tenant access)',
    'Sign in with an administrator of the tenant that is to be connected.',
  ),
  53004: row('customer_it', 'a sign-in was taken for risky', exclude),
  530035: row('customer_it', 'security defaults block the request', exclude),
  50034: row('customer_it', 'the account does not exist in the tenant', rightTenant),
  50057: row('customer_it', 'the account is disabled', 'Enable it, or use another.'),
  50053: row('customer_it', 'sign-in is blocked, for too many attempts or a bad address', exclude),
  50076: row('customer_it', 'multi-factor authentication is asked for', exclude),
  50079: row('customer_it', 'multi-factor authentication is asked for', exclude),
  50158: row('customer_it', 'an external security check was not passed', exclude),
  500133: row(
    'your_team',
    'the assertion is outside its time: the clock of the server is wrong',
    'Set the clock of the servers that run Entrain by NTP.',
  ),
  // What was asked for.
  70011: row('your_team', 'the scope is not valid in this cloud', 'Set the cloud of the connection.'),
  1002012: row('your_team', 'the scope is not valid in this cloud', 'Set the cloud of the connection.'),
  28002: row('your_team', 'the scope is not valid', tellUs),
  500011: row(
    'your_team',
    'Microsoft Graph is not known in this tenant: it is of another cloud',
    'Set the cloud of the connection.',
  ),
  50001: row(
    'customer_it',
    'Microsoft Graph is not known or is disabled in this tenant',
    'Enable the service principal of Microsoft Graph.',
  ),
  500014: row(
    'customer_it',
    'Microsoft Graph is disabled in this tenant',
    'Enable the service principal of Microsoft Graph.',
  ),
  70001: row('customer_it', 'the application is not known in this tenant, or is disabled', inTenant),
  70002: row('registrant', 'the credentials are wrong', newProof),
  70003: row('your_team', 'the kind of grant is not supported', tellUs),
  70004: row(
    'your_team',
    'the redirect URI is not valid',
    'Add the redirect URI to the app registration, exactly as it is sent.',
  ),
  900144: row('your_team', 'the request lacked a parameter', tellUs),
  90013: row('your_team', 'the request was malformed', tellUs),
  90014: row('your_team', 'the request lacked a field', tellUs),
  90016: row('your_team', 'the request lacked a claim', tellUs),
  1002016: row(
    'your_team',
    'the login service was asked by a version of TLS that it does not take any more',
    'See that no proxy between Entrain and the login service speaks TLS older than 1.2.',
  ),
  90023: row('your_team', 'the request was malformed', tellUs),
  // A sign-in that came back.
  54005: row('customer_it', 'the sign-in was used before', 'Ask for a new link.'),
  70008: row('customer_it', 'the sign-in took too long', 'Ask for a new link.'),
  500112: row('your_team', 'the redirect URI is not the one of the sign-in', tellUs),
  501481: row(
    'customer_it',
    'the sign-in was begun in another browser',
    'Ask for a new link, and stay in one browser.',
  ),
  // What passes.
  50000: row('microsoft', 'the login service could not issue a token', wait),
  50196: row('microsoft', 'the login service saw the same request too often', wait),
  90006: row('microsoft', 'the login service is not available', wait),
  90012: row('microsoft', 'the login service took too long', wait),
  90024: row('microsoft', 'the login service asks to try again', wait),
  90033: row('microsoft', 'the login service had a passing error', wait),
  90051: row('your_team', 'the national cloud is not valid', 'Set the cloud of the connection.'),
  90055: row('microsoft', 'the tenant has asked for too many tokens', wait),
};

/** RFC 6749 §5.2, and our own where there was no answer at all: why that is so is found out on our side, whoever is to blame. */
const words: Readonly<Record<string, Row>> = {
  invalid_client: row('registrant', 'the login service does not accept the credentials', newProof),
  unauthorized_client: row('customer_it', 'the application may not do this in the tenant', inTenant),
  invalid_request: row('your_team', 'the login service does not accept the request', rightTenant),
  invalid_scope: row('your_team', 'the scope is not valid in this cloud', 'Set the cloud of the connection.'),
  invalid_resource: row('your_team', 'Microsoft Graph is not known there', 'Set the cloud of the connection.'),
  invalid_grant: row('customer_it', 'the login service refuses the grant', exclude),
  access_denied: row('customer_it', 'access was denied', consent),
  consent_required: row('customer_it', 'consent is missing', consent),
  permission_denied: row('customer_it', 'the administrator declined the consent', 'Ask them, and send the link again.'),
  login_unreachable: row('your_team', 'it cannot be reached', reach),
  interaction_required: row('customer_it', 'a policy asks for a person', exclude),
};

const unknown: Row = row(
  'microsoft',
  'it gave no answer that we understand',
  'Nothing: runs try again by themselves. If it stays, see whether its address can be reached from the servers that run Entrain.',
);
