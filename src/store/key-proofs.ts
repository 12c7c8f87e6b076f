/**
 * What somebody brings to be let in, and what they may do with it, are proved by HMAC-SHA-256 (RFC 2104) under a key that is derived (HKDF, RFC 5869)
 * from the encryption key. Whoever reads the database can neither use a key nor try guesses; whoever writes to it can make no proof, so a record that was
 * edited opens nothing. A proof reads `v2.<key id>.<mac>`; one of `v1`, of the secret alone, proves nothing any more.
 */

import { createHmac, hkdfSync } from 'node:crypto';
import { localKeyName } from '../keys/local.ts';
import type { KeyProofs, Proved } from './api-key-store.ts';
import { isSame } from './is-same.ts';

/** `key` proves and checks; `older` keys only check what was proved before a rotation. Each is 32 random bytes. */
export const createKeyProofs = (key: Uint8Array, older: readonly Uint8Array[] = []): KeyProofs => {
  const [current, ...others] = [key, ...older].map(derived);
  if (current === undefined) throw new RangeError('There is no key to prove with.');
  const names = new Map([key, ...older].map((each) => [idOf(derived(each)), localKeyName(each)]));
  return {
    prove: (what) => macOf(current, what),
    check: (what, proof) => {
      if (proof === null) return 'wrong';
      if (isSame(macOf(current, what), proof)) return 'right';
      return others.some((each) => isSame(macOf(each, what), proof)) ? 'older' : 'wrong';
    },
    keyOf: (proof) => names.get(proof.split('.')[1] ?? '') ?? null,
  };
};

const derived = (key: Uint8Array): Buffer => Buffer.from(hkdfSync('sha256', key, '', 'entrain api keys', 32));

const idOf = (key: Buffer): string => createHmac('sha256', key).update('id').digest('base64url').slice(0, 8);

/** JSON keeps the parts apart: nothing can be spelled like another. */
const macOf = (key: Buffer, what: Proved): string =>
  ['v2', idOf(key), createHmac('sha256', key).update(JSON.stringify(what)).digest('base64url')].join('.');
