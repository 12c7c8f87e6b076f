/**
 * API keys are kept as HMAC-SHA-256 (RFC 2104) under a key that is derived (HKDF, RFC 5869) from the encryption key, so that whoever reads the database
 * can neither use a key nor try guesses. A proof reads `v1.<key id>.<mac>`.
 */

import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { localKeyName } from '../keys/local.ts';
import type { KeyProofs } from './api-key-store.ts';

/** `key` proves and checks; `older` keys only check what was proved before a rotation. Each is 32 random bytes. */
export const createKeyProofs = (key: Uint8Array, older: readonly Uint8Array[] = []): KeyProofs => {
  const [current, ...others] = [key, ...older].map(derived);
  if (current === undefined) throw new RangeError('There is no key to prove with.');
  const names = new Map([key, ...older].map((each) => [idOf(derived(each)), localKeyName(each)]));
  return {
    prove: (secret) => macOf(current, secret),
    check: (secret, proof) => {
      if (isSame(macOf(current, secret), proof)) return 'right';
      return others.some((each) => isSame(macOf(each, secret), proof)) ? 'older' : 'wrong';
    },
    keyOf: (proof) => names.get(proof.split('.')[1] ?? '') ?? null,
  };
};

const derived = (key: Uint8Array): Buffer => Buffer.from(hkdfSync('sha256', key, '', 'entrain api keys', 32));

const idOf = (key: Buffer): string => createHmac('sha256', key).update('id').digest('base64url').slice(0, 8);

const macOf = (key: Buffer, secret: string): string =>
  ['v1', idOf(key), createHmac('sha256', key).update(secret).digest('base64url')].join('.');

const isSame = (one: string, other: string): boolean => {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
};
