import { createHash, randomBytes } from 'node:crypto';
import tls from 'node:tls';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigRefused, databaseIn, parseConfig } from '../src/config.ts';
import { variables } from '../src/config-table.ts';
import { defaultCeilings } from '../src/model/ceilings.ts';

const key = randomBytes(32);
const apiKey = `${'k'.repeat(31)}1`;
const enough = {
  MONGODB_URI: 'mongodb://reader:hunter2@db.internal:27017,db2.internal:27017/entrain?replicaSet=rs0',
  REDIS_URL: 'redis://:hunter3@redis.internal:6379',
  ENTRAIN_ENCRYPTION_KEY: key.toString('base64'),
  ENTRAIN_API_KEYS: `product:${apiKey}`,
};

const refusal = (environment: Record<string, string | undefined>): string => {
  try {
    parseConfig(environment);
  } catch (error) {
    if (error instanceof ConfigRefused) return error.message;
    throw error;
  }
  throw new Error('It was not refused.');
};

describe('a usable environment', () => {
  it('needs only the stores and the keys; everything else has a default', () => {
    const config = parseConfig(enough);
    expect(config.mongodbUri.reveal()).toBe(enough.MONGODB_URI);
    expect(config.encryptionKey.reveal()).toEqual(key);
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      workerPort: null,
      metrics: 'key',
      logLevel: 'info',
      publicUrl: null,
      customCloud: null,
      app: null,
      oidc: null,
      returnUrls: [],
      workload: null,
      egressAllow: [],
      plainHosts: [],
      workerRoles: ['sync', 'provision', 'scheduler', 'webhooks'],
      sliceSecs: 15,
      leastApprovals: 1,
      oldEncryptionKeys: [],
      firstKeyFile: null,
      ceilings: defaultCeilings,
    });
  });

  it('keeps only the SHA-256 of an API key', () => {
    const [first] = parseConfig(enough).apiKeys;
    expect(first?.name).toBe('product');
    expect(first?.digest.reveal()).toEqual(createHash('sha256').update(apiKey).digest());
  });

  it('takes an empty variable for one that is not set', () => {
    expect(parseConfig({ ...enough, ENTRAIN_PORT: '', ENTRAIN_PUBLIC_URL: '' })).toMatchObject({
      port: 8080,
      publicUrl: null,
    });
  });

  it('reads a secret from a file, without the line break editors leave', () => {
    const files: Record<string, string> = { '/run/secrets/redis': 'redis://localhost:6379\n' };
    const { REDIS_URL: _, ...rest } = enough;
    const config = parseConfig({ ...rest, REDIS_URL_FILE: '/run/secrets/redis' }, (path) => files[path] ?? '');
    expect(config.redisUrl.reveal()).toBe('redis://localhost:6379');
  });

  it('reads several API keys and roles', () => {
    const config = parseConfig({
      ...enough,
      ENTRAIN_API_KEYS: `product:${apiKey}, support:${apiKey}2`,
      ENTRAIN_WORKER_ROLES: 'provision, scheduler',
    });
    expect(config.apiKeys.map(({ name }) => name)).toEqual(['product', 'support']);
    expect(config.workerRoles).toEqual(['provision', 'scheduler']);
  });

  it('knows a cloud of its own only when both of its addresses are given', () => {
    const login = { ENTRAIN_CUSTOM_CLOUD_LOGIN_URL: 'https://login.simulator.test:8443/' };
    const graph = { ENTRAIN_CUSTOM_CLOUD_GRAPH_URL: 'https://graph.simulator.test:8443' };
    expect(parseConfig({ ...enough, ...login, ...graph }).customCloud).toEqual({
      loginUrl: 'https://login.simulator.test:8443',
      graphUrl: 'https://graph.simulator.test:8443',
      caFile: null,
    });
    expect(refusal({ ...enough, ...login })).toContain('set both or none');
  });

  it('names the servers that may be reached in plain by their hosts alone', () => {
    const named = { ENTRAIN_PLAIN_HOSTS: 'mongo, redis-0.redis.internal, 10.20.0.7, fd00::7, ::1' };
    expect(parseConfig({ ...enough, ...named }).plainHosts).toEqual([
      'mongo',
      'redis-0.redis.internal',
      '10.20.0.7',
      'fd00::7',
      '::1',
    ]);
  });

  it('says where people sign in, and what their roles are good for', () => {
    const given = {
      ENTRAIN_PUBLIC_URL: 'https://entrain.example',
      ENTRAIN_OIDC_ISSUER: 'https://login.example/realms/acme',
      ENTRAIN_OIDC_CLIENT_ID: 'entrain',
      ENTRAIN_OIDC_CLIENT_SECRET: 'hunter4',
      ENTRAIN_OIDC_ROLES: 'ops=admin, Help Desk=sync+approve',
    };
    const { oidc } = parseConfig({ ...enough, ...given });
    expect(oidc).toMatchObject({ issuer: given.ENTRAIN_OIDC_ISSUER, scope: 'openid profile email', claim: 'groups' });
    expect([...(oidc?.roleScopes ?? [])]).toEqual([
      ['ops', ['admin']],
      ['Help Desk', ['sync', 'approve']],
    ]);
    expect(inspect(oidc)).not.toContain('hunter4');
    for (const name of ['ENTRAIN_OIDC_CLIENT_SECRET', 'ENTRAIN_OIDC_ROLES', 'ENTRAIN_OIDC_ISSUER'])
      expect(refusal({ ...enough, ...given, [name]: undefined })).toContain('set all or none');
    expect(refusal({ ...enough, ...given, ENTRAIN_PUBLIC_URL: undefined })).toContain('needs ENTRAIN_PUBLIC_URL');
    expect(refusal({ ...enough, ...given, ENTRAIN_OIDC_ROLES: 'ops=everything' })).toContain('must name scopes: read');
    expect(refusal({ ...enough, ...given, ENTRAIN_OIDC_ROLES: 'ops' })).toContain('role=scope pairs');
  });
});

