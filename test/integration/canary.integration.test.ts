/**
 * Secrets that are known by sight go the ways that secrets go in a whole installation, through success, failure and crash, with everything said that can
 * be said (debug); and so does what people look like. Then everything that anybody could look at is searched for them.
 */

import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ourAppAt } from '../../scripts/demo/our-app.ts';
import { type Stack, startStack } from '../../scripts/demo/stack.ts';
import { freePort } from '../../scripts/services/child.ts';
import { type GraphSimulator, startGraph } from '../../simulator/graph/index.ts';
import { type ScimSimulator, startScim } from '../../simulator/scim/index.ts';
import { localKeyName } from '../../src/keys/local.ts';
import { trustCa } from '../../src/source/graph/index.ts';
import * as pfx from '../fixtures/pfx.ts';
import { dumpOfMongo, dumpOfRedis, found } from '../support/canaries.ts';
import { type Certificate, makeCertificate } from '../support/certificate.ts';
import { collections } from '../support/collections.ts';
import { follow } from '../support/follow.ts';
import { freshPrefix } from '../support/fresh.ts';
import { startHearing } from '../support/hearing.ts';
import { type Login, openLogin } from '../support/login.ts';

const canary = (what: string): string => `CANARY~${what}~${randomUUID()}`;
const secrets: Record<string, string> = {
  'client secret': canary('client'),
  'second client secret': canary('second'),
  'wrong client secret': canary('wrong'),
  'token of a target': canary('scim'),
  'secret of our application': canary('app'),
  'password of a database': canary('db').replaceAll('~', '.'),
  'password of a PFX file': pfx.password,
  'wrong password of a PFX file': canary('pfx'),
  'Idempotency-Key': canary('idempotency'),
};
/** What somebody looks like, of whom there is one alone. */
const aPerson = (): Readonly<
  Record<'givenName' | 'surname' | 'displayName' | 'mail' | 'mobilePhone' | 'employeeId', string>
