/** A Redis of one's own that may lose everything, or be gone for a while, behind an address that stays. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Service } from '../../scripts/services/child.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import { cacheFolder } from '../../scripts/services.ts';
import { startTcpProxy, upstreamOf } from './tcp-proxy.ts';

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
  const proxy = await startTcpProxy(null);
  const folders: string[] = [];
  let redis: Service | null = null;
  const lose = async (): Promise<void> => {
    const lost = redis;
    redis = null;
    proxy.lead(null);
    proxy.set({ state: 'clear' });
    proxy.cut('rst');
    await lost?.stop();
  };
  const replace = async (): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), 'entrain-redis-'));
    folders.push(folder);
    redis = await startRedis({ folder, cache: cacheFolder(), log: () => {} });
    proxy.lead(upstreamOf(redis.url));
  };
  await replace();
  return {
    url: `redis://127.0.0.1:${proxy.port}`,
    flush: async () => {
      const client = new Redis(redis?.url ?? '');
      await client.flushall();
      client.disconnect();
    },
    lose,
    hang: () => proxy.set({ state: 'black_hole' }),
    replace,
    stop: async () => {
      await lose();
      await proxy.close();
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    },
  };
};
