/** The API as a process of its own, on a database that nobody has used. */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Child, freePort, startChild } from '../../scripts/services/child.ts';
import { plainHosts } from '../../scripts/services/plain-hosts.ts';
import { freshDatabase, freshPrefix } from './fresh.ts';

export type ApiProcess = { readonly child: Child; readonly origin: string; readonly heard: readonly string[] };

/** Two that are started with the same stand on the same database. */
export const freshEnvironment = async (): Promise<Readonly<Record<string, string>>> => {
  const { url, prefix } = freshPrefix();
  const { uri } = freshDatabase();
  return {
    MONGODB_URI: uri,
    REDIS_URL: url,
    ENTRAIN_PLAIN_HOSTS: await plainHosts({ mongoUri: uri, redisUrl: url }),
    ENTRAIN_QUEUE_PREFIX: `{${prefix}}`,
    ENTRAIN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  };
};

export const startApiProcess = async (env: Readonly<Record<string, string>>): Promise<ApiProcess> => {
  const heard: string[] = [];
  const port = await freePort();
  const child = await startChild({
    command: [process.execPath, join(import.meta.dirname, '../../src/server.ts')],
    env: { PATH: process.env['PATH'] ?? '', ENTRAIN_PORT: String(port), ...env },
    isReady: async (output) => output.includes('api.listening'),
    readyWithinMs: 60_000,
    heard: (text) => heard.push(text),
  });
  return { child, heard, origin: `http://127.0.0.1:${port}` };
};
