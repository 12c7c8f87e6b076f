/** Two servers that start at once on an empty database, as processes of their own. */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Child, freePort, startChild } from '../../scripts/services/child.ts';
import { plainHosts } from '../../scripts/services/plain-hosts.ts';
import { freshDatabase, freshPrefix } from '../support/fresh.ts';

const running: Child[] = [];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'entrain-first-key-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((child) => child.stop()));
  rmSync(folder, { recursive: true });
});

it('of two servers that start at once one leaves a key, which opens both, and the other says that there are keys', async () => {
  const { url, prefix } = freshPrefix();
  const { uri } = freshDatabase();
  const env = {
    MONGODB_URI: uri,
    REDIS_URL: url,
    ENTRAIN_PLAIN_HOSTS: await plainHosts({ mongoUri: uri, redisUrl: url }),
    ENTRAIN_QUEUE_PREFIX: `{${prefix}}`,
    ENTRAIN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    ENTRAIN_FIRST_KEY_FILE: join(folder, 'first'),
  };
  const servers = await Promise.all([startServer(env), startServer(env)]);

  expect(readdirSync(folder)).toEqual(['first']);
  const key = readFileSync(join(folder, 'first'), 'utf8').trim();
  expect(key).toMatch(/^entrain_[0-9a-f]{32}_[\w-]{43}$/);
  const said = servers.map(({ heard }) => heard.join(''));
  for (const event of ['api_keys.first', 'api_keys.found'])
    expect(said.filter((text) => text.includes(`"event":"${event}"`))).toHaveLength(1);
  // Nobody looks on at a terminal here.
  expect(said.join('')).not.toMatch(/entrain_[0-9a-f]{32}_/);

  for (const { origin } of servers) {
    const answer = await fetch(`${origin}/v1/session`, { headers: { authorization: `Bearer ${key}` } });
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
