/** A Redis of one's own that may lose everything, or be gone for a while, behind an address that stays. */

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, type Service } from '../../scripts/services/child.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import { cacheFolder } from '../../scripts/services.ts';

export type BreakableRedis = {
  readonly url: string;
  /** Everything it holds is lost; connections stay. */
  flush(): Promise<void>;
  /** It is gone, with all connections and all it held. */
  lose(): Promise<void>;
  /** It takes connections and questions, and answers none, until it is lost. */
  hang(): void;
  /** An empty one takes its place. */
  replace(): Promise<void>;
  stop(): Promise<void>;
};

export const startBreakableRedis = async (): Promise<BreakableRedis> => {
  const port = await freePort();
  const sockets = new Set<Socket>();
  let redis: Service | null = null;
  let hangs = false;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy()));
    return socket;
  };
  const server = createServer((client) => {
    keep(client);
    if (hangs) return;
    if (redis === null) {
      client.destroy();
      return;
    }
    const upstream = keep(dial(Number(new URL(redis.url).port), '127.0.0.1'));
    client.pipe(upstream).pipe(client);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  }).listen(port, '127.0.0.1');
  const lose = async (): Promise<void> => {
    const lost = redis;
    redis = null;
    hangs = false;
    for (const socket of sockets) socket.destroy();
    await lost?.stop();
  };
  const folders: string[] = [];
  const replace = async (): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), 'entrain-redis-'));
    folders.push(folder);
    redis = await startRedis({ folder, cache: cacheFolder(), log: () => {} });
  };
  await replace();
  return {
    url: `redis://127.0.0.1:${port}`,
    flush: async () => {
      const client = new Redis(redis?.url ?? '');
      await client.flushall();
      client.disconnect();
    },
    lose,
    hang: () => {
      hangs = true;
      for (const socket of sockets) socket.pause();
    },
    replace,
    stop: async () => {
      await lose();
      await new Promise((resolve) => server.close(resolve));
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    },
  };
};
