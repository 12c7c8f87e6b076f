import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SecretUnreadable } from '../../src/model/errors.ts';
import { createSeal } from '../../src/store/seal.ts';

const secret = 'client secret: ümlaut 👩‍💻';
const key = randomBytes(32);
const seal = createSeal(key);

describe('a seal', () => {
  it('opens what it sealed, and never seals the same way twice', () => {
    const [one, two] = [seal.seal(secret, 'con_1', 'clientSecret'), seal.seal(secret, 'con_1', 'clientSecret')];
    expect(one).not.toBe(two);
    expect(seal.open(one, 'con_1', 'clientSecret')).toBe(secret);
    expect(seal.open(two, 'con_1', 'clientSecret')).toBe(secret);
    expect(seal.open(seal.seal('', 'con_1', 'empty'), 'con_1', 'empty')).toBe('');
  });

  it('opens for the record and field it was sealed for, and for no other', () => {
    const sealed = seal.seal(secret, 'con_1', 'clientSecret');
    expect(() => seal.open(sealed, 'con_2', 'clientSecret')).toThrow(SecretUnreadable);
    expect(() => seal.open(sealed, 'con_1', 'token')).toThrow(SecretUnreadable);
    expect(() => seal.open(seal.seal(secret, 'a', 'b","c'), 'a","b', 'c')).toThrow(SecretUnreadable);
  });

  it('refuses a text of which any character was changed, dropped or added', () => {
    const sealed = seal.seal(secret, 'con_1', 'clientSecret');
    for (const text of [...alterations(sealed), `${sealed}A`, `${sealed}.`, `${sealed}.AAAA`, ''])
      expect(() => seal.open(text, 'con_1', 'clientSecret'), text).toThrow(SecretUnreadable);
  });

  it('opens nothing that another key sealed', () => {
    const sealed = createSeal(randomBytes(32)).seal(secret, 'con_1', 'clientSecret');
    expect(() => seal.open(sealed, 'con_1', 'clientSecret')).toThrow(/another key/);
  });

  it('takes keys of 32 bytes only', () => {
    expect(() => createSeal(randomBytes(16))).toThrow(/32 bytes, not 16/);
  });
});

const alterations = (text: string): readonly string[] =>
  [...text].flatMap((character, at) => [
    text.slice(0, at) + (character === 'A' ? 'B' : 'A') + text.slice(at + 1),
    text.slice(0, at) + text.slice(at + 1),
    `${text.slice(0, at)}A${text.slice(at)}`,
  ]);
