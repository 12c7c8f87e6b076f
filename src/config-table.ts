/** Every variable of the environment: its name, its default, what it means and what it may hold. The documentation is made from it. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { apiScopes } from './model/api-key.ts';
import type { CloudName } from './model/connection.ts';
import { type Secret, secret } from './model/secret.ts';
import type { Approvals } from './model/target-record.ts';

/** One caller of the API. Only the SHA-256 of the key is kept: enough to compare, useless to whoever reads it. */
export type ApiKey = { readonly name: string; readonly digest: Secret<Buffer> };
export type WorkerRole = (typeof workerRoles)[number];
export type LogLevel = (typeof logLevels)[number];
/** Who may read /metrics: nobody, callers with an API key, or everyone who can reach the port. */
export type MetricsAccess = (typeof metricsAccess)[number];

const workerRoles = ['sync', 'provision', 'scheduler', 'webhooks'] as const;
const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
const metricsAccess = ['off', 'key', 'open'] as const;
const clouds = ['global', 'us_gov', 'us_gov_dod', 'china', 'custom'] as const satisfies readonly CloudName[];

const whole = (least: number, most: number) =>
  z
    .string('is required')
    .regex(/^\d{1,9}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a whole number from ${least} to ${most}`);
const urlOf = (pattern: RegExp, kinds: string) =>
  z.string('is required').refine((text) => pattern.test(text) && URL.canParse(text), `must be ${kinds}`);
const webUrl = urlOf(/^https:\/\/[^@]+$|^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/, 'an https:// URL');
const secureUrl = urlOf(/^https:\/\/[^@]+$/, 'an https:// URL');
/** An address as it is compared: scheme, host and path, and nothing else. */
const returnUrl = webUrl
  .refine((text) => !/[?#]/.test(text), 'must be addresses without a query')
  .transform((text) => {
    const { origin, pathname } = new URL(text);
    return `${origin}${pathname}`;
  });
const allowed = z
  .string()
  .regex(
    /^(https?:\/\/)?([a-z0-9][a-z0-9.-]*(\/\d{1,2})?|\[[0-9a-f:.]+\]|(?=[0-9a-f.]*:)[0-9a-f:.]+(\/\d{1,3})?)$/i,
    'must be comma separated hosts, addresses or networks, such as scim.corp.example, 10.20.0.0/16 or http://localhost',
  );
/** Operations are kept that long, and what is done about somebody goes by them. */
const fewestLeaverDays = 90;
const leaversKept = `must be 0, or a whole number from ${fewestLeaverDays} to 3650`;
const withoutSlash = (url: string) => url.replace(/(?<!\/)\/+$/, '');
/** One colon belongs to a port, and two to IPv6. */
const bareHost = z
  .string()
  .regex(
    /^(\w[\w.-]*|[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)$/i,
    'must be comma separated host names and addresses, without ports and brackets, such as mongo,10.20.0.7',
  );
const none = <T>(value: T | undefined): T | null => value ?? null;
/** A schema of its own for each variable, as it carries what the variable means. */
const clientSecret = () =>
  z
    .string()
    .min(1)
    .max(1_000)
    .transform((text) => secret(text))
    .optional()
    .transform(none);

const encryptionKey = z
  .string('is required: 32 random bytes in base64 (openssl rand -base64 32)')
  .regex(/^[A-Za-z0-9+/]{43}=$/, 'must be 32 bytes in base64 (openssl rand -base64 32)')
  .transform((text) => secret(Buffer.from(text, 'base64')));

/** Without a version: the newest seals, and each opens what it sealed. */
const keyAddress = z
  .string()
  .regex(
    /^https:\/\/[\w.-]+(:\d{1,5})?\/keys\/[\w-]{1,127}$/,
    'must be https://<vault>/keys/<name>, without a version',
  );

const apiKey = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,62}:[\w.~+/=-]{32,256}$/,
    'must be comma separated name:key pairs, a name of lower-case letters, digits and dashes, a key of at least 32 characters',
  )
  .transform((pair) => ({
    name: pair.slice(0, pair.indexOf(':')),
    digest: secret(
      createHash('sha256')
        .update(pair.slice(pair.indexOf(':') + 1))
        .digest(),
    ),
  }));
const role = z
  .string()
  .regex(
    /^[^=]{1,200}=[a-z]+(\+[a-z]+)*$/,
    'must be comma separated role=scope pairs, several scopes with a plus, such as ops=admin,desk=sync+approve',
  )
  .transform((pair) => ({
    name: pair.slice(0, pair.indexOf('=')),
    scopes: pair.slice(pair.indexOf('=') + 1).split('+'),
  }))
  .pipe(
    z.object({ name: z.string(), scopes: z.array(z.enum(apiScopes, `must name scopes: ${apiScopes.join(', ')}`)) }),
  );
const list = (text: string) => text.split(',').flatMap((part) => part.trim() || []);

type About = { readonly default: string | null; readonly secret?: true; readonly meaning: string };
const about = z.registry<About>();
const variable = <Schema extends z.ZodType>(described: About, schema: Schema): Schema => {
  about.add(schema, described);
  return schema;
};

export const shape = z.object({
  MONGODB_URI: variable(
    {
      default: null,
      secret: true,
      meaning: 'Where the truth is kept: a mongodb:// or mongodb+srv:// URI.',
    },
    // Not a URL to the URL parser: it may name several hosts, or a socket.
    z
      .string('is required')
      .regex(/^mongodb(\+srv)?:\/\/\S+$/, 'must be a mongodb:// or mongodb+srv:// URI')
      .transform((text) => secret(text)),
  ),
  REDIS_URL: variable(
    {
      default: null,
      secret: true,
      meaning:
        'Where wake-ups are queued: a redis:// or rediss:// URL. The server must run with maxmemory-policy noeviction.',
    },
    urlOf(/^rediss?:\/\//, 'a redis:// or rediss:// URL').transform((text) => secret(text)),
  ),
  ENTRAIN_PLAIN_HOSTS: variable(
    {
      default: null,
      meaning:
        'Hosts of MongoDB and Redis, comma separated, that are reached without TLS although they are not this machine: by a way that nobody else is on, such as the network of docker compose.',
    },
    z.string().default('').transform(list).pipe(z.array(bareHost)),
  ),
  ENTRAIN_ENCRYPTION_KEY: variable(
    {
      default: null,
      secret: true,
      meaning: 'The key that seals stored secrets: 32 random bytes in base64 (openssl rand -base64 32).',
    },
    encryptionKey,
  ),
  ENTRAIN_OLD_ENCRYPTION_KEYS: variable(
    {
      default: null,
      secret: true,
      meaning:
        'Earlier encryption keys, comma separated: they open what was sealed before the key was changed, and seal nothing.',
    },
    z.string().default('').transform(list).pipe(z.array(encryptionKey)),
  ),
  ENTRAIN_KEY_VAULT_KEY: variable(
    {
      default: null,
      meaning:
        'A key in Azure Key Vault or a managed HSM that seals stored secrets in place of ENTRAIN_ENCRYPTION_KEY: https://<vault>.vault.azure.net/keys/<name>.',
    },
    keyAddress.optional().transform(none),
  ),
  ENTRAIN_OLD_KEY_VAULT_KEYS: variable(
    {
      default: null,
      meaning: 'Keys in Azure Key Vault, comma separated, that open what they sealed before another took their place.',
    },
    z.string().default('').transform(list).pipe(z.array(keyAddress)),
  ),
  ENTRAIN_DATA_KEY_DAYS: variable(
    {
      default: '365',
      meaning: 'Days after which a stored secret is encrypted anew, by a data key that is made for it then.',
    },
    whole(1, 3_650),
  ),
  ENTRAIN_API_KEYS: variable(
    {
      default: null,
      secret: true,
      meaning:
        'Who may do everything by the API, and make more keys there: comma separated name:key pairs, each key at least 32 characters. Without any, the first start makes one: ENTRAIN_FIRST_KEY_FILE.',
    },
    z
      .string()
      .default('')
      .transform(list)
      .pipe(z.array(apiKey))
      .refine((keys) => new Set(keys.map((key) => key.name)).size === keys.length, 'must not name two keys the same'),
  ),
  ENTRAIN_FIRST_KEY_FILE: variable(
    {
      default: null,
      meaning:
        'Where the first start leaves the key that it makes, where there is none: a file that nobody else reads, in a folder that is there. Without it the key is printed, once, to a terminal alone.',
    },
    z.string().regex(/^\//, 'must be the path of a file, from the root').optional().transform(none),
  ),
  ENTRAIN_HOST: variable(
    { default: '127.0.0.1', meaning: 'The address that the API listens on, and a worker with ENTRAIN_WORKER_PORT.' },
    z.string().regex(/^[\w.:-]+$/, 'must be a host name or an address'),
  ),
  ENTRAIN_PORT: variable({ default: '8080', meaning: 'The port the API listens on.' }, whole(0, 65_535)),
  ENTRAIN_WORKER_PORT: variable(
    {
      default: null,
      meaning:
        'The port a worker answers /livez, /readyz and /metrics on, at ENTRAIN_HOST. Without it a worker listens on nothing.',
    },
    whole(0, 65_535).optional().transform(none),
  ),
  ENTRAIN_PUBLIC_URL: variable(
    { default: null, meaning: 'The URL under which the API is reached from outside; part of the links it hands out.' },
    webUrl.transform(withoutSlash).optional().transform(none),
  ),
  ENTRAIN_TRUSTED_PROXIES: variable(
    {
      default: '0',
      meaning:
        'How many proxies of yours a call comes through: the address of a caller is taken from the X-Forwarded-For of the last so many. 0: from the connection itself.',
    },
    whole(0, 10),
  ),
  ENTRAIN_KEY_CALLS_PER_MINUTE: variable(
    { default: '6000', meaning: 'How many calls one API key may make in a minute.' },
    whole(1, 1_000_000),
  ),
  ENTRAIN_ADDRESS_CALLS_PER_MINUTE: variable(
    {
      default: '12000',
      meaning: 'How many calls may come from one IP address (or one /64 of IPv6) in a minute, whoever makes them.',
    },
    whole(1, 1_000_000),
  ),
  ENTRAIN_WRONG_KEYS_PER_QUARTER_HOUR: variable(
    {
      default: '10',
      meaning: 'How many calls with a key that is none of ours may come from one such address in 15 minutes.',
    },
    whole(1, 1_000_000),
  ),
  ENTRAIN_MOST_CONNECTIONS: variable(
    { default: '1000', meaning: 'How many connections one organization may have, and so how many setup links.' },
    whole(1, 100_000),
  ),
  ENTRAIN_MOST_TARGETS: variable(
    { default: '20', meaning: 'How many targets one connection may have.' },
    whole(1, 1_000),
  ),
  ENTRAIN_MOST_WEBHOOKS: variable(
    {
      default: '20',
      meaning: 'How many webhooks one organization may have: a message to each is sent for whatever happens.',
    },
    whole(1, 1_000),
  ),
  ENTRAIN_MOST_API_KEYS: variable(
    { default: '100', meaning: 'How many API keys that are in force may be limited to one organization.' },
    whole(1, 10_000),
  ),
  ENTRAIN_OIDC_ISSUER: variable(
    {
      default: null,
      meaning:
        'The OpenID Connect issuer that people sign in at. Needs the client, ENTRAIN_OIDC_ROLES and ENTRAIN_PUBLIC_URL; without it only keys call.',
    },
    webUrl.optional().transform(none),
  ),
  ENTRAIN_OIDC_CLIENT_ID: variable(
    {
      default: null,
      meaning: 'The client that Entrain is there, with the redirect URI <ENTRAIN_PUBLIC_URL>/auth/callback.',
    },
    z.string().min(1).max(300).optional().transform(none),
  ),
  ENTRAIN_OIDC_CLIENT_SECRET: variable(
    { default: null, secret: true, meaning: 'The secret of that client.' },
    clientSecret(),
  ),
  ENTRAIN_OIDC_SCOPE: variable(
    {
      default: 'openid profile email',
      meaning: 'What is asked for there; it must include openid, and whatever brings the claim.',
    },
    z.string().regex(/^openid( [\x21\x23-\x5b\x5d-\x7e]+)*$/, 'must be openid, and further scopes after it'),
  ),
  ENTRAIN_OIDC_CLAIM: variable(
    {
      default: 'groups',
      meaning: 'The claim that names the groups or roles of a person, in the ID token or at the userinfo endpoint.',
    },
    z.string().min(1).max(200),
  ),
  ENTRAIN_OIDC_ROLES: variable(
    {
      default: null,
      meaning:
        'What these are good for: comma separated role=scope pairs, several scopes with a plus, such as ops=admin,desk=sync+approve. Whoever has none of them is not let in.',
    },
    z.string().default('').transform(list).pipe(z.array(role)),
  ),
  ENTRAIN_METRICS: variable(
    {
      default: 'key',
      meaning:
        'Who may read /metrics: off (nobody), key (callers with an API key), open (everyone who reaches the port).',
    },
    z.enum(metricsAccess, 'must be off, key or open'),
  ),
  ENTRAIN_LOG_LEVEL: variable(
    { default: 'info', meaning: 'The least severe log line that is written: debug, info, warn, error or silent.' },
    z.enum(logLevels, 'must be debug, info, warn, error or silent'),
  ),
  ENTRAIN_APP_CLIENT_ID: variable(
    {
      default: null,
      meaning:
        'The client id of a multi-tenant application of yours: tenants are connected by admin consent to it. Needs a secret or certificate, and ENTRAIN_PUBLIC_URL.',
    },
    z
      .guid('must be a GUID')
      .transform((id) => id.toLowerCase())
      .optional()
      .transform(none),
  ),
  ENTRAIN_APP_CLIENT_SECRET: variable(
    { default: null, secret: true, meaning: 'A client secret of that application.' },
    clientSecret(),
  ),
  ENTRAIN_APP_CLIENT_SECRET_ENDS_AT: variable(
    {
      default: null,
      meaning:
        'The day on which that secret ends (2027-03-01): it is told as it comes near. A certificate says it itself.',
    },
    z.iso
      .date('must be a day, such as 2027-03-01')
      .transform((day) => new Date(day))
      .optional()
      .transform(none),
  ),
  ENTRAIN_APP_CERTIFICATE: variable(
    {
      default: null,
      secret: true,
      meaning: 'In place of a secret: a certificate of that application with its private key, in PEM; best as a file.',
    },
    z
      .string()
      .refine((pem) => /-----BEGIN CERTIFICATE-----/.test(pem) && /-----BEGIN (RSA )?PRIVATE KEY-----/.test(pem), {
        message: 'must be PEM with a certificate and its unencrypted private key',
      })
      .transform((text) => secret(text))
      .optional()
      .transform(none),
  ),
  ENTRAIN_WORKLOAD_TOKEN_FILE: variable(
    {
      default: null,
      meaning:
        'A file with a token of the workload that Entrain runs as, which the platform renews: applications that trust it need no secret.',
    },
    z.string().optional().transform(none),
  ),
  ENTRAIN_MANAGED_IDENTITY: variable(
    {
      default: null,
      meaning:
        'In place of such a file: the client id of the user-assigned managed identity of Azure that Entrain runs as.',
    },
    z.guid('must be a GUID').optional().transform(none),
  ),
  ENTRAIN_APP_CLOUD: variable(
    {
      default: 'global',
      meaning: 'The cloud that application is registered in: global, us_gov, us_gov_dod, china or custom.',
    },
    z.enum(clouds, 'must be global, us_gov, us_gov_dod, china or custom'),
  ),
  ENTRAIN_RETURN_URLS: variable(
    {
      default: null,
      meaning:
        'Where an administrator may be sent back to after connecting a tenant: comma separated addresses, without a query.',
    },
    z.string().default('').transform(list).pipe(z.array(returnUrl)),
  ),
  ENTRAIN_CUSTOM_CLOUD_LOGIN_URL: variable(
    {
      default: null,
      meaning: 'The login endpoint of a cloud that is not in the list, for connections whose cloud is custom.',
    },
    secureUrl.transform(withoutSlash).optional().transform(none),
  ),
  ENTRAIN_CUSTOM_CLOUD_GRAPH_URL: variable(
    { default: null, meaning: 'The Graph endpoint of that cloud.' },
    secureUrl.transform(withoutSlash).optional().transform(none),
  ),
  ENTRAIN_CUSTOM_CLOUD_CA_FILE: variable(
    {
      default: null,
      meaning: 'A PEM file with the certificate authority of that cloud, trusted for it in addition to the usual ones.',
    },
    z.string().optional().transform(none),
  ),
  ENTRAIN_EGRESS_ALLOW: variable(
    {
      default: null,
      meaning:
        'What may be called although it is not public: comma separated hosts, addresses and networks (scim.corp.example, 10.20.0.0/16), with http:// in front also without TLS, for trials.',
    },
    z.string().default('').transform(list).pipe(z.array(allowed)),
  ),
  ENTRAIN_WORKER_ROLES: variable(
    { default: workerRoles.join(','), meaning: `What this worker does: any of ${workerRoles.join(', ')}.` },
    z
      .string()
      .transform(list)
      .pipe(
        z.array(z.enum(workerRoles, `must be any of ${workerRoles.join(', ')}`)).min(1, 'must name at least one role'),
      ),
  ),
  ENTRAIN_SLICE_SECS: variable(
    { default: '15', meaning: 'Seconds a worker stays with one connection or target before the next has its turn.' },
    whole(1, 300),
  ),
  ENTRAIN_PLAN_APPROVED_HOURS: variable(
    {
      default: '24',
      meaning: 'Hours after which an approved plan that nobody began is not carried out any more, and planned anew.',
    },
    whole(1, 168),
  ),
  ENTRAIN_PLAN_WAITING_DAYS: variable(
    { default: '7', meaning: 'Days after which a plan that nobody decided on is planned anew.' },
    whole(1, 30),
  ),
  ENTRAIN_APPROVALS: variable(
    {
      default: '1',
      meaning:
        'How many people have to approve what is over a limit of a target at least, 1 or 2, whatever the target says.',
    },
    z.enum(['1', '2'], 'must be 1 or 2').transform((text): Approvals => (text === '2' ? 2 : 1)),
  ),
  ENTRAIN_LEAVERS_KEPT_DAYS: variable(
    {
      default: '400',
      meaning:
        'Days that it is kept what people who left looked like, and which accounts were theirs, counted from when the last of these was settled. 0: until the connection is removed.',
    },
    z
      .string()
      .regex(/^(0|[1-9]\d{1,3})$/, leaversKept)
      .transform(Number)
      .refine((days) => days === 0 || (days >= fewestLeaverDays && days <= 3_650), leaversKept)
      .transform((days) => (days === 0 ? null : days)),
  ),
  ENTRAIN_SYNC_CONCURRENCY: variable(
    { default: '4', meaning: 'How many connections one worker reads at once.' },
    whole(1, 100),
  ),
  ENTRAIN_PROVISION_CONCURRENCY: variable(
    { default: '8', meaning: 'How many targets one worker writes to at once.' },
    whole(1, 100),
  ),
  ENTRAIN_QUEUE_PREFIX: variable(
    {
      default: '{entrain}',
      meaning: 'What the keys in Redis begin with. The braces keep them on one node of a cluster.',
    },
    z.string().regex(/^(\{[\w-]{1,40}\}|[\w-]{1,40})$/, 'must be letters, digits and dashes, optionally in braces'),
  ),
});

export type VariableName = keyof z.output<typeof shape>;
export type Variable = {
  readonly name: string;
  readonly default: string | null;
  readonly isRequired: boolean;
  readonly secret: boolean;
  readonly meaning: string;
};

/** Every variable, for the documentation. A secret one can also be given as the path of a file, in the variable of the same name plus `_FILE`. */
export const variables: readonly Variable[] = Object.entries(shape.shape).flatMap(([name, schema]) => {
  const described = about.get(schema);
  if (described === undefined) return [];
  const { secret: isSecret = false, meaning } = described;
  const isRequired = described.default === null && !schema.safeParse(undefined).success;
  return [{ name, default: described.default, isRequired, secret: isSecret, meaning }];
});
