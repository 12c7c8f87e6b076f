import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { variables } from '../../src/config-table.ts';
import { judgeWays } from '../../src/core/plain-ways.ts';
import { wayToRedis } from '../../src/queue/redis.ts';
import { wayToMongo } from '../../src/store/mongo/connect.ts';
import { redisAccount } from '../support/accounts.ts';

const root = join(import.meta.dirname, '../..');
const read = (name: string) => readFileSync(join(root, name), 'utf8');

const service = z.object({
  image: z.string(),
  env_file: z.string().optional(),
  environment: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  command: z.array(z.string()).optional(),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  entrypoint: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
  user: z.string().optional(),
});
const composeFile = z.object({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});

const compose = composeFile.parse(parse(read('docker-compose.yml'), { merge: true }));
const services = Object.entries(compose.services);
/** What the compose files alone know: the passwords of the servers they bring, and which account at a MongoDB elsewhere is whose. */
const composeOnly = [
  'MONGO_PASSWORD',
  'MONGO_API_PASSWORD',
  'MONGO_WORKER_PASSWORD',
  'MONGODB_API_URI',
  'MONGODB_WORKER_URI',
  'REDIS_PASSWORD',
];

/** What a variable of a service is, by what stands in `.env`; what has to stand there, and does not, is put as `word-<NAME>`. */
const valueIn = (of: string, name: string, given: Readonly<Record<string, string>>): string => {
  let text = String(compose.services[of]?.environment?.[name]);
  const filled = () =>
    text
      .replaceAll(/\$\{(\w+):\?[^{}]*\}/g, (_, one: string) => given[one] ?? `word-${one}`)
      .replaceAll(/\$\{(\w+):-([^{}]*)\}/g, (_, one: string, otherwise: string) => given[one] ?? otherwise);
  while (text !== filled()) text = filled();
  return text;
};
const defaultOf = (of: string, name: string): string => valueIn(of, name, {});

