/**
 * What work costs in counts, which no busy machine distorts: requests to a target, commands to MongoDB and Redis, jobs. The bounds are what is needed
 * now with a little room; whoever crosses one has made every customer's sync dearer and should know.
 */

import { randomBytes } from 'node:crypto';
import { on } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { plainHosts } from '../../scripts/services/plain-hosts.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import { cacheFolder } from '../../scripts/services.ts';
import { startGraph } from '../../simulator/graph/index.ts';
import { startScim } from '../../simulator/scim/index.ts';
import { compose } from '../../src/compose.ts';
import { parseConfig } from '../../src/config.ts';
import { reachOf } from '../../src/core/access.ts';
import { type ConnectionId, organizationId } from '../../src/model/ids.ts';
import { secret } from '../../src/model/secret.ts';
import { queueNames } from '../../src/queue/names.ts';
import type { Source } from '../../src/source/source.ts';
import { createMongoStores } from '../../src/store/mongo/index.ts';
import { bucketsFor } from '../../src/store/mongo/member-buckets.ts';
import { createVault } from '../../src/store/vault.ts';
import { scim as scimTarget } from '../../src/target/scim/index.ts';
import { startProvisionWorker } from '../../workers/provision.worker.ts';
import { startSyncWorker } from '../../workers/sync.worker.ts';
import { freshDatabase } from '../support/fresh.ts';
import { openTestMongo } from '../support/mongo.ts';
import { type Counts, counter, countMongo, sumOf } from '../support/mongo-counts.ts';
import { id, type Story, story } from '../support/story.ts';
import { testWorld } from '../target/world.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const people = 1_000;
/** Several pages too, two fewer. */
const some = 600;

describe(`provisioning ${people} people`, () => {
  it('costs two look-ups and a create for each of them, and a fraction of a command to the database', async () => {
    const { s, costOf } = await tellOnMongo();
    hireEverybody(s);
    await s.requestSync('full');
    await s.syncAll();

    const first = await costOf(s.provisionAll);
    await wentWell(s, { created: people + 1 });
    // By externalId and by userName. What the target can do is asked once.
    expect(first.requests['GET']).toBeLessThanOrEqual(2 * (people + 1) + 5);
    expect(first.requests['POST']).toBe(people + 1);
    // A manager who has an account already is named in the create; only those made at the same time come after. And 100 members go at once.
    expect(first.requests['PATCH']).toBeLessThanOrEqual(people * 0.2 + people / 100);
    expect(first.questions).toEqual({});
    expect(sumOf(first.commands)).toBeLessThanOrEqual(people * 0.25);

    const unchanged = await costOf(async () => void (await s.full()));
    await wentWell(s, { created: 0 });
    expect(unchanged.requests).toEqual({});
    expect(unchanged.questions).toEqual({});
    expect(sumOf(unchanged.commands)).toBeLessThanOrEqual(people * 0.13);
  }, 60_000);

  it('costs what changed and nothing for the others: an update, somebody who joins a group of everybody, who leaves it, who leaves the tenant', async () => {
    const { s, costOf } = await tellOnMongo();
    hireEverybody(s);
    for (const name of ['early', 'late']) s.hire(name);
    // One more than 1,000, so that they are kept in several buckets.
    s.directory.join(id('staff'), id('early'));
    await s.full();
    const change = async (edit: () => void) => {
      edit();
      const cost = await costOf(async () => void (await s.delta()));
      await wentWell(s);
      return cost;
    };

    const promoted = await change(() => s.directory.setUser(id(nameOf(7)), { jobTitle: 'promoted' }));
    expect(promoted.requests).toEqual({ PATCH: 1 });
    expect(promoted.questions).toEqual({});
    expect(promoted.read['members'] ?? 0).toBe(0);
    expect(sumOf(promoted.commands)).toBeLessThanOrEqual(115);

    const joined = await change(() => s.directory.join(id('staff'), id('late')));
    expect(joined.requests).toEqual({ PATCH: 1 });
    expect(joined.questions).toEqual({});
    expect(joined.read['members']).toBeLessThanOrEqual(bucketsFor(people + 1) - 1);
    expect(sumOf(joined.commands)).toBeLessThanOrEqual(117);

    // Whoever is taken out is asked about before: whether they are in the group still, and whether they are there at all.
    const left = await change(() => s.directory.leave(id('staff'), id('late')));
    expect(left.requests).toEqual({ PATCH: 1 });
    expect(left.questions).toEqual({ confirm: 1, confirmMembers: 1 });
    expect(left.read['members']).toBeLessThanOrEqual(bucketsFor(people + 1) - 1);
    expect(sumOf(left.commands)).toBeLessThanOrEqual(132);

    // Out of the group, and switched off, which is looked at once before and once after.
    const gone = await change(() => s.directory.remove(id(nameOf(9)), 'soft_deleted'));
    expect(gone.requests).toEqual({ PATCH: 2, GET: 2 });
    expect(gone.questions).toEqual({ confirm: 2 });
    expect(gone.read['members']).toBeLessThanOrEqual(bucketsFor(people + 1) - 1);
    expect(sumOf(gone.commands)).toBeLessThanOrEqual(165);
  }, 60_000);
});

