import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { azureKeyVault } from '../../src/keys/azure-key-vault.ts';
import { cachedKeys } from '../../src/keys/cached.ts';
import { errorFacts } from '../../src/logger.ts';
import { secret } from '../../src/model/secret.ts';
import { createVault } from '../../src/store/vault.ts';
import { credential, openKeyVault } from '../support/key-vault.ts';
import { startStranger } from '../support/stranger.ts';

let vault: Awaited<ReturnType<typeof openKeyVault>>;
beforeAll(async () => {
  vault = await openKeyVault();
});
afterAll(() => vault.close());

const { signal } = new AbortController();
const dataKey = randomBytes(32);
let nowMs = 0;
let nth = 0;
let key: string;
beforeEach(() => {
  nth += 1;
  key = vault.addKey(`entrain-${nth}`);
  vault.state.answers = 'all';
  vault.asked.length = 0;
});
const name = (): string => `entrain-${nth}`;
const keysAt = (...keys: [string, ...string[]]) =>
  azureKeyVault({ keys, credential, nowMs: () => nowMs, verifyAudience: false });

describe('a key in Azure Key Vault', () => {
  it('wraps a data key by its newest version, and unwraps it', async () => {
    const keys = keysAt(key);
    const wrapped = await keys.wrap(dataKey, signal);
    expect(wrapped.key).toMatch(new RegExp(`^azure:${key}/[0-9a-f]{32}$`));
    expect(wrapped.key).toBe(await keys.current(signal));
    expect(Buffer.from(wrapped.bytes).includes(dataKey)).toBe(false);
    expect(Buffer.from(await keys.unwrap(wrapped, signal))).toEqual(dataKey);
    expect(vault.asked.filter((one) => one.startsWith('POST'))).toContain(`POST ${name()} unwrapkey`);
  });

  it('that is rotated there is noticed within ten minutes, and goes on opening what it wrapped', async () => {
    const keys = keysAt(key);
    const before = await keys.wrap(dataKey, signal);
    vault.rotate(name());
    expect(await keys.current(signal)).toBe(before.key);
    nowMs += 600_000;
    const after = await keys.wrap(dataKey, signal);
    expect(after.key).not.toBe(before.key);
    for (const wrapped of [before, after]) expect(Buffer.from(await keys.unwrap(wrapped, signal))).toEqual(dataKey);
  });

  it('may take the place of another one, which only unwraps from then on', async () => {
    const before = await keysAt(key).wrap(dataKey, signal);
    const next = keysAt(vault.addKey(`${name()}-next`), key);
    expect(next.knows(before.key)).toBe(true);
    expect(Buffer.from(await next.unwrap(before, signal))).toEqual(dataKey);
    expect((await next.wrap(dataKey, signal)).key).toContain('-next/');
  });

  it('is the only place that is asked, whatever stands in the database', async () => {
    const keys = keysAt(key);
    for (const other of [
      'azure:https://evil.example/keys/entrain/1',
      `azure:${key}-other/1`,
      `azure:${vault.origin}/keys/other/1`,
      'local:abcdefgh',
    ])
      expect(keys.knows(other), other).toBe(false);
  });

  it('that was altered in the database opens nothing', async () => {
    const keys = keysAt(key);
    const { key: of, bytes } = await keys.wrap(dataKey, signal);
    const altered = Buffer.from(bytes);
    altered[0] = (altered[0] ?? 0) ^ 1;
    await expect(keys.unwrap({ key: of, bytes: altered }, signal)).rejects.toMatchObject({ name: 'SecretUnreadable' });
  });
});

describe('a vault that does not help', () => {
  it('because it cannot be reached is waited for', async () => {
    const keys = keysAt(key);
    const wrapped = await keys.wrap(dataKey, signal);
    vault.state.answers = 'nothing';
    await expect(keys.unwrap(wrapped, signal)).rejects.toMatchObject({ code: 'key_vault_unreachable' });
    vault.state.answers = 'all';
    expect(Buffer.from(await keys.unwrap(wrapped, signal))).toEqual(dataKey);
  });

  it('because its certificate is not to be trusted is told nothing, not even who asks', async () => {
    const stranger = await startStranger();
    let tokens = 0;
    const counting = {
      getToken: () => {
        tokens += 1;
        return credential.getToken();
      },
    };
    const keys = azureKeyVault({
      keys: [`${stranger.origin}/keys/entrain`],
      credential: counting,
      nowMs: () => nowMs,
      verifyAudience: false,
    });
    try {
      await expect(keys.wrap(dataKey, signal)).rejects.toMatchObject({ code: 'key_vault_unreachable' });
      expect(stranger.handshakes()).toBeGreaterThan(0);
      expect([stranger.requests(), tokens]).toEqual([0, 0]);
    } finally {
      await stranger.close();
    }
  });

  it('because it refuses says what it would need', async () => {
    const keys = keysAt(key);
    const wrapped = await keys.wrap(dataKey, signal);
    vault.state.answers = 'forbidden';
    await expect(keys.unwrap(wrapped, signal)).rejects.toThrow(/Key Vault Crypto Service Encryption User/);
    vault.state.answers = 'all';
    vault.disableOldest(name());
    await expect(keys.unwrap(wrapped, signal)).rejects.toMatchObject({ code: 'key_vault_refused' });
  });

  it('tells nothing of a data key in its errors', async () => {
    const keys = keysAt(key);
    await keys.current(signal);
    vault.state.answers = 'forbidden';
    const error: unknown = await keysAt(key)
      .wrap(dataKey, signal)
      .catch((thrown: unknown) => thrown);
    const printed = [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(errorFacts(error))].join('\n');
    for (const form of ['base64', 'base64url', 'hex'] as const) expect(printed).not.toContain(dataKey.toString(form));
  });
});

it('secrets are sealed by it, and a run asks it for each of them once an hour', async () => {
  const keys = cachedKeys(keysAt(key), () => nowMs);
  const ours = randomBytes(32);
  const sealing = createVault(ours, [], { keys, wraps: true });
  const of = { organization: 'acme', record: 'con_1', field: 'clientSecret' };
  const before = await createVault(ours).seal(secret('secret'), of);
  const sealed = (await sealing.renew(before, of)) ?? '';
  expect(sealing.keyOf(sealed)).toContain(`azure:${key}/`);
  const unwraps = () => vault.asked.filter((one) => one.endsWith('unwrapkey')).length;
  for (let run = 0; run < 5; run += 1) expect((await sealing.open(sealed, of)).reveal()).toBe('secret');
  expect(unwraps()).toBe(1);
  vault.rotate(name());
  nowMs += 3_600_000;
  const renewed = (await sealing.renew(sealed, of)) ?? '';
  expect(sealing.keyOf(renewed)).not.toBe(sealing.keyOf(sealed));
  expect((await sealing.open(renewed, of)).reveal()).toBe('secret');
});
