/** Builds everything from the configuration. Read it to see what exists, and what depends on what. */

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { callbackPath } from './admin/api/connect.ts';
import { aheadSecs, type ReadinessCheck } from './admin/api/health.ts';
import { quotasOf, type RateLimits } from './admin/api/rate-limits.ts';
import { signInCallbackPath } from './admin/api/sign-in.ts';
import { type Commands, commands } from './admin/commands.ts';
import { credentialsEndingOf } from './admin/credentials-ending.ts';
import type { IdentityProvider } from './admin/identity-provider.ts';
import { syncLagOf } from './admin/lag.ts';
import { createMetrics, type Metrics } from './admin/metrics.ts';
import { oidcProvider } from './admin/oidc.ts';
import { type Config, ConfigRefused } from './config.ts';
import { type JudgedWays, judgeWays, type Way } from './core/plain-ways.ts';
import { openEgress } from './egress/index.ts';
import { signMessage } from './egress/sign.ts';
import { type Clock, type ClockReading, createClock, keepClock } from './engine/clock.ts';
import { noteSwitch } from './engine/credential-life.ts';
import type { Engine } from './engine/engine.ts';
import type { Telling } from './engine/tell-webhook.ts';
import { witnessesAt } from './engine/witnesses.ts';
import { cachedKeys } from './keys/cached.ts';
import { createLogger } from './logger.ts';
import { runId } from './model/ids.ts';
import type { TargetRecord } from './model/target-record.ts';
import type { Log, World } from './model/world.ts';
import { bullmqWakeups } from './queue/bullmq-wakeups.ts';
import { redisMarks } from './queue/marks.ts';
import { openQueues, type Queues } from './queue/queues.ts';
import { redisRateLimits } from './queue/rate-limits.ts';
import { assertNoEviction, producerConnection, wayToRedis, workerConnection } from './queue/redis.ts';
import type { Wakeups } from './queue/wakeups.ts';
import { cloudInWords } from './source/graph/clouds.ts';
import { connectedSources } from './source/graph/connected.ts';
import { trustCa } from './source/graph/index.ts';
import { type AppRegistration, ourApp } from './source/graph/our-app.ts';
import { permissionsNeeded } from './source/graph/permissions.ts';
import { assertionOf } from './source/graph/workload.ts';
import type { Secrets } from './store/connection-store.ts';
import { newId } from './store/ids.ts';
import type { Marks } from './store/installation.ts';
import { createKeyProofs } from './store/key-proofs.ts';
import type { Ledger } from './store/ledger.ts';
import { type Mongo, openMongo, replicaHosts, wayToMongo } from './store/mongo/connect.ts';
import { assertFormat, claimFormat, currentFormat, type Program } from './store/mongo/format.ts';
import { createMongoStores } from './store/mongo/index.ts';
import { migrate } from './store/mongo/migrate.ts';
import { serverTime } from './store/mongo/server-time.ts';
import { createVault, type Outside } from './store/vault.ts';
import { connectedTargets } from './target/connected.ts';
import { parseTarget, targetPaths } from './target/registry.ts';
import type { Target, TargetWorld } from './target/target.ts';
import { failpointFrom, formatFrom, hooksOf, machineFrom, type Times, timesFrom } from './test-hooks.ts';

export type Parts = {
  readonly config: Config;
  readonly log: Log;
  readonly mongo: Mongo;
  readonly redis: Redis;
  readonly queues: Queues;
  readonly wakeups: Wakeups;
  readonly metrics: Metrics;
  readonly rateLimits: RateLimits;
  readonly engine: Engine;
  /** What telling webhooks stands on. */
  readonly telling: Telling;
  readonly commands: Commands;
  readonly identityProvider: IdentityProvider | null;
  readonly times: Times;
  /** Throws when a newer version has taken the database over. */
  readonly assertFormat: () => Promise<void>;
  readonly marks: Marks;
  /** What every process of ours needs. */
  readonly readiness: readonly ReadinessCheck[];
  /** How the clock of this machine compares with MongoDB's. */
  readonly clock: () => ClockReading;
  readonly nowMs: () => number;
  /** Workers block on their connection, so each has one of its own. */
  readonly openWorkerConnection: () => Redis;
  readonly close: () => Promise<void>;
};

const { version }: { readonly version: string } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

