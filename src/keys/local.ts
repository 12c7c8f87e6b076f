/** Key-encryption keys of our own, from the configuration: they are in the memory of our processes, and in no database. */

import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { KeysUnavailable, SecretUnreadable } from '../model/errors.ts';
import type { KeyEncryption } from './key-encryption.ts';

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
/** What is wrapped is a data key, and nothing else that was ever encrypted by this key. */
const purpose = Buffer.from('entrain data key');

/** `key` wraps and unwraps; `older` keys only unwrap what they wrapped. Each is 32 random bytes. */
export const localKeys = (
  key: Uint8Array,
  older: readonly Uint8Array[] = [],
): KeyEncryption & { readonly names: readonly string[] } => {
  const keys = new Map([key, ...older].map((each) => [localKeyName(each), each]));
  const current = localKeyName(key);
  return {
    names: [...keys.keys()],
    knows: (name) => keys.has(name),
    current: async () => current,
    wrap: async (dataKey) => {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes });
      cipher.setAAD(purpose);
      const wrapped = Buffer.concat([cipher.update(dataKey), cipher.final()]);
      return { key: current, bytes: Buffer.concat([iv, cipher.getAuthTag(), wrapped]) };
    },
    unwrap: async ({ key: name, bytes }) => {
      const opening = keys.get(name);
      if (opening === undefined) throw keyUnknown(name);
      try {
        const iv = bytes.subarray(0, ivBytes);
        const decipher = createDecipheriv(algorithm, opening, iv, { authTagLength: tagBytes });
        decipher.setAAD(purpose);
        decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
        return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]);
      } catch (cause) {
        throw new SecretUnreadable(`A data key was not wrapped by ${name}, or was altered.`, { cause });
      }
    },
  };
};

/** Names a key without telling anything about it. */
export const localKeyName = (key: Uint8Array): string => {
  if (key.length !== keyBytes) throw new Error(`An encryption key must be ${keyBytes} bytes, not ${key.length}.`);
  return `local:${createHmac('sha256', key).update('entrain vault key id').digest('base64url').slice(0, 8)}`;
};

export const keyUnknown = (name: string): KeysUnavailable =>
  new KeysUnavailable(
    'key_unknown',
    `A secret was sealed with the key ${name}, which is not configured here. Put it into ENTRAIN_OLD_ENCRYPTION_KEYS, or ENTRAIN_OLD_KEY_VAULT_KEYS, of every process.`,
  );
