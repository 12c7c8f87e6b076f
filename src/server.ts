/** The API process. */

import { createServer } from 'node:http';
import type { ReadinessCheck } from './admin/api/health.ts';
import { createApi } from './admin/api/index.ts';
import { compose, type Parts } from './compose.ts';
import type { Config } from './config.ts';
import { untilStopped } from './process.ts';
import { assertNoEviction } from './queue/redis.ts';

const serve = async (config: Config): Promise<() => Promise<void>> => {
  const parts = await compose(config, 'api');
  const { commands, log, metrics } = parts;
  const server = createServer(createApi({ commands, config, log, metrics, readiness: readinessOf(parts) }));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, resolve);
  });
  log.info('api.listening', { host: config.host, port: config.port });
  return async () => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
    await parts.close();
  };
};

const readinessOf = ({ mongo, redis, queues }: Parts): readonly ReadinessCheck[] => [
  {
    name: 'mongodb',
    timeoutMs: 2_000,
    check: async () => {
      await mongo.db.command({ ping: 1 });
    },
  },
  { name: 'redis', timeoutMs: 2_000, check: () => assertNoEviction(redis) },
  {
    name: 'workers',
    timeoutMs: 2_000,
    check: async () => {
      if ((await queues.sync.getWorkersCount()) === 0)
        throw new Error('No worker is connected to the sync queue. Start one: node workers/main.ts');
    },
  },
];

await untilStopped(serve);
