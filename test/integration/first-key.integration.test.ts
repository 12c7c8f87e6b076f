/** Two servers that start at once on an empty database, as processes of their own. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Child } from '../../scripts/services/child.ts';
import { freshEnvironment, startApiProcess } from '../support/api-process.ts';

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
  const env = { ...(await freshEnvironment()), ENTRAIN_FIRST_KEY_FILE: join(folder, 'first') };
  const servers = await Promise.all([startServer(env), startServer(env)]);

  expect(readdirSync(folder)).toEqual(['first']);
  const key = readFileSync(join(folder, 'first'), 'utf8').trim();
  expect(key).toMatch(/^entrain_[0-9a-f]{32}_[\w-]{43}$/);
  const said = servers.map(({ heard }) => heard.join(''));
  // They are called from this machine alone.
  expect(said.join('')).not.toContain('api.plain');
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
  const server = await startApiProcess(env);
  running.push(server.child);
  return server;
};
