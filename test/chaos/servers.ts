/** A Redis and a MongoDB that may die at any moment, behind addresses that stay. Whenever one has died it is started again, as any supervisor would. */

import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Child, Service } from '../../scripts/services/child.ts';
import { startMongo } from '../../scripts/services/mongo.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import { cacheFolder } from '../../scripts/services.ts';
import { startTcpProxy, type TcpProxy, throughProxy, type Upstream, upstreamOf } from '../support/tcp-proxy.ts';

export type FrailServer = {
  /** Through the proxy. */
  readonly url: string;
  readonly proxy: TcpProxy;
  /** Past the proxy; another one after each start. */
  readonly direct: () => string;
  /** The process that serves now; null while none does. */
  readonly present: () => Child | null;
  /** SIGKILL, and up again on the same folder, or, of which nothing is kept, on an empty one. False where it was down already: then nothing is done. */
  readonly crash: (keeping: 'folder' | 'nothing') => Promise<boolean>;
  /** SIGTERM, and up again on the same folder. False as above. */
  readonly restart: () => Promise<boolean>;
  readonly stop: () => Promise<void>;
};

const quiet = { cache: cacheFolder(), log: () => undefined };

export const startFrailMongo = (folder: string): Promise<FrailServer> =>
  keepServing(folder, (at) => startMongo({ ...quiet, folder: at }));
export const startFrailRedis = (folder: string): Promise<FrailServer> =>
  keepServing(folder, (at) => startRedis({ ...quiet, folder: at }));

export const flush = async (redis: FrailServer): Promise<void> => {
  const client = new Redis(redis.direct());
  client.on('error', () => undefined);
  try {
    await client.flushall();
  } finally {
    client.disconnect();
  }
};

/** `start`: serves what is kept in a folder. */
export const keepServing = async (
  folder: string,
  start: (folder: string) => Promise<Service>,
): Promise<FrailServer> => {
  let nth = 0;
  let isOver = false;
  const begin = async (): Promise<Service & { readonly child: Child }> => {
    const at = join(folder, String(nth));
    await mkdir(at, { recursive: true });
    const { child, ...rest } = await start(at);
    if (child === null)
      throw new Error('Only a MongoDB and a Redis that run as processes of ours can be killed, not in Docker.');
    return { ...rest, child };
  };
  let service = await begin();
  let isUp = true;
  let risen = Promise.withResolvers<void>();
  const proxy = await startTcpProxy(upstreamOf(service.url));

  const fall = (): void => {
    if (isUp) risen = Promise.withResolvers();
    isUp = false;
  };
  const rise = async (): Promise<void> => {
    while (!isOver && !isUp) {
      try {
        service = await begin();
        proxy.lead(upstreamOf(service.url));
        isUp = true;
        risen.resolve();
      } catch {
        await sleep(300);
      }
    }
  };
  const keepUp = async (): Promise<void> => {
    while (!isOver) {
      await service.child.ended;
      fall();
      proxy.lead(null);
      proxy.cut('rst');
      await forgetSocket(upstreamOf(service.url));
      await rise();
    }
  };
  const keeping = keepUp();
  const end = async (how: (child: Child) => Promise<void>): Promise<boolean> => {
    if (!isUp) return false;
    fall();
    await how(service.child);
    await risen.promise;
    return true;
  };
  return {
    url: throughProxy(service.url, proxy),
    proxy,
    direct: () => service.url,
    present: () => (isUp ? service.child : null),
    crash: (what) =>
      end((child) => {
        if (what === 'nothing') nth += 1;
        return child.kill();
      }),
    restart: () => end((child) => child.stop()),
    stop: async () => {
      isOver = true;
      await service.stop();
      await keeping;
      // Another one may have come up by then, or none will.
      await service.stop();
      risen.resolve();
      await proxy.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** The embedded MongoDB makes a folder for its socket, and takes it away only when it is stopped in order. */
const forgetSocket = async (server: Upstream): Promise<void> => {
  if ('path' in server) await rm(dirname(server.path), { recursive: true, force: true });
};