/** Connects and prepares; throws when Redis is unfit, MongoDB cannot be reached, or anybody might listen on the way to one of them. */
export const compose = async (config: Config, role: 'api' | 'worker'): Promise<Parts> => {
  const log = createLogger({ level: config.logLevel });
  if (config.customCloud?.caFile != null) trustCa(readFileSync(config.customCloud.caFile, 'utf8'));

  const toMongo = await reached('MongoDB', 'MONGODB_URI', wayToMongo(config.mongodbUri.reveal()));
  const toRedis = await reached('Redis', 'REDIS_URL', wayToRedis(config.redisUrl.reveal()));
  // Before a password goes there.
  refusePlain([toMongo, toRedis], config);
  const redis = producerConnection(config.redisUrl.reveal());
  // Told by whoever asks it for something; without a listener it would end the process or write to the console itself.
  redis.on('error', () => {});
  await reached('Redis', 'REDIS_URL', redis.connect());
  await assertNoEviction(redis);
  const mongo = await reached('MongoDB', 'MONGODB_URI', openMongo(config.mongodbUri.reveal()));
  const everyHost = [...toMongo.hosts, ...(await replicaHosts(mongo))];
  for (const { server } of refusePlain([{ ...toMongo, hosts: everyHost }, toRedis], config))
    log.info('way.plain', { server });
  const hooks = hooksOf(process.env);
  const clock = createClock(machineFrom(hooks), () => serverTime(mongo.db), log);
  // Nothing is decided, nor written, by the clock of a machine.
  await reached('MongoDB', 'MONGODB_URI', clock.measure());
  const world = realWorld(log, clock);
  const program = { format: formatFrom(hooks, currentFormat), program: version };
  await assertFormat(mongo.db, program);
  await migrate(mongo);
  await claimFormat(mongo.db, program);

  const vault = createVault(
    config.encryptionKey.reveal(),
    config.oldEncryptionKeys.map((key) => key.reveal()),
    await outsideKeys(config),
  );
  const keyProofs = createKeyProofs(
    config.encryptionKey.reveal(),
    config.oldEncryptionKeys.map((key) => key.reveal()),
  );
  const failpoint = failpointFrom(hooks);
  const times: Times = { ...timesFrom(hooks), sliceMs: config.sliceSecs * 1_000 };
  const stores = createMongoStores(mongo, { vault, now: world.now, probe: failpoint, format: program.format });
  const queues = openQueues(redis, config.queuePrefix);
  const wakeups = bullmqWakeups(queues);
  const metrics = createMetrics({
    queueJobs: queues.counts,
    syncLagSecs: syncLagOf(stores, world.now),
    plansWaiting: stores.plans.countWaiting,
    credentialsEnding: credentialsEndingOf(stores, world.now),
    clockAheadSecs: () => aheadSecs(clock.reading()),
    areLimitsShared: () => limits.isShared(),
  });
  const clouds = { custom: config.customCloud };
  const assertion = config.workload === null ? null : assertionOf(config.workload);
  const registration = registrationOf(config, assertion);
  const sources = connectedSources({
    clouds,
    app: registration,
    assertion,
    world,
    onSwitch: (connection, told) => noteSwitch({ stores, world }, connection, told),
    onRequest: ({ status, resourceUnits, throttledMs }) => {
      metrics.graphAnswered(status, resourceUnits);
      if (throttledMs > 0) metrics.graphThrottled(throttledMs);
    },
  });
  const egress = openEgress({ allow: config.egressAllow });
  const connectTarget = targetConnector({ ...world, egress }, stores.ledger);
  const targets = connectedTargets(connectTarget, world.now);
  const engine: Engine = {
    stores,
    world,
    connectSource: sources.connect,
    connectTarget: targets.connect,
    wakeTarget: (target) =>
      wakeups
        .provision(target, 'delta')
        .catch((error: unknown) => log.warn('wakeup.failed', { target, message: String(error) })),
    newRunId: () => runId(newId('run')),
    targetPaths,
    leastApprovals: config.leastApprovals,
    owner: `${role}-${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
    timing: { ...times, planAges: config.planAges, dataKeyMs: config.dataKeyMs },
    observe: metrics.observe,
    failpoint,
  };
  const limits = redisRateLimits({
    redis,
    prefix: config.queuePrefix,
    digest: (who) => keyProofs.prove(['calls of', who]),
    stopwatch: world.stopwatch,
    log,
  });
  const quotas = quotasOf(config.allowedCalls);
  const identityProvider = providerOf(config);
  const workerConnections: Redis[] = [];
  const closing = new AbortController();
  void keepClock(clock, world, measureEveryMs, closing.signal);
  return {
    config,
    log,
    mongo,
    redis,
    queues,
    wakeups,
    metrics,
    rateLimits: {
      key: limits.limit(quotas.key),
      address: limits.limit(quotas.address),
      wrongKeys: limits.limit(quotas.wrongKeys),
      refusedSignIns: limits.limit(quotas.refusedSignIns),
      strangeNotifications: limits.limit(quotas.strangeNotifications),
      heardAmongStrange: limits.limit(quotas.heardAmongStrange),
    },
    engine,
    telling: { stores, world, owner: engine.owner, egress, sign: signMessage },
    commands: commands({
      stores,
      keyProofs,
      encryptionKeys: vault.keys,
      wakeups,
      connectSource: sources.connect,
      connectSourceOnce: sources.connectOnce,
      connectTarget,
      identityProvider,
      cloudInWords,
      permissionsNeeded,
      parseTarget,
      targetPaths,
      leastApprovals: config.leastApprovals,
      egress,
      canBeNotified: config.publicUrl !== null,
      sign: signMessage,
      ourApp:
        registration === null
          ? null
          : ourApp({ registration, redirectUri: `${config.publicUrl}${callbackPath}`, clouds, world }),
      world,
      observe: metrics.observe,
      config,
    }),
    identityProvider,
    times,
    assertFormat: () => assertFormat(mongo.db, program),
    marks: redisMarks(redis, config.queuePrefix),
    readiness: readinessOf(mongo, redis, program),
    clock: clock.reading,
    nowMs: () => performance.now(),
    openWorkerConnection: () => {
      const connection = workerConnection(config.redisUrl.reveal());
      workerConnections.push(connection);
      return connection;
    },
    close: async () => {
      closing.abort();
      await queues.close();
      await targets.close();
      for (const connection of [...workerConnections, redis]) connection.disconnect();
      await mongo.close();
    },
  };
};

/** What leads off this machine in plain as the deployment wants it. Throws `ConfigRefused` for what it did not name. */
const refusePlain = (ways: readonly Way[], { plainHosts }: Config): JudgedWays['plain'] => {
  const { refused, plain } = judgeWays(ways, plainHosts);
  if (refused.length > 0) throw new ConfigRefused(refused);
  return plain;
};

/** The client of the vault is loaded where there is one. */
const outsideKeys = async ({ keyVault, workload }: Config): Promise<Outside | null> => {
  if (keyVault === null) return null;
  const { azureKeyVault } = await import('./keys/azure-key-vault.ts');
  const nowMs = (): number => performance.now();
  const identity = workload?.kind === 'managed_identity' ? { managedIdentityClientId: workload.clientId } : {};
  return {
    keys: cachedKeys(azureKeyVault({ keys: keyVault.keys, nowMs, ...identity }), nowMs),
    wraps: keyVault.wraps,
  };
};

const registrationOf = ({ app }: Config, assertion: (() => Promise<string>) | null): AppRegistration | null => {
  if (app === null) return null;
  const { clientId, cloud, secretEndsAt, proof } = app;
  switch (proof.kind) {
    case 'client_secret':
      return { clientId, cloud, secretEndsAt, proof: { kind: 'client_secret', secret: proof.secret } };
    case 'certificate':
      return { clientId, cloud, proof: { kind: 'certificate', pem: proof.pem } };
    case 'workload_identity':
      return assertion === null ? null : { clientId, cloud, proof: { kind: 'workload_identity', assertion } };
  }
};

const providerOf = ({ oidc, publicUrl }: Config): IdentityProvider | null =>
  oidc === null
    ? null
    : oidcProvider({
        ...oidc,
        redirectUri: `${publicUrl}${signInCallbackPath}`,
      });

/** Says which server it is, and where its address comes from; the address itself may hold a password. */
const reached = async <T>(server: string, variable: string, connecting: Promise<T>): Promise<T> => {
  try {
    return await connecting;
  } catch (error) {
    throw new Error(
      `${server} cannot be reached at the address in ${variable}. Is it running, and is the address right?`,
      { cause: error },
    );
  }
};

const realWorld = (log: Log, { now, stopwatch }: Pick<Clock, 'now' | 'stopwatch'>): World => ({
  now,
  stopwatch,
  random: Math.random,
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, { signal });
  },
  log,
});

const measureEveryMs = 30_000;

const readinessOf = (mongo: Mongo, redis: Redis, program: Program): readonly ReadinessCheck[] => [
  { name: 'format', timeoutMs: 2_000, check: () => assertFormat(mongo.db, program) },
  {
    name: 'mongodb',
    timeoutMs: 2_000,
    check: async () => {
      await mongo.db.command({ ping: 1 });
    },
  },
  { name: 'redis', timeoutMs: 2_000, check: () => assertNoEviction(redis) },
];

const targetConnector =
  (world: Omit<TargetWorld, 'witnesses'>, ledger: Ledger) =>
  ({ id, kind, settings }: Pick<TargetRecord, 'id' | 'kind' | 'settings'>, secrets: Secrets): Target =>
    parseTarget(kind, { ...settings, ...secrets }).connect({ ...world, witnesses: witnessesAt(ledger, id) });