describe('syncs through the queue', () => {
  it(`are four jobs and a Graph request for 200 people, the first and the second time, and no command to Redis more for ${people} of them than for ${some}`, async () => {
    const few = await queueCost(some);
    const many = await queueCost(people);
    const bySize = [
      { users: some, cost: few },
      { users: people, cost: many },
    ];
    for (const { users, cost } of bySize) {
      // A job that does the run, and one that finds nothing more to do: its id is counted as it is asked for, and as it is made.
      expect(cost.first.jobs).toEqual({ tick: 0, sync: 3, provision: 3, maintenance: 0 });
      expect(cost.again.jobs).toEqual({ tick: 0, sync: 3, provision: 3, maintenance: 0 });
      // Users come with their managers, 200 to a page. In the batch are the proof that users can be read and where the next round of each begins.
      const everyTime = {
        '/v1.0/$batch': 1,
        '/v1.0/users': 1,
        '/v1.0/groups/delta': 1,
        '/v1.0/users/delta': 1 + Math.ceil(users / 200),
        '/v1.0/groups': 2,
      };
      // At the start of the first, and at the end of each read of everybody.
      const logins = (count: number) => ({
        '/{tenant}/v2.0/.well-known/openid-configuration': count,
        '/{tenant}/oauth2/v2.0/token': count,
      });
      expect(cost.first.asked).toEqual({ ...logins(2), ...everyTime });
      // Nothing has changed: not one request more than what reading and a new token take, and none to the target.
      expect(cost.again.asked).toEqual({ ...logins(1), ...everyTime });
      expect(cost.again.atTarget).toEqual({});
    }
    for (const run of ['first', 'again'] as const) {
      // How often a worker looks for work, renews locks and looks for stalled jobs goes by the clock; for that there is room.
      expect(notByTheClock(many[run].commands)).toEqual(notByTheClock(few[run].commands));
      expect(notByTheClock(many[run].commands)).toMatchObject({
        'script 14 sync:wait': 2,
        'script 14 provision:wait': 2,
      });
      expect(sumOf(many[run].commands), JSON.stringify(many[run].commands)).toBeLessThanOrEqual(100);
    }
  }, 120_000);
});

const nameOf = (nth: number): string => `p${String(nth).padStart(4, '0')}`;

/** People with managers, all of them in one group. */
const hireEverybody = (s: Story): void => {
  for (let nth = 0; nth < people; nth += 1) s.hire(nameOf(nth), { manager: nth === 0 ? null : id(nameOf(nth >> 3)) });
  s.found('staff');
  for (let nth = 0; nth < people; nth += 1) s.directory.join(id('staff'), id(nameOf(nth)));
};

/** The newest provision run did what was there to do. */
const wentWell = async (s: Story, counters: { readonly created?: number } = {}): Promise<void> => {
  const run = await s.provisioned();
  expect(run).toMatchObject({ state: 'succeeded', counters });
  expect(run.counters.failed).toEqual({});
};

/** What work costs: requests to the target by method, questions to the tenant before anything is taken away, commands to MongoDB, and documents that it gave, by collection. */
type Cost = { readonly requests: Counts; readonly questions: Counts; readonly commands: Counts; readonly read: Counts };