> => {
  const [given, family] = [`Wilhelmina-${randomUUID()}`, `Canary-${randomUUID()}`];
  return {
    givenName: given,
    surname: family,
    displayName: `${family}, ${given}`,
    mail: `canary.${randomUUID()}@mail.example`,
    mobilePhone: `+49 30 ${randomInt(1e11, 1e12)}`,
    employeeId: `E-${randomUUID()}`,
  };
};
/** Whom a target refuses by name, first alone and then with the token; and somebody who leaves a tenant without a target, and is erased. */
const people = { refused: aPerson(), unauthorized: aPerson(), leaver: aPerson() };
/** Each attribute by the part of it that nobody else has, in whatever case a name is written around it. */
const lookOf = (names: readonly (keyof typeof people)[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    names.flatMap((name) =>
      Object.entries(people[name]).map(([attribute, value]) => [
        `${attribute} of ${name}`,
        attribute === 'displayName' ? value : (/[0-9a-f-]{36}/.exec(value)?.[0] ?? value),
      ]),
    ),
  );

const nextKey = randomBytes(32).toString('base64');

let certificate: Certificate;
let graph: GraphSimulator;
let scim: ScimSimulator;
let login: Login;
let hearing: Awaited<ReturnType<typeof startHearing>>;
let stack: Stack;
let prefix: string;
let keptOfLeaver: readonly string[] = [];
const said: string[] = [];
const answers: string[] = [];

type Headers = Readonly<Record<string, string>>;
const call = async (
  method: string,
  path: string,
  body?: unknown,
  raw?: string,
  headers: Headers = { authorization: `Bearer ${stack.apiKey}` },
): Promise<unknown> => {
  const content = raw ?? (body === undefined ? null : JSON.stringify(body));
  const response = await fetch(`${stack.apiUrl}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: content,
  });
  const text = await response.text();
  answers.push(`${JSON.stringify([...response.headers])} ${text}`);
  return text === '' ? null : JSON.parse(text);
};
const idOf = (answer: unknown): string => String(Object(answer).id);

beforeAll(async () => {
  certificate = await makeCertificate();
  const keyLines = certificate.keyPem.split('\n').filter((line) => line.length > 40);
  secrets['key of a certificate'] = keyLines[3] ?? '';
  const port = await freePort();
  const ours = ourAppAt(port, { secret: secrets['secret of our application'] ?? '' });
  const roles = ['User.Read.All', 'GroupMember.Read.All', 'Application.Read.All'];
  graph = await startGraph({
    tenants: [
      { users: 12, apps: [{ secret: secrets['client secret'] ?? '', roles }] },
      { users: 5, apps: [{ certificates: [certificate.pem], roles }] },
      {
        users: 5,
        apps: [ours.registration],
      },
    ],
  });
  trustCa(graph.caPem);
  scim = await startScim({ token: secrets['token of a target'] ?? '' });
  hearing = await startHearing();
  login = await openLogin(`${ours.publicUrl}/auth/callback`);
  login.who = { id: 'ann', groups: ['ops'] };
  secrets['secret of the client that people sign in at'] = login.client.secret;
  ({ prefix } = freshPrefix());
  stack = await startStack({
    services: { mongoUri: inject('mongoUri'), redisUrl: inject('redisUrl') },
    name: prefix,
    cloud: { origin: graph.origin, caPem: graph.caPem },
    port,
    env: {
      ENTRAIN_LOG_LEVEL: 'debug',
      ...ours.env,
      ENTRAIN_OIDC_ISSUER: login.issuer,
      ENTRAIN_OIDC_CLIENT_ID: login.client.id,
      ENTRAIN_OIDC_CLIENT_SECRET: login.client.secret,
      ENTRAIN_OIDC_ROLES: 'ops=admin',
      TEST_RECONCILE_MS: '500',
      // As after the second step of changing the encryption key: everybody can open what the next one seals.
      ENTRAIN_OLD_ENCRYPTION_KEYS: nextKey,
    },
    heard: (text) => said.push(text),
  });
  secrets['encryption key'] = stack.env['ENTRAIN_ENCRYPTION_KEY'] ?? '';
  secrets['next encryption key'] = nextKey;
  secrets['API key of the configuration'] = stack.apiKey;
}, 120_000);
afterAll(async () => {
  await stack.stop();
  await scim.close();
  await graph.close();
  await login.close();
  await hearing.close();
});

/** Somebody comes who looks like that; their id. */
const hire = (tenant: number, person: ReturnType<typeof aPerson>): string => {
  const at = graph.control.tenant(graph.tenants[tenant]?.tenantId);
  const id = at.hire({ givenName: person.givenName, surname: person.surname });
  at.update(id, { ...person });
  return id;
};

/** The three ways to connect a tenant, each with what may go wrong about it. */
const connectAll = async (): Promise<{ readonly connection: string; readonly certified: string }> => {
  const [first, second, third] = graph.tenants;
  const tenant = { vendor: 'MS_ENTRA', organization_id: 'acme', cloud: 'custom' };
  const ofFirst = { ...tenant, tenant_id: first?.tenantId, client_id: first?.apps[0]?.clientId };
  await call('POST', '/v1/connections', { ...ofFirst, client_secret: secrets['wrong client secret'], unknown: 1 });
  const { organization_id: _, ...draft } = ofFirst;
  await call('POST', '/v1/connections/check', { ...draft, client_secret: secrets['wrong client secret'] });
  await call('POST', '/v1/connections', null, `{"client_secret": "${secrets['wrong client secret']}", `);
  for (const password of [secrets['password of a PFX file'], secrets['wrong password of a PFX file']])
    await call('POST', '/v1/connections/check', { ...draft, certificate: { pfx: pfx.files.modern, password } });
  const connection = idOf(
    await call('POST', '/v1/connections', { ...ofFirst, client_secret: secrets['client secret'] }),
  );
  await call('POST', `/v1/connections/${connection}/credentials/second`, {
    client_secret: secrets['second client secret'],
  });
  const certified = idOf(
    await call('POST', '/v1/connections', {
      ...tenant,
      tenant_id: second?.tenantId,
      client_id: second?.apps[0]?.clientId,
      certificate: certificate.pem + certificate.keyPem,
    }),
  );
  for (const isFollowed of [true, false]) {
    const link = Object(await call('POST', '/v1/connections', { ...tenant, tenant_id: third?.tenantId }));
    // The one answer that is to show it.
    answers.splice(-1);
    const { searchParams } = new URL(link.oauth2_authorize_url);
    secrets[isFollowed ? 'state of a consent' : 'state of an open consent'] = searchParams.get('state') ?? '';
    if (isFollowed) answers.push(await follow(link.oauth2_authorize_url));
  }
  const webhook = { organization_id: 'acme', url: 'https://hooks.example.com/entrain' };
  await call('POST', '/v1/webhooks', { ...webhook, url: hearing.url });
  // The one answer that is to show its secret.
  answers.splice(-1);
  const hooked = Object(await call('POST', '/v1/webhooks', webhook));
  const rotated = Object(await call('POST', `/v1/webhooks/${hooked.id}/secret`));
  secrets['old secret of a webhook'] = String(hooked.secret);
  secrets['secret of a webhook'] = String(rotated.secret);
  answers.splice(-2);
  const made = Object(await call('POST', '/v1/api-keys', { name: 'ci', scopes: ['read'] }));
  // The one answer that is to show it.
  answers.splice(-1);
  secrets['API key'] = String(made.key).split('_').slice(2).join('_');
  await fetch(`${stack.apiUrl}/v1/connections`, { headers: { authorization: `Bearer ${made.key}` } });
  return { connection, certified };
};

/** What only people bring: their session with its token, and the link that they set a connection up by. */
const asPeople = async (connection: string): Promise<void> => {
  const cookies = new Map<string, string>();
  answers.push(await follow(`${stack.apiUrl}/auth/sign-in`, cookies));
  const cookie = `entrain-session=${cookies.get('entrain-session')}`;
  const session = await fetch(`${stack.apiUrl}/v1/session`, { headers: { cookie } });
  secrets['cookie of a session'] = cookies.get('entrain-session') ?? '';
  secrets['CSRF token'] = String(Object(await session.json()).session?.csrf_token);
  const page = { cookie, origin: stack.apiUrl, 'sec-fetch-site': 'same-origin' };
  const described = { description: 'Edited by a person' };
  const path = `/v1/connections/${connection}`;
  await call('PATCH', path, described, undefined, { ...page, 'x-csrf-token': secrets['CSRF token'] });
  await call('PATCH', path, described, undefined, { ...page, 'x-csrf-token': 'of another session' });

  const { url } = Object(await call('POST', `${path}/setup-link`, { given_to: 'the IT of Acme' }));
  // The one answer that is to show it, as the pages behind it are.
  answers.splice(-1);
  secrets['setup link'] = String(url).split('_').slice(1).join('_');
  const opened = await fetch(url);
  const typed = {
    question: /name="question" value="(\w+)"/.exec(await opened.text())?.[1] ?? '',
    tenant_id: graph.tenants[0]?.tenantId ?? '',
    client_id: graph.tenants[0]?.apps[0]?.clientId ?? '',
    way: 'certificate',
    pfx: pfx.files.modern,
    pfx_password: secrets['wrong password of a PFX file'] ?? '',
  };
  const shown = [
    opened,
    await fetch(`${url}/credentials`, { method: 'POST', headers: page, body: new URLSearchParams(typed) }),
    await fetch(`${url}/test`, { method: 'POST', headers: page }),
  ];
  expect(shown.map(({ status }) => status)).toEqual([200, 422, 200]);

  const keyed = { authorization: `Bearer ${stack.apiKey}`, 'idempotency-key': secrets['Idempotency-Key'] ?? '' };
  for (let nth = 0; nth < 2; nth += 1) await call('POST', `${path}/check`, undefined, undefined, keyed);
};

const runAll = async ({ connection, certified }: Awaited<ReturnType<typeof connectAll>>): Promise<void> => {
  const settings = { base_url: scim.baseUrl, token: secrets['token of a target'], allow_http: true };
  await call('POST', '/v1/targets/check', { kind: 'scim', settings });
  const target = idOf(
    await call('POST', `/v1/connections/${connection}/targets`, {
      kind: 'scim',
      name: 'Helpdesk',
      settings,
      auto_approve_first: true,
    }),
  );
  for (const path of [`connections/${connection}/check`, `connections/${certified}/check`, `targets/${target}/check`])
    await call('POST', `/v1/${path}`);
  await stack.api.sync(connection, { mode: 'full' });
  await stack.api.sync(certified, { mode: 'full' });
  // The target refuses somebody, then the token, and says whom it was told about; the login service refuses both secrets.
  const tenant = graph.control.tenant(graph.tenants[0]?.tenantId);
  const refusals = [
    [400, people.refused],
    [401, people.unauthorized],
  ] as const;
  for (const [status, person] of refusals) {
    const detail = `${Object.values(person).join(' ')}: ${person.displayName.toLowerCase()} is refused`;
    scim.control.addFaults([{ method: 'POST', answer: { kind: 'status', status, detail } }]);
    hire(0, person);
    await stack.api.sync(connection, { mode: 'delta' });
  }
  // The check below would have the target probed, which takes the token again: whoever was refused for it stays without an account.
  await call('PATCH', `/v1/targets/${target}`, { state: 'paused' });
  await call('POST', `/v1/connections/${connection}/explain`, { person: people.refused.mail });
  const [app] = tenant.apps();
  if (app !== undefined) app.secrets = [{ value: 'another', endsMs: Date.now() + 86_400_000 }];
  await call('POST', `/v1/connections/${connection}/check`);
  await call('PATCH', `/v1/connections/${connection}`, { client_secret: secrets['wrong client secret'] });
  await stack.api.sync(connection, { mode: 'full' });
  for (const path of ['connections', `connections/${connection}`, `targets/${target}`, 'runs', 'encryption-keys'])
    await call('GET', `/v1/${path}`);
};

/** Somebody was there, left, and is erased; the next sync reads everybody. What was kept of them before that. */
const eraseLeaver = async (certified: string): Promise<readonly string[]> => {
  const id = hire(1, people.leaver);
  await stack.api.sync(certified, { mode: 'delta' });
  const kept = found(lookOf(['leaver']), { MongoDB: await dumpOfMongo(stack.env['MONGODB_URI'] ?? '') });
  graph.control.tenant(graph.tenants[1]?.tenantId).softDelete(id);
  await stack.api.sync(certified, { mode: 'delta' });
  await call('POST', `/v1/connections/${certified}/explain`, { person: people.leaver.mail });
  await call('GET', `/v1/audit?limit=200`);
  expect(await call('POST', `/v1/connections/${certified}/people/${id}/erase`)).toEqual({ accounts_left: [] });
  await stack.api.sync(certified, { mode: 'delta' });
  return kept;
};

/** A worker that cannot start, and one that dies at its work of an error nobody caught. */
const crash = async (): Promise<void> => {
  const password = secrets['password of a database'];
  const misspelt = { MONGODB_URI: `mongodb://entrain:${password}@127.0.0.1:99999/x` };
  const thrown = `if (process.argv[1]?.endsWith('workers/main.ts')) setTimeout(() => { throw new Error('nobody catches this'); }, 2_000);`;
  const options = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(thrown)}` };
  await Promise.all([
    expect(stack.startWorker(misspelt)).rejects.toThrow(/MongoDB cannot be reached/),
    stack.startWorker(options).then(
      async (worker) => expect(await worker.ended).toMatchObject({ code: 1 }),
      // It died before it could say that it was there.
      (error: unknown) => expect(String(error)).toContain('nobody catches this'),
    ),
  ]);
};

const places = async () => ({
  log: said.join(''),
  answers: answers.join('\n'),
  metrics: await (await fetch(`${stack.apiUrl}/metrics`)).text(),
  MongoDB: await dumpOfMongo(stack.env['MONGODB_URI'] ?? ''),
  Redis: await dumpOfRedis(inject('redisUrl'), prefix),
});

/** What a worker of the next key does to all that is stored, while the others go on with the first. */
const changeKey = async (certified: string): Promise<void> => {
  const first = stack.env['ENTRAIN_ENCRYPTION_KEY'] ?? '';
  const [before, after] = [first, nextKey].map((key) => localKeyName(Buffer.from(key, 'base64')));
  const keys = async () => Object(await call('GET', '/v1/encryption-keys')).data;
  const [{ secrets: sealed }] = await keys();
  expect(sealed).toBeGreaterThan(2);
  await stack.startWorker({ ENTRAIN_ENCRYPTION_KEY: nextKey, ENTRAIN_OLD_ENCRYPTION_KEYS: first });
  for (let run = 0; run < 2; run += 1)
    expect(await stack.api.sync(certified, { mode: 'delta' })).toMatchObject({ state: 'succeeded', problem: null });
  await expect.poll(keys, { timeout: 10_000 }).toMatchObject([
    { key: before, current: true, secrets: 0 },
    { key: after, current: false, secrets: sealed },
  ]);
  expect(await call('POST', `/v1/connections/${certified}/check`)).toMatchObject({ ok: true });
};

describe('secrets', () => {
  it('come up nowhere, whatever succeeds, fails or crashes, and while their key is changed', async () => {
    const connected = await connectAll();
    await asPeople(connected.connection);
    await runAll(connected);
    keptOfLeaver = await eraseLeaver(connected.certified);
    await crash();
    await changeKey(connected.certified);
    const looked = await places();
    expect(found(secrets, looked)).toEqual([]);
    // All of it was really there to be searched.
    for (const said of ['target.request', 'nobody catches this', 'run.quarantined'])
      expect(looked.log.includes(said), said).toBe(true);
    expect(looked.answers.includes('AADSTS7000215')).toBe(true);
    expect(looked.metrics.includes('entrain_runs_total')).toBe(true);
    const collections = new Set(looked.MongoDB.split('\n').map((line) => line.split(' ')[0]));
    const expected = [
      'connections',
      'targets',
      'api_keys',
      'consents',
      'runs',
      'objects',
      'intents',
      'sessions',
      'setup_links',
      'calls',
    ];
    expect(expected.filter((name) => !collections.has(name))).toEqual([]);
    expect(looked.MongoDB.includes('"v2.')).toBe(true);
    expect(looked.Redis.length).toBeGreaterThan(1_000);
    expect(Object.values(secrets).every((secret) => secret.length > 9)).toBe(true);
  }, 90_000);

  it('would be found: each that is planted is', async () => {
    const secret = secrets['client secret'] ?? '';
    const client = new mongoose.mongo.MongoClient(stack.env['MONGODB_URI'] ?? '');
    const redis = new Redis(inject('redisUrl'));
    await client
      .db()
      .collection('runs')
      .insertOne({ deep: [{ blob: Buffer.from(`x${secret}`) }] });
    await redis.hset(`{${prefix}}:sync:planted`, 'data', Buffer.from(`a job with ${secret} in it`).toString('base64'));
    said.push(`{"event":"x","message":"${encodeURIComponent(secret)}"}`);
    answers.push(JSON.stringify({ secret: Buffer.from(secret).toString('hex') }));
    await client.close();
    redis.disconnect();
    expect(found(secrets, await places())).toEqual(
      ['log', 'answers', 'MongoDB', 'Redis'].map((place) => `${place}: client secret`),
    );
  });
});

/** Where it is kept what people look like. Of the others that hold people, none holds more than their ids. */
const holdingLooks = ['changes', 'intents', 'objects'];

describe('what people look like', () => {
  it('is kept where it has to be, comes up nowhere else, and is nowhere once they are erased', async () => {
    // After those who were refused had come.
    await hearing.until((heard) => heard.some(({ type }) => type === 'connection.degraded'));
    const { answers: _, MongoDB, ...outside } = await places();
    const looked = { ...outside, webhooks: hearing.heard.map(({ body }) => body).join('\n') };
    expect(found(lookOf(['refused', 'unauthorized', 'leaver']), looked)).toEqual([]);
    const linesOf = Map.groupBy(MongoDB.split('\n'), (line) => line.split(' ')[0] ?? '');
    const held = [...linesOf].filter(
      ([, lines]) => found(lookOf(['refused', 'unauthorized']), { lines: lines.join('\n') }).length > 0,
    );
    expect(held.map(([name]) => name).toSorted()).toEqual(holdingLooks);
    expect(holdingLooks.filter((name) => collections[name]?.people !== 'erased')).toEqual([]);
    expect(keptOfLeaver).toHaveLength(6);
    expect(found(lookOf(['leaver']), { MongoDB })).toEqual([]);
    // All of it was really there to be searched.
    for (const said of ['person.erased', '/people/{object_id}/erase'])
      expect(looked.log.includes(said), said).toBe(true);
    expect(linesOf.get('escrows')?.join('\n')).toContain('is refused');
    expect([...linesOf.keys()]).toEqual(
      expect.arrayContaining(['audit_entries', 'escrows', 'events', 'runs', 'targets']),
    );
  });
});
