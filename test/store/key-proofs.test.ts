import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createKeyProofs } from '../../src/store/key-proofs.ts';

const [now, before] = [randomBytes(32), randomBytes(32)];

it('knows a secret again, and no other', () => {
  const proofs = createKeyProofs(now);
  expect(proofs.check('a secret', proofs.prove('a secret'))).toBe('right');
  expect(proofs.check('a secreT', proofs.prove('a secret'))).toBe('wrong');
  expect(proofs.check('a secret', '')).toBe('wrong');
});

it('keeps nothing of a secret that could be used or guessed without the key', () => {
  const proof = createKeyProofs(now).prove('a secret');
  expect(proof).not.toContain('a secret');
  expect(createKeyProofs(before).check('a secret', proof)).toBe('wrong');
  expect(createKeyProofs(before).prove('a secret')).not.toBe(proof);
});

it('knows secrets from before a rotation as long as the older key is there, and says that they are old', () => {
  const proof = createKeyProofs(before).prove('a secret');
  expect(createKeyProofs(now, [before]).check('a secret', proof)).toBe('older');
  expect(createKeyProofs(now, [before]).check('another', proof)).toBe('wrong');
});
