/** The environment, parsed once into what the rest of the program reads. */

import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import {
  type ApiKey,
  type LogLevel,
  type MetricsAccess,
  shape,
  type Variable,
  variables,
  type WorkerRole,
} from './config-table.ts';
import type { ApiScope } from './model/api-key.ts';
import type { Ceilings } from './model/ceilings.ts';
import type { CloudName } from './model/connection.ts';
import type { PlanAges } from './model/plan.ts';
import type { Secret } from './model/secret.ts';
import type { Approvals } from './model/target-record.ts';

export type CustomCloud = { readonly loginUrl: string; readonly graphUrl: string; readonly caFile: string | null };

export type WorkloadConfig =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'managed_identity'; readonly clientId: string };

/** Addresses in Azure Key Vault. `wraps`: the first of them seals, and not only opens what it sealed before. */
export type KeyVaultConfig = { readonly keys: readonly [string, ...string[]]; readonly wraps: boolean };
/** In a minute, of one key and of one address; with a wrong key in 15 minutes, of one address. */
export type AllowedCalls = { readonly ofKey: number; readonly ofAddress: number; readonly wrongKeys: number };

/** An application of our own that tenants consent to. */
export type AppConfig = {
  readonly clientId: string;
  readonly cloud: CloudName;
  /** As somebody says. */
  readonly secretEndsAt: Date | null;
  readonly proof:
    | { readonly kind: 'client_secret'; readonly secret: Secret<string> }
    | { readonly kind: 'certificate'; readonly pem: Secret<string> }
    | { readonly kind: 'workload_identity' };
};

/** Where people sign in, and what their roles are good for here. */
export type OidcConfig = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret<string>;
  readonly scope: string;
  readonly claim: string;
  readonly roleScopes: ReadonlyMap<string, readonly ApiScope[]>;
};

export type Config = {
  readonly mongodbUri: Secret<string>;
  readonly redisUrl: Secret<string>;
  /** Of MongoDB and Redis, where they may be reached without TLS. */
  readonly plainHosts: readonly string[];
  readonly encryptionKey: Secret<Buffer>;
  /** Keys that still open what was sealed before a rotation. */
  readonly oldEncryptionKeys: readonly Secret<Buffer>[];
  /** Keys that are kept elsewhere. */
  readonly keyVault: KeyVaultConfig | null;
  readonly apiKeys: readonly ApiKey[];
  /** Where the first key is left; null: it is printed where a person looks on. */
  readonly firstKeyFile: string | null;
  readonly host: string;
  readonly port: number;
  /** Null: workers listen on nothing. */
  readonly workerPort: number | null;
  readonly publicUrl: string | null;
  readonly trustedProxies: number;
  readonly allowedCalls: AllowedCalls;
  readonly ceilings: Ceilings;
  readonly oidc: OidcConfig | null;
  readonly metrics: MetricsAccess;
  readonly logLevel: LogLevel;
  readonly app: AppConfig | null;
  /** Scheme, host and path of each. */
  readonly returnUrls: readonly string[];
  /** What Entrain runs as, for applications that trust it. */
  readonly workload: WorkloadConfig | null;
  readonly customCloud: CustomCloud | null;
  /** Hosts, addresses and networks that may be called although they are not public. */
  readonly egressAllow: readonly string[];
  readonly workerRoles: readonly WorkerRole[];
  readonly sliceSecs: number;
  readonly planAges: PlanAges;
  readonly leastApprovals: Approvals;
  readonly dataKeyMs: number;
  /** Null: for as long as their connection is there. */
  readonly leaversKeptDays: number | null;
  readonly syncConcurrency: number;
  readonly provisionConcurrency: number;
  readonly queuePrefix: string;
};