/** The story with its ledger and snapshot in MongoDB, and a SCIM target over HTTP. */
const tellOnMongo = async (): Promise<{ s: Story; costOf: (work: () => Promise<void>) => Promise<Cost> }> => {
  const { mongo, close } = await openTestMongo();
  closers.push(close);
  const counted = countMongo(mongo);
  const scim = await startScim();
  closers.push(scim.close);
  const settings = { base_url: scim.baseUrl, token: scim.token, concurrency: 50 };
  const target = scimTarget.parse(settings).connect(testWorld());
  closers.push(target.close);
  const questions = counter();
  const vault = createVault(randomBytes(32));
  const s = await story({
    stores: (now) => createMongoStores(mongo, { vault, now }),
    engine: { connectTarget: () => target },
    wrapSource: (source) => askedOf(source, questions.add),
  });
  const costOf = async (work: () => Promise<void>): Promise<Cost> => {
    scim.control.clearRequests();
    questions.clear();
    const { commands, read } = await counted(work);
    const requests = counter();
    for (const { method } of scim.control.requests()) requests.add(method);
    return { requests: requests.counts(), questions: questions.counts(), commands, read };
  };
  return { s, costOf };
};

const askedOf = (source: Source, asked: (question: string) => void): Source => ({
  ...source,
  confirm: (...ask) => {
    asked('confirm');
    return source.confirm(...ask);
  },
  confirmMembers: (...ask) => {
    asked('confirmMembers');
    return source.confirmMembers(...ask);
  },
  everyoneIn: (...ask) => {
    asked('everyoneIn');
    return source.everyoneIn(...ask);
  },
});

type QueueCost = {
  readonly jobs: Counts;
  readonly commands: Counts;
  readonly asked: Counts;
  readonly atTarget: Counts;
};

/**
 * A first full sync and the provisioning that follows, and the same again without a change, by workers as in production, on a Redis that nobody else
 * asks anything.
 */
