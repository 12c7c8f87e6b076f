import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { KeyEncryption, WrappedKey } from '../../src/keys/key-encryption.ts';
import { localKeyName, localKeys } from '../../src/keys/local.ts';
import { KeysUnavailable, SecretUnreadable } from '../../src/model/errors.ts';
import { secret } from '../../src/model/secret.ts';
import { createSeal } from '../../src/store/seal.ts';
import { createVault } from '../../src/store/vault.ts';

const text = 'client secret: ümlaut 👩‍💻';
const given = secret(text);
const key = randomBytes(32);
const vault = createVault(key);
const of = { organization: 'acme', record: 'con_1', field: 'clientSecret' };

/** Keys of somebody else, with what they were asked. */
const outsideKeys = () => {
  const kept = randomBytes(32);
  const inner = localKeys(kept);
  const asked = { wraps: 0, unwraps: 0, isAway: false };
  const away = (): void => {
    if (asked.isAway) throw new KeysUnavailable('key_vault_unreachable', 'It is away.');
  };
  const named = ({ bytes }: WrappedKey): WrappedKey => ({ key: 'outside:1', bytes });
  const keys: KeyEncryption = {
    knows: (name) => name === 'outside:1',
    current: async () => {
      away();
      return 'outside:1';
    },
    wrap: async (dataKey, signal) => {
      away();
      asked.wraps += 1;
      return named(await inner.wrap(dataKey, signal));
    },
    unwrap: async ({ bytes }, signal) => {
      away();
      asked.unwraps += 1;
      return await inner.unwrap({ key: localKeyName(kept), bytes }, signal);
    },
  };
  return { keys, asked };
};

describe('the vault', () => {
  it('opens what it sealed, each secret with a data key of its own', async () => {
    const [one, two] = [await vault.seal(given, of), await vault.seal(given, of)];
    expect((await vault.open(one, of)).reveal()).toBe(text);
    expect((await vault.open(two, of)).reveal()).toBe(text);
    const parts = [one, two].map((sealed) => sealed.split('.'));
    expect(parts.map(([version]) => version)).toEqual(['v2', 'v2']);
    expect(parts[0]?.[2]).not.toBe(parts[1]?.[2]);
    // The data key of one does not open the other.
    const [, name, , ...content] = parts[0] ?? [];
    await expect(vault.open(['v2', name, parts[1]?.[2], ...content].join('.'), of)).rejects.toThrow(SecretUnreadable);
    expect((await vault.open(await vault.seal(secret(''), of), of)).reveal()).toBe('');
  });

  it.each([
    ['another organization', { ...of, organization: 'globex' }],
    ['another record', { ...of, record: 'con_2' }],
    ['another field', { ...of, field: 'token' }],
    ['parts that only read the same', { organization: 'acme","con_1', record: 'x', field: 'clientSecret' }],
  ])('opens nothing for %s', async (_, other) => {
    await expect(vault.open(await vault.seal(given, of), other)).rejects.toThrow(SecretUnreadable);
  });

  it('refuses a sealed text of which any character was changed, dropped or added', async () => {
    const sealed = await vault.seal(given, of);
    const altered = [...sealed].flatMap((character, at) => [
      sealed.slice(0, at) + (character === 'A' ? 'B' : 'A') + sealed.slice(at + 1),
      sealed.slice(0, at) + sealed.slice(at + 1),
      `${sealed.slice(0, at)}A${sealed.slice(at)}`,
    ]);
    expect(altered.length).toBeGreaterThan(500);
    // A key by another name is a key that is not here.
    for (const text of [...altered, `${sealed}A`, `${sealed}.`, `${sealed}.AAAA`, '', 'v2'])
      await expect(vault.open(text, of), text).rejects.toThrow(/cannot be opened|not configured|not wrapped/);
  });

  it('says which secret cannot be opened, and nothing of what is in it', async () => {
    const sealed = await vault.seal(given, of);
    const failing = vault.open(sealed, { ...of, record: 'con_2' });
    await expect(failing).rejects.toThrow(/clientSecret of con_2/);
    await expect(failing).rejects.not.toThrow(new RegExp(sealed.split('.')[5] ?? text));
  });

  it('takes keys of 32 bytes only', () => {
    expect(() => createVault(randomBytes(16))).toThrow(/32 bytes, not 16/);
    expect(() => createVault(key, [randomBytes(31)])).toThrow(/32 bytes, not 31/);
  });
});

