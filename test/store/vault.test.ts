import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createVault, SecretUnreadable } from '../../src/store/vault.ts';

const secret = 'client secret: ümlaut 👩‍💻';
const key = randomBytes(32);
const vault = createVault(key);

describe('the vault', () => {
  it('opens what it sealed, and never seals the same way twice', () => {
    const [one, two] = [vault.seal(secret, 'con_1', 'clientSecret'), vault.seal(secret, 'con_1', 'clientSecret')];
    expect(one).not.toBe(two);
    expect(vault.open(one, 'con_1', 'clientSecret')).toBe(secret);
    expect(vault.open(two, 'con_1', 'clientSecret')).toBe(secret);
    expect(vault.open(vault.seal('', 'con_1', 'empty'), 'con_1', 'empty')).toBe('');
  });

  it('keeps one tenant’s secret from being moved into another’s record or field', () => {
    const sealed = vault.seal(secret, 'con_1', 'clientSecret');
    expect(() => vault.open(sealed, 'con_2', 'clientSecret')).toThrow(SecretUnreadable);
    expect(() => vault.open(sealed, 'con_1', 'token')).toThrow(SecretUnreadable);
    expect(() => vault.open(vault.seal(secret, 'a', 'b","c'), 'a","b', 'c')).toThrow(SecretUnreadable);
  });

  it('refuses a sealed text of which any character was changed, dropped or added', () => {
    const sealed = vault.seal(secret, 'con_1', 'clientSecret');
    const altered = [...sealed].flatMap((character, at) => [
      sealed.slice(0, at) + (character === 'A' ? 'B' : 'A') + sealed.slice(at + 1),
      sealed.slice(0, at) + sealed.slice(at + 1),
      `${sealed.slice(0, at)}A${sealed.slice(at)}`,
    ]);
    expect(altered.length).toBeGreaterThan(200);
    for (const text of [...altered, `${sealed}A`, `${sealed}.`, `${sealed}.AAAA`, ''])
      expect(() => vault.open(text, 'con_1', 'clientSecret'), text).toThrow(SecretUnreadable);
  });

  it('opens what an older key sealed, and seals with the new one only', () => {
    const sealed = vault.seal(secret, 'con_1', 'clientSecret');
    const newKey = randomBytes(32);
    const rotated = createVault(newKey, [key]);
    expect(rotated.open(sealed, 'con_1', 'clientSecret')).toBe(secret);
    const resealed = rotated.seal(secret, 'con_1', 'clientSecret');
    expect(createVault(newKey).open(resealed, 'con_1', 'clientSecret')).toBe(secret);
    expect(() => vault.open(resealed, 'con_1', 'clientSecret')).toThrow(/key that is not configured/);
  });

  it('says which secret cannot be opened, and nothing of what is in it', () => {
    const sealed = vault.seal(secret, 'con_1', 'clientSecret');
    const failing = () => createVault(randomBytes(32)).open(sealed, 'con_1', 'clientSecret');
    expect(failing).toThrow(/clientSecret of con_1/);
    expect(failing).not.toThrow(new RegExp(sealed.split('.')[4] ?? secret));
  });

  it('takes keys of 32 bytes only', () => {
    expect(() => createVault(randomBytes(16))).toThrow(/32 bytes, not 16/);
    expect(() => createVault(key, [randomBytes(31)])).toThrow(/32 bytes, not 31/);
  });
});