const queueCost = async (users: number): Promise<{ readonly first: QueueCost; readonly again: QueueCost }> => {
  const folder = await mkdtemp(join(tmpdir(), 'entrain-cost-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const redis = await startRedis({ folder, cache: cacheFolder(), log: () => {} });
  closers.push(redis.stop);
  const look = new Redis(redis.url);
  closers.push(async () => look.disconnect());
  const graph = await startGraph({ tenants: [{ users, groups: 0 }] });
  closers.push(graph.close);
  const scim = await startScim();
  closers.push(scim.close);
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, graph.caPem);
  const prefix = '{cost}';
  const { uri } = freshDatabase();
  const parts = await compose(
    parseConfig({
      MONGODB_URI: uri,
      REDIS_URL: redis.url,
      ENTRAIN_PLAIN_HOSTS: await plainHosts({ mongoUri: uri, redisUrl: redis.url }),
      ENTRAIN_QUEUE_PREFIX: prefix,
      ENTRAIN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      ENTRAIN_LOG_LEVEL: 'silent',
      ENTRAIN_CUSTOM_CLOUD_LOGIN_URL: graph.origin,
      ENTRAIN_CUSTOM_CLOUD_GRAPH_URL: graph.origin,
      ENTRAIN_CUSTOM_CLOUD_CA_FILE: caFile,
      ENTRAIN_EGRESS_ALLOW: 'http://127.0.0.1',
    }),
    'worker',
  );
  closers.push(parts.close);
  const [tenant] = graph.tenants;
  const app = tenant?.apps[0];
  if (tenant === undefined || app === undefined) throw new Error('The simulator has no tenant.');
  const { addConnection, addTarget, requestSync } = parts.commands.within(reachOf({ organizations: null }));
  const connection = await addConnection({
    organization: organizationId('cost'),
    name: 'Contoso',
    cloud: 'custom',
    tenantId: tenant.tenantId,
    clientId: app.clientId,
    clientSecret: secret(app.clientSecret),
  });
  const settings = { base_url: scim.baseUrl, token: scim.token, allow_http: true, concurrency: 50 };
  await addTarget(connection.id, {
    kind: 'scim',
    name: 'Helpdesk',
    settings,
    autoApproveFirst: true,
  });
  for (const worker of [startSyncWorker(parts), startProvisionWorker(parts)]) closers.push(worker.stop);
  const sent = await commandsSent(redis.url, look);
  let runs = 0;
  const costOfSync = async (): Promise<QueueCost> => {
    graph.control.resetRequests();
    scim.control.clearRequests();
    const before = await jobsAdded(look, prefix);
    await sent.begin();
    await requestSync(connection.id, { mode: 'full', scope: null, dryRun: false });
    runs += 2;
    await expect
      .poll(() => statesOf(parts, connection.id), { interval: 20, timeout: 50_000 })
      .toEqual(Array.from({ length: runs }, () => 'succeeded'));
    // A run has ended a turn before its job has.
    await expect.poll(() => openJobs(look, prefix), { interval: 20, timeout: 10_000 }).toBe(0);
    const commands = await sent.end();
    const after = await jobsAdded(look, prefix);
    const jobs = Object.fromEntries(queueNames.map((queue) => [queue, (after[queue] ?? 0) - (before[queue] ?? 0)]));
    const [asked, atTarget] = [counter(), counter()];
    for (const { path } of graph.control.requests())
      asked.add((path.split('?')[0] ?? path).replace(tenant.tenantId, '{tenant}'));
    for (const { method } of scim.control.requests()) atTarget.add(method);
    return { jobs, commands, asked: asked.counts(), atTarget: atTarget.counts() };
  };
  const first = await costOfSync();
  expect(scim.control.state().users).toBeGreaterThan(users * 0.9);
  return { first, again: await costOfSync() };
};

/** BullMQ counts each job it adds to a queue, also one with an id of its own. */
const jobsAdded = async (redis: Redis, prefix: string): Promise<Counts> => {
  const counted = queueNames.map(async (queue) => [queue, Number(await redis.get(`${prefix}:${queue}:id`))] as const);
  return Object.fromEntries(await Promise.all(counted));
};

/** Syncs and provisioning that are worked on, or will be. */
const openJobs = async (redis: Redis, prefix: string): Promise<number> => {
  const of = async (queue: string): Promise<readonly number[]> =>
    await Promise.all([
      redis.llen(`${prefix}:${queue}:active`),
      redis.llen(`${prefix}:${queue}:wait`),
      redis.zcard(`${prefix}:${queue}:delayed`),
      redis.zcard(`${prefix}:${queue}:prioritized`),
    ]);
  return [...(await of('sync')), ...(await of('provision'))].reduce((sum, some) => sum + some, 0);
};

const statesOf = async (parts: Awaited<ReturnType<typeof compose>>, connection: ConnectionId): Promise<string[]> => {
  const { items } = await parts.engine.stores.runs.list({ connection }, null, 10);
  return items.map(({ state }) => state);
};

/**
 * Of BullMQ's scripts: one that takes the next job, one that looks for stalled ones, one that renews locks. Between them a worker waits on a marker. And what
 * a connection asks when it is opened, which may be before the mark or after.
 */
const byTheClock = /^(?:info|client|hello|select|bzpopmin|script (?:11 \w+:wait|9 \w+:stalled|1 \w+:stalled))$/;
const notByTheClock = (commands: Counts): Counts =>
  Object.fromEntries(Object.entries(commands).filter(([name]) => !byTheClock.test(name)));

/** A script by the number of its keys and the first of them, whether its text was sent or its digest: `script 14 sync:wait` ends a job. */
const commandOf = (line: string): { readonly name: string; readonly source: string } => {
  const [, source = '', rest = ''] = /^\+[\d.]+ \[\d+ (\S+)\] (.*)$/s.exec(line) ?? [];
  const [command = '', , keys = '', key = ''] = [...rest.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(
    ([, word = '']) => word,
  );
  const name = command.toLowerCase();
  const isScript = name === 'eval' || name === 'evalsha';
  return { name: isScript ? `script ${keys} ${key.split(':').slice(-2).join(':')}` : name, source };
};

/**
 * Every command that clients send, as Redis tells it; what scripts do inside Redis it tells as well, and that is left out, and so is what `look` asks.
 * `begin` and `end` send a mark and wait until it is told, so that all before it was.
 */
const commandsSent = async (url: string, look: Redis) => {
  const { hostname, port } = new URL(url);
  const [, own] = /\baddr=(\S+)/.exec(await look.client('INFO')) ?? [];
  const socket = connect(Number(port), hostname);
  closers.push(async () => void socket.destroy());
  const told = on(createInterface({ input: socket }), 'line');
  socket.write('MONITOR\r\n');
  await told.next();
  /** All that is told until the mark. */
  const until = async (mark: string): Promise<Counts> => {
    const sent: Record<string, number> = {};
    await look.echo(mark);
    // Not `for await`: leaving it would close the lines, and nothing after the first mark would be told.
    for (;;) {
      const { value } = await told.next();
      const { name, source } = commandOf(String(value));
      if (name === 'echo') return sent;
      if (source !== 'lua' && source !== own) sent[name] = (sent[name] ?? 0) + 1;
    }
  };
  return { begin: async (): Promise<void> => void (await until('begin')), end: () => until('end') };
};