describe('a key that is changed', () => {
  const newKey = randomBytes(32);
  const rotated = createVault(newKey, [key]);

  it('opens what the earlier one sealed, and seals with the new one', async () => {
    expect((await rotated.open(await vault.seal(given, of), of)).reveal()).toBe(text);
    const sealed = await rotated.seal(given, of);
    expect(rotated.keyOf(sealed)).toBe(localKeyName(newKey));
    expect((await createVault(newKey).open(sealed, of)).reveal()).toBe(text);
  });

  it('is not known to whoever does not have it yet, which is nobody’s fault', async () => {
    const sealed = await rotated.seal(given, of);
    await expect(vault.open(sealed, of)).rejects.toMatchObject({ name: 'KeysUnavailable', code: 'key_unknown' });
  });

  it('wraps the data keys anew, and the secrets stay encrypted as they are', async () => {
    const sealed = await vault.seal(given, of);
    const renewed = (await rotated.renew(sealed, of)) ?? '';
    expect(renewed.split('.').slice(3)).toEqual(sealed.split('.').slice(3));
    expect(renewed.split('.')[2]).not.toBe(sealed.split('.')[2]);
    expect((await createVault(newKey).open(renewed, of)).reveal()).toBe(text);
    expect(await rotated.renew(renewed, of)).toBeNull();
    expect(await rotated.keys()).toEqual({
      current: localKeyName(newKey),
      proves: localKeyName(newKey),
      configured: [localKeyName(newKey), localKeyName(key)],
    });
  });
});

it('opens nothing that names neither organization nor settings, though the key itself had sealed it', async () => {
  // From an old copy of the database, it would go to whatever address stands there now.
  const sealed = createSeal(key).seal(text, of.record, of.field);
  for (const where of [of, { ...of, settings: '{"base_url":"https://elsewhere.example"}' }]) {
    await expect(vault.open(sealed, where)).rejects.toThrow(SecretUnreadable);
    await expect(vault.renew(sealed, where)).rejects.toThrow(SecretUnreadable);
  }
  expect(vault.keyOf(sealed)).toBeNull();
});

describe('keys that are kept elsewhere', () => {
  it('seal in place of ours, which go on opening what they sealed, until that is brought over', async () => {
    const { keys, asked } = outsideKeys();
    const moved = createVault(key, [], { keys, wraps: true });
    const before = await vault.seal(given, of);
    expect((await moved.open(before, of)).reveal()).toBe(text);
    expect(asked.unwraps).toBe(0);
    const renewed = (await moved.renew(before, of)) ?? '';
    expect(moved.keyOf(renewed)).toBe('outside:1');
    expect((await moved.open(renewed, of)).reveal()).toBe(text);
    expect(await moved.keys()).toMatchObject({ current: 'outside:1', proves: localKeyName(key) });
  });

  it('are left the same way', async () => {
    const { keys } = outsideKeys();
    const sealed = await createVault(key, [], { keys, wraps: true }).seal(given, of);
    const left = createVault(key, [], { keys, wraps: false });
    expect((await left.open(sealed, of)).reveal()).toBe(text);
    const renewed = (await left.renew(sealed, of)) ?? '';
    expect((await vault.open(renewed, of)).reveal()).toBe(text);
  });

  it('that are away seal and open nothing, and say so', async () => {
    const { keys, asked } = outsideKeys();
    const moved = createVault(key, [], { keys, wraps: true });
    const sealed = await moved.seal(given, of);
    asked.isAway = true;
    for (const failing of [moved.seal(given, of), moved.open(sealed, of), moved.renew(sealed, of)])
      await expect(failing).rejects.toThrow(KeysUnavailable);
  });
});
