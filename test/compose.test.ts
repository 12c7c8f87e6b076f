import { expect, it } from 'vitest';
import { compose } from '../src/compose.ts';
import { ConfigRefused, parseConfig } from '../src/config.ts';

const start = (environment: Readonly<Record<string, string>>) =>
  compose(
    parseConfig({
      ENTRAIN_ENCRYPTION_KEY: Buffer.alloc(32).toString('base64'),
      ENTRAIN_LOG_LEVEL: 'silent',
      ...environment,
    }),
    'api',
  ).then(
    () => 'It was not refused.',
    (error: unknown) => (error instanceof ConfigRefused ? error.message : String(error)),
  );

it('a start whose way to MongoDB or Redis leads off this machine in plain is refused, before anything is sent there', async () => {
  const said = await start({
    MONGODB_URI: 'mongodb://entrain:hunter2@db.invalid/entrain',
    REDIS_URL: 'redis://:hunter3@redis.invalid:6379',
    ENTRAIN_PLAIN_HOSTS: 'redis,mongo',
  });
  expect(said).toMatch(
    /^The configuration cannot be used:\n {2}- MONGODB_URI leads off .*\n {2}- REDIS_URL leads off /,
  );
  expect(said).not.toMatch(/hunter|invalid/);
});

it('an address that is none is told by its variable, and not repeated', async () => {
  const said = await start({ MONGODB_URI: 'mongodb://u:hunter2@127.0.0.1:99999/x', REDIS_URL: 'redis://127.0.0.1:1' });
  expect(said).toMatch(/MongoDB cannot be reached at the address in MONGODB_URI/);
  expect(said).not.toContain('hunter');
});
