/** An API that listens for others than this machine, as a process of its own. */

import { expect, it } from 'vitest';
import { freshEnvironment, startApiProcess } from '../support/api-process.ts';

it('says at its start that keys come to it in plain, and not where TLS in front of it is declared', async () => {
  const env = { ...(await freshEnvironment()), ENTRAIN_HOST: '0.0.0.0' };
  const [open, behindTls] = await Promise.all([
    startApiProcess(env),
    startApiProcess({ ...env, ENTRAIN_PUBLIC_URL: 'https://entrain.example' }),
  ]);
  // What is said at the start is said before the first answer.
  for (const { origin } of [open, behindTls]) expect((await fetch(`${origin}/livez`)).status).toBe(200);
  await Promise.all([open, behindTls].map(({ child }) => child.stop()));
  const lines = open.heard.join('').split('\n');
  expect(lines.filter((line) => line.includes('"event":"api.plain"'))).toEqual([
    expect.stringMatching(/"level":"warn".*ENTRAIN_PUBLIC_URL/),
  ]);
  expect(behindTls.heard.join('')).not.toContain('api.plain');
}, 60_000);
