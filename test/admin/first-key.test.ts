import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { tellFirstKey } from '../../src/admin/first-key.ts';
import type { Config } from '../../src/config.ts';
import { createLogger } from '../../src/logger.ts';
import { organizationId } from '../../src/model/ids.ts';
import { secret } from '../../src/model/secret.ts';
import { openDoor } from './api/door.ts';

const withoutKeys = { apiKeys: [], oidc: null } as const;

/** An installation whose servers are started by these tests. */
const installation = async () => {
  const door = await openDoor();
  const log: string[] = [];
  return {
    door,
    log,
    /** What a server that starts prints. */
    start: async (config: Pick<Config, 'apiKeys' | 'oidc'> = withoutKeys): Promise<string> => {
      const printed: string[] = [];
      await tellFirstKey({
        config,
        commands: door.commands,
        log: createLogger({ level: 'debug', to: { write: (line) => log.push(line) } }),
        print: (text) => printed.push(text),
      });
      return printed.join('');
    },
  };
};

const keyIn = (printed: string): string => /entrain_[0-9a-f]{32}_[\w-]{43}/.exec(printed)?.[0] ?? '';

it('the first start without any key prints one that may do everything, once; the log and the store never have it', async () => {
  const { door, log, start } = await installation();
  const key = keyIn(await start());
  const session = await door.call('GET', '/v1/session', { key });
  expect(session).toMatchObject({ status: 200, body: { scopes: ['admin'], organization_ids: null } });

  expect(await start()).toBe('');
  expect(log.join('')).toContain('api_keys.found');
  const [, , shownOnce] = key.split('_');
  const kept = JSON.stringify([await door.stores.apiKeys.list(null, 10), await door.stores.audit.list({}, null, 10)]);
  expect(`${kept}${log.join('')}${door.said.join('')}`).not.toContain(shownOnce);
  await door.close();
});

it('that it was made, and by nobody, is in the audit log', async () => {
  const { door, start } = await installation();
  await start();
  const entries = Object((await door.call('GET', '/v1/audit?action=createApiKey')).body).data;
  expect(entries).toMatchObject([
    { step: 'done', actor: { kind: 'server' }, subjects: { api_key_id: expect.stringMatching(/^key_0{32}$/) } },
    { step: 'asked', actor: { kind: 'server' } },
  ]);
  await door.close();
});

it('no key is made where some are configured, somebody made one, or administrators sign in', async () => {
  const { door, log, start } = await installation();
  const configured = [{ name: 'ops', digest: secret(randomBytes(32)) }];
  expect(await start({ apiKeys: configured, oidc: null })).toBe('');
  expect(await start({ apiKeys: [], oidc: signIn(['admin']) })).toBe('');
  await door.call('POST', '/v1/api-keys', { body: { name: 'ci', scopes: ['admin'] } });
  expect(await start()).toBe('');
  expect((await door.stores.apiKeys.list(null, 10)).items).toHaveLength(1);
  expect(log.join('')).toContain('api_keys.found');
  await door.close();
});

it('one is made although people sign in, when none of them may make keys', async () => {
  const { door, start } = await installation();
  expect(keyIn(await start({ apiKeys: [], oidc: signIn(['approve', 'configure']) }))).not.toBe('');
  await door.close();
});

it('whoever has no key left that may do everything is told the way back, and no other key is made', async () => {
  const { door, log, start } = await installation();
  await start();
  const limited = { name: 'acme', scopes: ['admin'], organization_ids: [organizationId('acme')] };
  await door.call('POST', '/v1/api-keys', { body: limited });
  await door.call('DELETE', `/v1/api-keys/key_${'0'.repeat(32)}`);
  expect(await start()).toBe('');
  expect(log.at(-1)).toContain('ENTRAIN_API_KEYS');
  await door.close();
});

const signIn = (scopes: readonly ('admin' | 'approve' | 'configure')[]) => ({
  issuer: 'https://login.example',
  clientId: 'entrain',
  clientSecret: secret('of the client'),
  scope: 'openid',
  claim: 'groups',
  roleScopes: new Map([['ops', scopes]]),
});
