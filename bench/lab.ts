/** Everything a measure needs: servers, the simulated Graph, and processes for its subjects. All of it ends with the bench. */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { z } from 'zod';
import { type Services, startServices } from '../scripts/services.ts';
import { type Actor, startActor } from './actor.ts';
import { type Figures, figures } from './figures.ts';
import { type Place, tenant } from './subjects/access.ts';
import { type Asked, asked } from './subjects/raw-provision.ts';

export type Say = (line: string) => void;
/** Groups are teams of some 150 members, unless `company`: then also groups of everybody, of departments and of offices. */
export type TenantSize = { readonly users: number; readonly groups: number; readonly company?: boolean };
const teamSize = 150;

export type Graph = Actor & {
  readonly origin: string;
  readonly caFile: string;
  /** In the order they were asked for. */
  readonly places: readonly Place[];
  knobs(knobs: Readonly<Record<string, unknown>>): Promise<void>;
  /** Requests since the last call, a batch counted as one. */
  counted(): Promise<Figures>;
};

export type Entrain = Actor & {
  /** Leaves the database it was on. */
  openOn(database: string): Promise<void>;
  connect(place: Place, managers: boolean): Promise<string>;
  sync(connection: string, mode: 'full' | 'delta', profile?: boolean): Promise<Figures>;
};

export type Target = {
  readonly settings: { readonly baseUrl: string; readonly token: string };
  asked(): Promise<readonly Asked[]>;
  empty(): Promise<number>;
};

export type Lab = {
  readonly services: Pick<Services, 'mongoUri' | 'redisUrl'>;
  readonly say: Say;
  graph(tenants: readonly TenantSize[]): Promise<Graph>;
  /** A process with nothing in it yet, started with the flags of a worker as Entrain is, so that like is compared with like. */
  subject(graph: Pick<Graph, 'caFile'>): Actor;
  /** A process with Entrain on a database of its own. */
  entrain(
    graph: Pick<Graph, 'origin' | 'caFile'>,
    options?: {
      readonly database?: string;
      /** Counts commands and documents; it costs time and memory of its own. */
      readonly watched?: boolean;
    },
  ): Promise<Entrain>;
  target(latencyMs: number): Promise<Target>;
  database(): string;
  drop(database: string): Promise<void>;
  readonly mongo: mongoose.mongo.MongoClient;
  readonly redis: Redis;
  uriOf(database: string): string;
  folder: string;
  workerFlags: readonly string[];
  /** Stops the processes started since, and drops their databases. */
  clear(): Promise<void>;
  stop(): Promise<void>;
};

/** As workers are started, whatever that is at the time. */
export const workerFlags: readonly string[] = z
  .object({ scripts: z.object({ worker: z.string() }) })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')))
  .scripts.worker.split(' ')
  .filter((word) => word.startsWith('--') && !word.startsWith('--env-file'));

const started = z.object({ origin: z.string(), caPem: z.string(), tenants: z.array(tenant) });

export const openLab = async (say: Say): Promise<Lab> => {
  const services = await startServices({ log: say });
  const folder = await mkdtemp(join(tmpdir(), 'entrain-bench-'));
  const redis = new Redis(services.redisUrl);
  const mongo = await new mongoose.mongo.MongoClient(services.mongoUri).connect();
  let actors: Actor[] = [];
  let databases: string[] = [];
  let last = 0;
  // One for all, so that a process can open what another one stored.
  const key = randomBytes(32).toString('base64');
  const start = (file: string, flags: readonly string[], env = {}): Actor => {
    const actor = startActor(file, { flags, env });
    actors.push(actor);
    return actor;
  };
  const database = (): string => {
    last += 1;
    const name = `entrain_bench_${process.pid}_${last}`;
    databases.push(name);
    return name;
  };
  const uriOf = (name: string): string =>
    services.mongoUri.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?(\?.*)?$/, `$1/${name}$2`);
  const drop = async (name: string): Promise<void> => {
    await mongo.db(name).dropDatabase();
  };
  const clear = async (): Promise<void> => {
    for (const actor of actors) await actor.stop();
    for (const name of databases) await drop(name);
    actors = [];
    databases = [];
  };
  return {
    services,
    say,
    mongo,
    redis,
    folder,
    workerFlags,
    database,
    drop,
    uriOf,
    clear,
    graph: async (tenants) => {
      const actor = start('graph.ts', ['--max-old-space-size=8192']);
      const sized = tenants.map(({ users, groups, company = false }, place) => ({
        users,
        groups,
        teamSize: company ? null : teamSize,
        seed: place + 1,
      }));
      const { origin, caPem, tenants: made } = await actor.call('start', { tenants: sized }, started);
      const caFile = join(folder, `${new URL(origin).port}.pem`);
      await writeFile(caFile, caPem);
      return {
        ...actor,
        origin,
        caFile,
        places: made.map((one) => ({ origin, caFile, tenant: one })),
        knobs: async (knobs) => void (await actor.call('knobs', knobs, z.unknown())),
        counted: async () => {
          const counts = await actor.call('counters', null, figures);
          await actor.call('reset', null, z.unknown());
          return counts;
        },
      };
    },
    subject: ({ caFile }) => start('subject.ts', workerFlags, { NODE_EXTRA_CA_CERTS: caFile }),
    target: async (latencyMs) => {
      const actor = start('scim.ts', []);
      const settings = await actor.call('start', latencyMs, z.object({ baseUrl: z.string(), token: z.string() }));
      return {
        settings,
        asked: () => actor.call('asked', null, z.array(asked)),
        empty: () => actor.call('empty', null, z.number()),
      };
    },
    entrain: async ({ origin, caFile }, { database: name = database(), watched = false } = {}) => {
      const actor = start('subject.ts', workerFlags);
      const { redisUrl } = services;
      const openOn = async (database: string): Promise<void> => {
        const mongoUri = watched ? monitored(uriOf(database)) : uriOf(database);
        await actor.call('open', { mongoUri, redisUrl, prefix: `{${database}}`, origin, caFile, key }, z.unknown());
      };
      await openOn(name);
      return {
        ...actor,
        openOn,
        connect: (place, managers) => actor.call('connect', { ...place, managers }, z.string()),
        sync: (connection, mode, profile = false) => actor.call('sync', { connection, mode, profile }, figures),
      };
    },
    stop: async () => {
      await clear();
      redis.disconnect();
      await mongo.close();
      await services.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

const monitored = (uri: string): string => `${uri}${uri.includes('?') ? '&' : '?'}monitorCommands=true`;
