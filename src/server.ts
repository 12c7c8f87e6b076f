/** The API process. */

import type { ReadinessCheck } from './admin/api/health.ts';
import { createApi } from './admin/api/index.ts';
import { listen } from './admin/api/listen.ts';
import { tellFirstKey } from './admin/first-key.ts';
import { askedBy, nothing } from './command-line.ts';
import { compose, type Parts } from './compose.ts';
import type { Config } from './config.ts';
import { isDoorPlain } from './core/plain-ways.ts';
import { untilStopped } from './process.ts';
import { processUsage } from './process-usage.ts';

askedBy({
  name: 'start',
  usage: processUsage({
    command: 'npm start, or npm run start',
    inImage: 'node src/server.ts',
    what: `The API of Entrain: what products, people and setup pages call. It works on nothing itself; for that start
workers beside it (npm run worker).`,
    settings: ['ENTRAIN_HOST', 'ENTRAIN_PORT', 'ENTRAIN_PUBLIC_URL', 'ENTRAIN_API_KEYS', 'ENTRAIN_FIRST_KEY_FILE'],
  }),
  read: nothing,
});

const serve = async (config: Config): Promise<() => Promise<void>> => {
  const parts = await compose(config, 'api');
  const readiness = [...parts.readiness, hasWorkers(parts)];
  // Without a terminal, whatever collects standard output would keep the key.
  await tellFirstKey({ ...parts, print: process.stdout.isTTY ? (text) => process.stdout.write(text) : null });
  const closing = new AbortController();
  const closeDoor = await listen(createApi({ ...parts, readiness, closing: closing.signal }), config);
  parts.log.info('api.listening', { host: config.host, port: config.port });
  if (isDoorPlain(config)) parts.log.warn('api.plain', { host: config.host, message: plainDoor });
  return async () => {
    closing.abort();
    await closeDoor();
    await parts.close();
  };
};

const plainDoor =
  'The API speaks HTTP, and listens for others than this machine: whoever is on the way reads the keys of its callers. Put TLS in front, and say so by ENTRAIN_PUBLIC_URL (https://) or ENTRAIN_TRUSTED_PROXIES; or set ENTRAIN_HOST to 127.0.0.1. Where it is published for this machine alone, as by docker-compose.yml, it is well.';

const hasWorkers = ({ queues }: Parts): ReadinessCheck => ({
  name: 'workers',
  timeoutMs: 2_000,
  check: async () => {
    if ((await queues.sync.getWorkersCount()) === 0)
      throw new Error('No worker is connected to the sync queue. Start one: node workers/main.ts');
  },
});

await untilStopped(serve);