describe('a refused environment', () => {
  it.each([
    ['ENTRAIN_PROT', 'ENTRAIN_PORT'],
    ['ENTRAIN_API_KEY', 'ENTRAIN_API_KEYS'],
    ['ENTRAIN_ENCRYPTION_KEY_FIEL', 'ENTRAIN_ENCRYPTION_KEY_FILE'],
    ['ENTRAIN_PORT_FILE', 'ENTRAIN_PORT'],
  ])('names the variable nearest to %s', (given, nearest) => {
    expect(refusal({ ...enough, [given]: '1' })).toContain(
      `${given} is not a variable of Entrain; the nearest is ${nearest}`,
    );
  });

  it('says how many people approve at least what is over a limit', () => {
    expect(parseConfig({ ...enough, ENTRAIN_APPROVALS: '2' }).leastApprovals).toBe(2);
    expect(refusal({ ...enough, ENTRAIN_APPROVALS: '3' })).toContain('ENTRAIN_APPROVALS must be 1 or 2');
  });

  it('leaves the variables of others alone', () => {
    expect(() => parseConfig({ ...enough, PATH: '/bin', MONGODB_USER: 'x' })).not.toThrow();
  });

  it('refuses to start where Node would take any certificate', () => {
    const any = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    expect(() => parseConfig({ ...enough, ...any })).toThrow('NODE_TLS_REJECT_UNAUTHORIZED is 0');
    expect(() => databaseIn({ MONGODB_URI: enough.MONGODB_URI, ...any })).toThrow('NODE_TLS_REJECT_UNAUTHORIZED is 0');
    expect(() => parseConfig({ ...enough, NODE_TLS_REJECT_UNAUTHORIZED: '1' })).not.toThrow();
  });

  it.each(['--tls-min-v1.0', '--max-old-space-size=512 --tls_min_v1.1'])(
    'refuses to start where Node would speak an older TLS than it does by itself: %s',
    (options) => {
      expect(['TLSv1.2', 'TLSv1.3']).toContain(tls.DEFAULT_MIN_VERSION);
      const old = { NODE_OPTIONS: options };
      expect(() => parseConfig({ ...enough, ...old })).toThrow('TLS older than 1.2');
      expect(() => databaseIn({ MONGODB_URI: enough.MONGODB_URI, ...old })).toThrow('TLS older than 1.2');
      expect(() => parseConfig({ ...enough, NODE_OPTIONS: '--tls-min-v1.2' })).not.toThrow();
    },
  );

  it('says everything that is wrong at once', () => {
    const said = refusal({ ENTRAIN_PORT: '99999', ENTRAIN_METRICS: 'yes' });
    for (const part of [
      'MONGODB_URI is required',
      'REDIS_URL is required',
      'ENTRAIN_ENCRYPTION_KEY is required',
      'ENTRAIN_PORT must be a whole number from 0 to 65535',
      'ENTRAIN_METRICS must be off, key or open',
    ]) {
      expect(said).toContain(part);
    }
  });

  it.each([
    ['ENTRAIN_ENCRYPTION_KEY', randomBytes(31).toString('base64')],
    ['ENTRAIN_ENCRYPTION_KEY', randomBytes(32).toString('hex')],
    ['ENTRAIN_API_KEYS', 'product:tooshort'],
    ['ENTRAIN_API_KEYS', `${apiKey}`],
    ['ENTRAIN_API_KEYS', `a:${apiKey},a:${apiKey}2`],
    ['ENTRAIN_PUBLIC_URL', 'http://sync.example'],
    ['ENTRAIN_CUSTOM_CLOUD_GRAPH_URL', 'https://user:pass@graph.example'],
    ['ENTRAIN_WORKER_ROLES', 'sync,everything'],
    ['ENTRAIN_EGRESS_ALLOW', 'https://10.0.0.0/8/path'],
    ['ENTRAIN_EGRESS_ALLOW', 'user@host.example'],
    ['REDIS_URL', 'localhost:6379'],
    ['ENTRAIN_PLAIN_HOSTS', 'redis:6379'],
    ['ENTRAIN_PLAIN_HOSTS', '[fd00::7]'],
    ['ENTRAIN_PLAIN_HOSTS', '*'],
    ['ENTRAIN_APP_CLIENT_ID', 'our-app'],
  ])('refuses %s without repeating its value', (name, value) => {
    const said = refusal({ ...enough, [name]: value });
    expect(said).toContain(name);
    expect(said).not.toContain(value);
  });

  it('refuses a secret given twice, and a file that cannot be read', () => {
    expect(refusal({ ...enough, REDIS_URL_FILE: '/x' })).toContain('REDIS_URL and REDIS_URL_FILE are both set');
    const { REDIS_URL: _, ...rest } = enough;
    expect(refusal({ ...rest, REDIS_URL_FILE: '/does/not/exist' })).toContain(
      'REDIS_URL_FILE names a file that cannot be read',
    );
  });
});

