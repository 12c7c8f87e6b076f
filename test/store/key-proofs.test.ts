import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createKeyProofs } from '../../src/store/key-proofs.ts';

const [now, before] = [randomBytes(32), randomBytes(32)];

it('knows a secret again, and no other', () => {
  const proofs = createKeyProofs(now);
  const proof = proofs.prove(['api key', 'a secret']);
  expect(proofs.check(['api key', 'a secret'], proof)).toBe('right');
  expect(proofs.check(['api key', 'a secreT'], proof)).toBe('wrong');
  expect(proofs.check(['api key', 'a secret'], '')).toBe('wrong');
  expect(proofs.check(['api key', 'a secret'], null)).toBe('wrong');
});

it('proves every part in its place, and for one purpose alone', () => {
  const proofs = createKeyProofs(now);
  const proof = proofs.prove(['api key', 'a', ['read', 'sync'], null, 7]);
  expect(proofs.check(['api key', 'a', ['read', 'sync'], null, 7], proof)).toBe('right');
  for (const other of [
    ['session', 'a', ['read', 'sync'], null, 7],
    ['api key', 'a', ['admin'], null, 7],
    ['api key', 'a', 'read', 'sync', null, 7],
    ['api key', 'a', ['read,sync'], null, 7],
    ['api key', 'a', ['read', 'sync'], null, '7'],
    ['api key', 'a', ['read', 'sync'], null],
    ['api key', 'a', ['read', 'sync'], [], 7],
  ] as const)
    expect(proofs.check(other, proof), JSON.stringify(other)).toBe('wrong');
});

it('keeps nothing of a secret that could be used or guessed without the key', () => {
  const proof = createKeyProofs(now).prove(['api key', 'a secret']);
  expect(proof).not.toContain('a secret');
  expect(createKeyProofs(before).check(['api key', 'a secret'], proof)).toBe('wrong');
  expect(createKeyProofs(before).prove(['api key', 'a secret'])).not.toBe(proof);
});

it('knows secrets from before a rotation as long as the older key is there, and says that they are old', () => {
  const proof = createKeyProofs(before).prove(['api key', 'a secret']);
  expect(createKeyProofs(now, [before]).check(['api key', 'a secret'], proof)).toBe('older');
  expect(createKeyProofs(now, [before]).check(['api key', 'another'], proof)).toBe('wrong');
});

it('takes no proof of the first form, which was of the secret alone', () => {
  const key = Buffer.from(hkdfSync('sha256', now, '', 'entrain api keys', 32));
  const [, id] = createKeyProofs(now).prove(['api key', 'a secret']).split('.');
  const first = `v1.${id}.${createHmac('sha256', key).update('a secret').digest('base64url')}`;
  expect(createKeyProofs(now).check(['api key', 'a secret'], first)).toBe('wrong');
});
