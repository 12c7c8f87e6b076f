import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tellFirstKey } from '../../src/admin/first-key.ts';
import { draftKeyFile } from '../../src/admin/first-key-file.ts';
import type { Config } from '../../src/config.ts';
import { createLogger } from '../../src/logger.ts';
import { organizationId } from '../../src/model/ids.ts';
import { secret } from '../../src/model/secret.ts';
import { openDoor } from './api/door.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'entrain-first-key-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const withoutKeys = { apiKeys: [], oidc: null, firstKeyFile: null } as const;
type Configured = Pick<Config, 'apiKeys' | 'oidc' | 'firstKeyFile'>;

/** An installation whose servers are started by these tests. */
const installation = async () => {
  const door = await openDoor();
  const log: string[] = [];
  return {
    door,
    log,
    /** What a server that starts prints; `terminal`: whether somebody reads it. */
    start: async (config: Partial<Configured> = {}, terminal = true): Promise<string> => {
      const printed: string[] = [];
      await tellFirstKey({
        config: { ...withoutKeys, ...config },
        commands: door.commands,
        log: createLogger({ level: 'debug', to: { write: (line) => log.push(line) } }),
        print: terminal ? (text) => printed.push(text) : null,
      });
      return printed.join('');
    },
  };
};

const keyIn = (printed: string): string => /entrain_[0-9a-f]{32}_[\w-]{43}/.exec(printed)?.[0] ?? '';

it('the first start without any key leaves one that may do everything in a file of its own; the log and the store never have it', async () => {
  const { door, log, start } = await installation();
  const firstKeyFile = join(folder, 'first');
  expect(await start({ firstKeyFile })).toBe('');
  const key = keyIn(readFileSync(firstKeyFile, 'utf8'));
  expect(readFileSync(firstKeyFile, 'utf8')).toBe(`${key}\n`);
  expect(statSync(firstKeyFile).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['first']);
  expect(log.at(-1)).toMatch(/api_keys\.first/);
  const session = await door.call('GET', '/v1/session', { key });
  expect(session).toMatchObject({ status: 200, body: { scopes: ['admin'], organization_ids: null } });

  expect(await start({ firstKeyFile: join(folder, 'second') })).toBe('');
  expect(readdirSync(folder)).toEqual(['first']);
  expect(log.join('')).toContain('api_keys.found');
  const [, , shownOnce] = key.split('_');
  const kept = JSON.stringify([await door.stores.apiKeys.list(null, 10), await door.stores.audit.list({}, null, 10)]);
  expect(`${kept}${log.join('')}${door.said.join('')}`).not.toContain(shownOnce);
  await door.close();
});

it('where no file is named, it is printed to the terminal, once', async () => {
  const { door, start } = await installation();
  const session = await door.call('GET', '/v1/session', { key: keyIn(await start()) });
  expect(session).toMatchObject({ status: 200, body: { scopes: ['admin'], organization_ids: null } });
  expect(await start()).toBe('');
  await door.close();
});

it('where nobody looks on and no file is named, none is made, and it is said what to do', async () => {
  const { door, log, start } = await installation();
  expect(await start({}, false)).toBe('');
  expect((await door.stores.apiKeys.list(null, 10)).items).toEqual([]);
  expect(log.at(-1)).toMatch(/ENTRAIN_FIRST_KEY_FILE.*api_keys\.none/);
  expect(keyIn(await start())).not.toBe('');
  await door.close();
});

it('no file is written over, and nothing is made where none can be written; the next start makes it', async () => {
  const { door, start } = await installation();
  const [taken, away] = [join(folder, 'taken'), join(folder, 'nowhere', 'first')];
  writeFileSync(taken, 'of somebody else');
  await expect(start({ firstKeyFile: taken })).rejects.toThrow(/where a file is already/);
  await expect(start({ firstKeyFile: away })).rejects.toThrow(/cannot be written/);
  expect(readFileSync(taken, 'utf8')).toBe('of somebody else');
  expect((await door.stores.apiKeys.list(null, 10)).items).toEqual([]);
  rmSync(taken);
  await start({ firstKeyFile: taken });
  expect(keyIn(readFileSync(taken, 'utf8'))).not.toBe('');
  await door.close();
});

it('a file that came meanwhile is not written over either, and the key is not lost', async () => {
  const own = mkdtempSync(join(folder, 'meanwhile-'));
  const path = join(own, 'first');
  const file = await draftKeyFile(path, 'the key');
  writeFileSync(path, 'of somebody else');
  const refused: unknown = await file.place().catch((error: unknown) => error);
  expect(readFileSync(path, 'utf8')).toBe('of somebody else');
  const [draft = ''] = readdirSync(own).filter((name) => name !== 'first');
  expect(String(refused)).toContain(join(own, draft));
  expect(readFileSync(join(own, draft), 'utf8')).toBe('the key\n');
});

it('of two servers that start at once one leaves its key, and nothing of the other is left', async () => {
  const { door, log, start } = await installation();
  const own = mkdtempSync(join(folder, 'of-two-'));
  const firstKeyFile = join(own, 'first');
  await Promise.all([start({ firstKeyFile }), start({ firstKeyFile })]);
  expect(readdirSync(own)).toEqual(['first']);
  const session = await door.call('GET', '/v1/session', { key: keyIn(readFileSync(firstKeyFile, 'utf8')) });
  expect(session.status).toBe(200);
  expect(log.filter((line) => line.includes('api_keys.first'))).toHaveLength(1);
  expect(log.filter((line) => line.includes('api_keys.found'))).toHaveLength(1);
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
  expect(await start({ apiKeys: configured })).toBe('');
  expect(await start({ oidc: signIn(['admin']) })).toBe('');
  await door.call('POST', '/v1/api-keys', { body: { name: 'ci', scopes: ['admin'] } });
  expect(await start()).toBe('');
  expect((await door.stores.apiKeys.list(null, 10)).items).toHaveLength(1);
  expect(log.join('')).toContain('api_keys.found');
  await door.close();
});

it('one is made although people sign in, when none of them may make keys', async () => {
  const { door, start } = await installation();
  expect(keyIn(await start({ oidc: signIn(['approve', 'configure']) }))).not.toBe('');
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