describe('.env.example', () => {
  const example = read('.env.example');
  const named = [...example.matchAll(/^(?:# )?([A-Z][A-Z_]*)=(.*)$/gm)].map(([, name = '', value = '']) => ({
    name,
    value,
  }));
  const names = new Set(named.map(({ name }) => name));

  it('names every variable that Entrain knows, and no other', () => {
    expect([...names].sort()).toEqual([...variables.map(({ name }) => name), ...composeOnly].sort());
  });

  it('shows the defaults that Entrain has', () => {
    for (const variable of variables.filter((one) => one.default !== null))
      expect(named.filter(({ name }) => name === variable.name)).toEqual([
        { name: variable.name, value: variable.default },
      ]);
  });

  it('holds no value that is in force', () => {
    expect([...example.matchAll(/^[A-Z_]+=.+$/gm)]).toEqual([]);
  });

  it('names whatever docker compose fills in', () => {
    const filled = ['docker-compose.yml', 'docker-compose.simulator.yml'].flatMap((file) => [
      ...read(file).matchAll(/(?<!\$)\$\{([A-Z_]+)/g),
    ]);
    expect(filled.map(([, name]) => name).filter((name) => name === undefined || !names.has(name))).toEqual([]);
  });
});

describe('docker-compose.yml', () => {
  it('publishes the API alone, and to this machine alone', () => {
    const published = services.flatMap(([name, { ports = [] }]) => ports.map((port) => ({ name, port })));
    expect(published).toEqual([{ name: 'api', port: expect.stringMatching(/^127\.0\.0\.1:.+:8080$/) }]);
  });

  it('sets only variables that Entrain knows', () => {
    const known = new Set([...variables.map(({ name }) => name), ...composeOnly]);
    for (const name of ['api', 'worker']) {
      const set = Object.keys(compose.services[name]?.environment ?? {});
      expect(set.filter((variable) => !known.has(variable))).toEqual([]);
    }
  });

  it('names the servers of its own that it reaches in plain, and no other', async () => {
    const unless = (name: string): string => defaultOf('api', name);
    const ways = [await wayToMongo(unless('MONGODB_URI')), await wayToRedis(unless('REDIS_URL'))];
    const plain = ways.flatMap(({ hosts }) => hosts);
    expect(unless('ENTRAIN_PLAIN_HOSTS')).toBe(plain.join(','));
    expect(plain.filter((host) => !Object.hasOwn(compose.services, host))).toEqual([]);
    expect(judgeWays(ways, plain)).toMatchObject({ refused: [], plain: [{ server: 'MongoDB' }, { server: 'Redis' }] });
  });

  it('runs programs that are there', () => {
    const started = services.flatMap(([, { command = [] }]) =>
      command[0] === 'node' ? command.slice(1).filter((word) => !word.startsWith('--')) : [],
    );
    expect(started).toEqual(['workers/main.ts']);
    expect([...started, 'src/server.ts'].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('starts workers with the flags that npm gives them', () => {
    const { scripts } = z.object({ scripts: z.object({ worker: z.string() }) }).parse(JSON.parse(read('package.json')));
    const flagsOf = (words: readonly string[]) =>
      words.filter((word) => word.startsWith('--') && !word.startsWith('--env-file'));
    expect(flagsOf(compose.services['worker']?.command ?? [])).toEqual(flagsOf(scripts.worker.split(' ')));
    expect(flagsOf(scripts.worker.split(' '))).not.toEqual([]);
  });

  it('keeps Redis from evicting and lets it write to a volume', () => {
    const redis = compose.services['redis'];
    expect(redis?.command?.join(' ')).toMatch(/--maxmemory-policy noeviction --appendonly yes --appendfsync everysec /);
    expect(redis?.volumes).toEqual(['redis-data:/data']);
  });

  it('mounts only volumes that it declares, and declares no other', () => {
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    const ofRepository = mounted.filter((path) => path.startsWith('./'));
    expect(ofRepository.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(mounted.filter((path) => !ofRepository.includes(path)).sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('asks whatever answers on the network how it is', () => {
    const unasked = services.filter(([, { healthcheck }]) => healthcheck === undefined).map(([name]) => name);
    expect(unasked).toEqual(['mongo-accounts']);
  });
});

it('the first key is left where the image lets its user write, and nobody else look', () => {
  const { environment = {}, volumes = [] } = compose.services['api'] ?? {};
  const [, file = ''] = /:-(.+)\}$/.exec(String(environment['ENTRAIN_FIRST_KEY_FILE'])) ?? [];
  expect(volumes).toContain(`keys:${dirname(file)}`);
  expect(read('Dockerfile')).toContain(`RUN mkdir --mode=700 ${dirname(file)} && chown node:node ${dirname(file)}\n`);
  for (const page of ['README.md', 'docs/operating.md']) expect(read(page)).toContain(`api cat ${file}`);
});

describe('the accounts at the MongoDB of docker-compose.yml', () => {
  const accounts = ['api', 'worker'] as const;

  it('are those of docs/operating.md, one for the API and one for the workers', () => {
    expect(defaultOf('api', 'MONGODB_URI')).toBe('mongodb://entrain_api:word-MONGO_API_PASSWORD@mongo:27017/entrain');
    expect(defaultOf('worker', 'MONGODB_URI')).toBe(
      'mongodb://entrain_worker:word-MONGO_WORKER_PASSWORD@mongo:27017/entrain',
    );
  });

  it('may be at a MongoDB elsewhere, one for the API and one for the workers, or the same for both', () => {
    const own = {
      MONGODB_API_URI: 'mongodb+srv://a@cluster/entrain',
      MONGODB_WORKER_URI: 'mongodb+srv://w@cluster/entrain',
    };
    const same = { MONGODB_URI: 'mongodb+srv://entrain@cluster/entrain' };
    expect(accounts.map((name) => valueIn(name, 'MONGODB_URI', { ...own, ...same }))).toEqual(Object.values(own));
    expect(accounts.map((name) => valueIn(name, 'MONGODB_URI', same))).toEqual([same.MONGODB_URI, same.MONGODB_URI]);
  });

  it('are made by the script of the repository, in that database, before API and workers start', () => {
    const { entrypoint = [], volumes = [], environment = {} } = compose.services['mongo-accounts'] ?? {};
    expect(entrypoint.slice(0, 2)).toEqual(['mongosh', 'mongodb://mongo:27017/entrain']);
    expect(volumes).toEqual([`./scripts/mongo-accounts.js:${entrypoint.at(-1)}:ro`]);
    const read = [...readFileSync(join(root, 'scripts/mongo-accounts.js'), 'utf8').matchAll(/process\.env\.(\w+)/g)];
    for (const [, name = ''] of read) expect(environment[name]).toMatch(new RegExp(`^\\$\\{${name}:\\?`));
    for (const name of accounts)
      expect(compose.services[name]?.depends_on).toMatchObject({
        'mongo-accounts': { condition: 'service_completed_successfully' },
      });
    const administrator = compose.services['mongo']?.environment?.['MONGO_INITDB_ROOT_USERNAME'];
    expect(entrypoint.join(' ')).toContain(
      `db.getSiblingDB('admin').auth('${administrator}', process.env.MONGO_PASSWORD)`,
    );
  });

  it('are all that API and workers know of it: no password of .env reaches them but their own, in MONGODB_URI', () => {
    for (const name of accounts) {
      const { environment = {} } = compose.services[name] ?? {};
      expect(composeOnly.map((password) => [password, environment[password]])).toEqual(
        composeOnly.map((password) => [password, '']),
      );
    }
  });
});

describe('the Redis of docker-compose.yml', () => {
  /** As the shell gets it. */
  const script = (compose.services['redis']?.command?.at(-1) ?? '').replaceAll('$$', '$');
  const [, settings = ''] = /<<END\n([\s\S]*)\nEND\n$/.exec(script) ?? [];
  const users = settings.replaceAll(/\\\n/g, ' ').split('\n');

  it('has the user of docs/operating.md, with these rights, and no other', () => {
    const [, , ...words] = redisAccount({ name: 'entrain', password: 'word', prefix: '$prefix' });
    const theirs = words.map((word) => (word === '>word' ? '#$hash' : word));
    expect(users.map((line) => line.trim().split(/\s+/))).toEqual([
      ['user', 'default', 'off'],
      ['user', ...theirs],
    ]);
    expect(script).toContain(`|| prefix='${variables.find(({ name }) => name === 'ENTRAIN_QUEUE_PREFIX')?.default}'\n`);
  });

  it('is reached by API and workers as that user, and asked how it is', () => {
    for (const name of ['api', 'worker'])
      expect(defaultOf(name, 'REDIS_URL')).toBe('redis://entrain:word-REDIS_PASSWORD@redis:6379');
    expect(compose.services['redis']?.healthcheck?.test.join(' ')).toContain('--user entrain ');
  });
});

describe('the image', () => {
  const stages = read('Dockerfile').split(/^(?=FROM )/m);
  const last = stages.at(-1) ?? '';

  it('runs as a user without rights', () => {
    expect(last).toMatch(/^USER node$/m);
  });

  it('holds no development tools, no database engine and no simulator', () => {
    expect(stages.find((stage) => stage.includes(' AS packages'))).toMatch(/^RUN npm ci --omit=dev --omit=optional$/m);
    expect(last).not.toContain('simulator');
  });

  it('copies only what .dockerignore lets through', () => {
    const letThrough = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, path]) => path);
    const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    );
    expect(copied.filter((path) => !letThrough.includes(path))).toEqual([]);
  });
});