it('tells a program that needs the database alone how that is reached, and asks for nothing else', () => {
  const { MONGODB_URI: uri } = enough;
  const { mongodbUri, plainHosts } = databaseIn({ MONGODB_URI: uri, ENTRAIN_PLAIN_HOSTS: 'mongo', ENTRAIN_PORT: 'x' });
  expect([mongodbUri.reveal(), plainHosts]).toEqual([uri, ['mongo']]);
  expect(databaseIn({ MONGODB_URI_FILE: '/secret' }, () => `${uri}\n`).mongodbUri.reveal()).toBe(uri);
  expect(() => databaseIn({})).toThrow('MONGODB_URI is required');
  expect(() => databaseIn({ MONGODB_URI: 'localhost' })).toThrow(ConfigRefused);
  expect(() => databaseIn({ MONGODB_URI: uri, MONGODB_URI_FILE: '/secret' })).toThrow('are both set');
});

it('prints no secret, however it is printed', () => {
  const config = parseConfig({ ...enough, ENTRAIN_OLD_ENCRYPTION_KEYS: randomBytes(32).toString('base64') });
  const digest = createHash('sha256').update(apiKey).digest();
  for (const printed of [
    inspect(config, { depth: 10, showHidden: true, customInspect: true }),
    JSON.stringify(config),
    `${config.mongodbUri} ${config.encryptionKey}`,
  ]) {
    expect(printed).toContain('[secret]');
    for (const secret of ['hunter2', 'hunter3', apiKey, key.toString('base64'), digest.toString('hex').slice(0, 8)]) {
      expect(printed).not.toContain(secret);
    }
  }
});

it('documents every variable', () => {
  for (const variable of variables) expect(variable.meaning, variable.name).toMatch(/^[A-Z].{15,}[.)]$/);
  expect(variables.filter(({ secret }) => secret).map(({ name }) => name)).toEqual([
    'MONGODB_URI',
    'REDIS_URL',
    'ENTRAIN_ENCRYPTION_KEY',
    'ENTRAIN_OLD_ENCRYPTION_KEYS',
    'ENTRAIN_API_KEYS',
    'ENTRAIN_OIDC_CLIENT_SECRET',
    'ENTRAIN_APP_CLIENT_SECRET',
    'ENTRAIN_APP_CERTIFICATE',
  ]);
});