/** Everything that is wrong with the environment, at once. No line holds a value. */
export class ConfigRefused extends Error {
  override readonly name = 'ConfigRefused';
  readonly issues: readonly string[];
  constructor(issues: readonly string[]) {
    super(`The configuration cannot be used:\n${issues.map((issue) => `  - ${issue}`).join('\n')}`);
    this.issues = issues;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

type ReadFile = (path: string) => string;
const fromDisk: ReadFile = (path) => readFileSync(path, 'utf8');

/** Throws `ConfigRefused` with every fault it finds. */
export const parseConfig = (environment: Environment, readFile: ReadFile = fromDisk): Config =>
  toConfig(parsedBy(shape, { environment, readFile, issues: [...unknownNames(environment), ...weakTls(environment)] }));

/**
 * Node then takes any certificate, of databases, Microsoft and targets, whatever their addresses say; or speaks versions of TLS that are no protection
 * (RFC 8996), where the other side does.
 */
const weakTls = (environment: Environment): readonly string[] => [
  ...(environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0'
    ? [
        'NODE_TLS_REJECT_UNAUTHORIZED is 0, by which any certificate is taken: leave it out, and name an authority of your own in NODE_EXTRA_CA_CERTS',
      ]
    : []),
  ...([environment['NODE_OPTIONS'] ?? '', ...process.execArgv].some((text) => /--tls[-_]min[-_]v1\.[01]/.test(text))
    ? ['Node is set to speak TLS older than 1.2 (--tls-min-v1.0 or --tls-min-v1.1): take that out of its options']
    : []),
];

/** How the database is reached, for a program that needs no other setting. Throws `ConfigRefused`. */
export const databaseIn = (
  environment: Environment,
  readFile: ReadFile = fromDisk,
): Pick<Config, 'mongodbUri' | 'plainHosts'> => {
  const given = parsedBy(ofDatabase, { environment, readFile, issues: [...weakTls(environment)] });
  return { mongodbUri: given.MONGODB_URI, plainHosts: given.ENTRAIN_PLAIN_HOSTS };
};
const ofDatabase = shape.pick({ MONGODB_URI: true, ENTRAIN_PLAIN_HOSTS: true });

type Given = { readonly environment: Environment; readonly readFile: ReadFile; readonly issues: string[] };

const parsedBy = <S extends z.ZodObject>(schema: S, given: Given): z.output<S> => {
  const wanted = variables.filter(({ name }) => Object.hasOwn(schema.shape, name));
  const parsed = schema.safeParse(Object.fromEntries(wanted.map((each) => [each.name, textOf(each, given)])));
  const { issues } = given;
  if (!parsed.success)
    issues.push(...parsed.error.issues.map((issue) => `${issue.path[0]?.toString()} ${issue.message}`));
  if (issues.length > 0 || !parsed.success) throw new ConfigRefused(issues);
  return parsed.data;
};

const textOf = (
  { name, secret, ...variable }: Variable,
  { environment, readFile, issues }: Given,
): string | undefined => {
  const direct = environment[name] || undefined;
  const path = secret ? environment[`${name}_FILE`] || undefined : undefined;
  if (direct !== undefined && path !== undefined) issues.push(`${name} and ${name}_FILE are both set: keep one`);
  if (direct !== undefined || path === undefined) return direct ?? variable.default ?? undefined;
  try {
    return readFile(path).trim();
  } catch {
    issues.push(`${name}_FILE names a file that cannot be read`);
    return undefined;
  }
};

const toConfig = (given: z.output<typeof shape>): Config => ({
  mongodbUri: given.MONGODB_URI,
  redisUrl: given.REDIS_URL,
  plainHosts: given.ENTRAIN_PLAIN_HOSTS,
  encryptionKey: given.ENTRAIN_ENCRYPTION_KEY,
  oldEncryptionKeys: given.ENTRAIN_OLD_ENCRYPTION_KEYS,
  keyVault: keyVaultOf(given),
  apiKeys: given.ENTRAIN_API_KEYS,
  firstKeyFile: given.ENTRAIN_FIRST_KEY_FILE,
  host: given.ENTRAIN_HOST,
  port: given.ENTRAIN_PORT,
  workerPort: given.ENTRAIN_WORKER_PORT,
  publicUrl: given.ENTRAIN_PUBLIC_URL,
  trustedProxies: given.ENTRAIN_TRUSTED_PROXIES,
  allowedCalls: {
    ofKey: given.ENTRAIN_KEY_CALLS_PER_MINUTE,
    ofAddress: given.ENTRAIN_ADDRESS_CALLS_PER_MINUTE,
    wrongKeys: given.ENTRAIN_WRONG_KEYS_PER_QUARTER_HOUR,
  },
  ceilings: {
    connections: given.ENTRAIN_MOST_CONNECTIONS,
    targets: given.ENTRAIN_MOST_TARGETS,
    webhooks: given.ENTRAIN_MOST_WEBHOOKS,
    apiKeys: given.ENTRAIN_MOST_API_KEYS,
  },
  oidc: oidcOf(given),
  metrics: given.ENTRAIN_METRICS,
  logLevel: given.ENTRAIN_LOG_LEVEL,
  app: appOf(given),
  workload: workloadOf(given),
  returnUrls: given.ENTRAIN_RETURN_URLS,
  customCloud: customCloud(given),
  egressAllow: given.ENTRAIN_EGRESS_ALLOW,
  workerRoles: given.ENTRAIN_WORKER_ROLES,
  sliceSecs: given.ENTRAIN_SLICE_SECS,
  leaversKeptDays: given.ENTRAIN_LEAVERS_KEPT_DAYS,
  planAges: {
    approvedMs: given.ENTRAIN_PLAN_APPROVED_HOURS * 3_600_000,
    waitingMs: given.ENTRAIN_PLAN_WAITING_DAYS * 86_400_000,
  },
  leastApprovals: given.ENTRAIN_APPROVALS,
  dataKeyMs: given.ENTRAIN_DATA_KEY_DAYS * 86_400_000,
  syncConcurrency: given.ENTRAIN_SYNC_CONCURRENCY,
  provisionConcurrency: given.ENTRAIN_PROVISION_CONCURRENCY,
  queuePrefix: given.ENTRAIN_QUEUE_PREFIX,
});

const keyVaultOf = (given: z.output<typeof shape>): KeyVaultConfig | null => {
  const { ENTRAIN_KEY_VAULT_KEY: key, ENTRAIN_OLD_KEY_VAULT_KEYS: older } = given;
  const [first, ...others] = [...(key === null ? [] : [key]), ...older];
  return first === undefined ? null : { keys: [first, ...others], wraps: key !== null };
};

const appOf = (given: z.output<typeof shape>): AppConfig | null => {
  const { ENTRAIN_APP_CLIENT_ID: clientId, ENTRAIN_APP_CLIENT_SECRET: secret, ENTRAIN_APP_CERTIFICATE: pem } = given;
  const cloud = given.ENTRAIN_APP_CLOUD;
  if (clientId === null && secret === null && pem === null) return null;
  const workload = workloadOf(given);
  const isProved = secret === null && pem === null ? workload !== null : (secret === null) !== (pem === null);
  if (clientId === null || !isProved)
    throw new ConfigRefused([
      'ENTRAIN_APP_CLIENT_ID needs either ENTRAIN_APP_CLIENT_SECRET or ENTRAIN_APP_CERTIFICATE (or the identity of a workload, and neither), and they need it',
    ]);
  if (given.ENTRAIN_PUBLIC_URL === null)
    throw new ConfigRefused(['ENTRAIN_APP_CLIENT_ID needs ENTRAIN_PUBLIC_URL: administrators come back to it']);
  if (cloud === 'custom' && customCloud(given) === null)
    throw new ConfigRefused(['ENTRAIN_APP_CLOUD is custom, but no custom cloud is described']);
  const secretEndsAt = given.ENTRAIN_APP_CLIENT_SECRET_ENDS_AT;
  if (pem !== null) return { clientId, cloud, secretEndsAt, proof: { kind: 'certificate', pem } };
  return {
    clientId,
    cloud,
    secretEndsAt,
    proof: secret === null ? { kind: 'workload_identity' } : { kind: 'client_secret', secret },
  };
};

const oidcOf = (given: z.output<typeof shape>): OidcConfig | null => {
  const { ENTRAIN_OIDC_ISSUER: issuer, ENTRAIN_OIDC_CLIENT_ID: clientId, ENTRAIN_OIDC_ROLES: roles } = given;
  const clientSecret = given.ENTRAIN_OIDC_CLIENT_SECRET;
  if (issuer === null && clientId === null && clientSecret === null && roles.length === 0) return null;
  if (issuer === null || clientId === null || clientSecret === null || roles.length === 0)
    throw new ConfigRefused([
      'ENTRAIN_OIDC_ISSUER, ENTRAIN_OIDC_CLIENT_ID, ENTRAIN_OIDC_CLIENT_SECRET and ENTRAIN_OIDC_ROLES belong together: set all or none',
    ]);
  if (given.ENTRAIN_PUBLIC_URL === null)
    throw new ConfigRefused(['ENTRAIN_OIDC_ISSUER needs ENTRAIN_PUBLIC_URL: people come back to it']);
  const roleScopes = new Map(roles.map(({ name, scopes }) => [name, scopes]));
  return {
    issuer,
    clientId,
    clientSecret,
    scope: given.ENTRAIN_OIDC_SCOPE,
    claim: given.ENTRAIN_OIDC_CLAIM,
    roleScopes,
  };
};

const workloadOf = (given: z.output<typeof shape>): WorkloadConfig | null => {
  const { ENTRAIN_WORKLOAD_TOKEN_FILE: path, ENTRAIN_MANAGED_IDENTITY: identity } = given;
  if (path !== null && identity !== null)
    throw new ConfigRefused(['ENTRAIN_WORKLOAD_TOKEN_FILE and ENTRAIN_MANAGED_IDENTITY are both set: keep one']);
  if (path !== null) return { kind: 'file', path };
  return identity === null ? null : { kind: 'managed_identity', clientId: identity };
};

const customCloud = (given: z.output<typeof shape>): CustomCloud | null => {
  const { ENTRAIN_CUSTOM_CLOUD_LOGIN_URL: loginUrl, ENTRAIN_CUSTOM_CLOUD_GRAPH_URL: graphUrl } = given;
  const caFile = given.ENTRAIN_CUSTOM_CLOUD_CA_FILE;
  if (loginUrl !== null && graphUrl !== null) return { loginUrl, graphUrl, caFile };
  if (loginUrl === null && graphUrl === null && caFile === null) return null;
  throw new ConfigRefused([
    'ENTRAIN_CUSTOM_CLOUD_LOGIN_URL and ENTRAIN_CUSTOM_CLOUD_GRAPH_URL belong together (and a CA file to them): set both or none',
  ]);
};

const unknownNames = (environment: Environment): string[] => {
  const known = variables.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]));
  return Object.keys(environment)
    .filter((name) => name.startsWith('ENTRAIN_') && !known.includes(name))
    .map((name) => `${name} is not a variable of Entrain; the nearest is ${nearest(name, known)}`);
};

const nearest = (name: string, known: readonly string[]): string =>
  known.reduce((best, next) => (distance(name, next) < distance(name, best) ? next : best));

/** Levenshtein distance: how many letters have to be added, dropped or replaced. */
const distance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const [replace = 0, drop = 0, add = 0] = [row[j], row[j + 1], next[j]];
      next.push(Math.min(replace + (letter === other ? 0 : 1), drop + 1, add + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
};
