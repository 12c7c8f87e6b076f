/** Two servers that start at once on an empty database, as processes of their own. */

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type Child, freePort, startChild } from '../../scripts/services/child.ts';
import { freshDatabase, freshPrefix } from '../support/fresh.ts';

const running: Child[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((child) => child.stop()));
});

it('two servers that start at once print one key, which opens both, and the other says that there are keys', async () => {
  const { url, prefix } = freshPrefix();
  const env = {
    MONGODB_URI: freshDatabase().uri,
    REDIS_URL: url,
    ENTRAIN_QUEUE_PREFIX: `{${prefix}}`,
    ENTRAIN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  };
  const servers = await Promise.all([startServer(env), startServer(env)]);

  const said = servers.map(({ heard }) => heard.join(''));
  const printed = said.flatMap((text) => text.match(/entrain_[0-9a-f]{32}_[\w-]{43}/g) ?? []);
  expect(printed).toHaveLength(1);
  expect(said.filter((text) => text.includes('"event":"api_keys.found"'))).toHaveLength(1);
  const inLog = said
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes('entrain_'));
  expect(inLog).toEqual([]);

  for (const { origin } of servers) {
    const answer = await fetch(`${origin}/v1/session`, { headers: { authorization: `Bearer ${printed[0]}` } });
    expect(await answer.json()).toMatchObject({ scopes: ['admin'], organization_ids: null });
  }
}, 60_000);

const startServer = async (env: Readonly<Record<string, string>>) => {
  const heard: string[] = [];
  const port = await freePort();
  const child = await startChild({
    command: [process.execPath, join(import.meta.dirname, '../../src/server.ts')],
    env: { PATH: process.env['PATH'] ?? '', ENTRAIN_PORT: String(port), ...env },
    isReady: async (output) => output.includes('api.listening'),
    readyWithinMs: 60_000,
    heard: (text) => heard.push(text),
  });
  running.push(child);
  return { heard, origin: `http://127.0.0.1:${port}` };
};
