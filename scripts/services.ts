// The two servers that Entrain stands on, for demo, development and tests. `npm run services` keeps them up.

import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { askedBy, nothing } from '../src/command-line.ts';
import type { Log, Service } from './services/child.ts';
import { startMongo } from './services/mongo.ts';
import { startRedis } from './services/redis.ts';
import { stopAsked } from './services/stop-asked.ts';
import { throwawayFolder } from './services/throwaway-folder.ts';

export interface Services {
  readonly redisUrl: string;
  readonly mongoUri: string;
  stop(): Promise<void>;
}

/** Where downloads are kept between runs: SERVICES_CACHE_DIR, or `.cache/entrain` in this repository. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return resolve(env['SERVICES_CACHE_DIR'] || join(import.meta.dirname, '../.cache/entrain'));
}

/**
 * Gives a Redis and a MongoDB that answer: those that REDIS_URL and MONGODB_URI name, else servers of its own that
 * end with this process. Their data stands in `folder`, or, without one, in a place that is removed with them.
 */
export async function startServices(ask: { log: Log; folder?: string }): Promise<Services> {
  const cache = cacheFolder();
  await mkdir(cache, { recursive: true });
  const data =
    ask.folder === undefined ? await throwawayFolder('entrain-') : { path: ask.folder, remove: async () => undefined };
  const started: Service[] = [];
  const stop = once(async () => {
    await Promise.all(started.map((service) => service.stop()));
    await data.remove();
  });
  try {
    // MongoDB first: it locks its folder, which keeps a second run out of Redis's folder as well.
    const mongo =
      given('MONGODB_URI', ask.log) ?? (await startMongo({ folder: join(data.path, 'mongo'), cache, log: ask.log }));
    started.push(mongo);
    const redis =
      given('REDIS_URL', ask.log) ?? (await startRedis({ folder: join(data.path, 'redis'), cache, log: ask.log }));
    started.push(redis);
    return { redisUrl: redis.url, mongoUri: mongo.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function given(name: string, log: Log): Service | undefined {
  const url = process.env[name];
  if (url === undefined || url === '') return undefined;
  log(`${name} is set: using that server.`);
  return { url, stop: async () => undefined, child: null };
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= action();
    return done;
  };
}

const usage = `Usage: make services, or npm run services

Keeps a Redis and a MongoDB up until Ctrl-C, and prints their addresses (REDIS_URL, MONGODB_URI).
Their data stays in ${join('.cache', 'entrain', 'data')} of this repository, or in SERVICES_CACHE_DIR.
Servers that REDIS_URL or MONGODB_URI already name are used as they are.`;

if (import.meta.main) {
  askedBy({ name: 'services', usage, read: nothing });
  const services = await startServices({ log: console.error, folder: join(cacheFolder(), 'data') });
  console.log(`REDIS_URL=${services.redisUrl}\nMONGODB_URI=${services.mongoUri}`);
  const keepUp = setInterval(() => undefined, 2 ** 30); // as nothing else would, with both servers given
  await stopAsked();
  await services.stop();
  clearInterval(keepUp);
}
