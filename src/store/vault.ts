/**
 * Seals secrets with AES-256-GCM (NIST SP 800-38D). A sealed secret reads `v1.<key id>.<iv>.<tag>.<ciphertext>`, and opens only for the record and
 * field it was sealed for, so that nobody who can write to the database can move one tenant's secret into another's record.
 */

import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { Vault } from './connection-store.ts';

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;

/** The secret was sealed with a key we do not have, for another record or field, or was altered. Says which one, never what is in it. */
export class SecretUnreadable extends Error {
  override readonly name = 'SecretUnreadable';
}

/** `key` seals and opens; `older` keys only open what was sealed before a rotation. Each is 32 random bytes. */
export const createVault = (key: Uint8Array, older: readonly Uint8Array[] = []): Vault => {
  const keys = new Map([key, ...older].map((each) => [keyId(each), each]));
  const current = keyId(key);
  return {
    seal: (clear, record, field) => {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes });
      cipher.setAAD(boundTo(current, record, field));
      const sealed = Buffer.concat([cipher.update(clear, 'utf8'), cipher.final()]);
      return ['v1', current, ...[iv, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'))].join('.');
    },
    open: (sealed, record, field) => {
      const parts = partsOf(sealed);
      const opening = parts && keys.get(parts.keyId);
      if (!opening) throw unreadable(record, field, 'it was sealed with a key that is not configured');
      try {
        const decipher = createDecipheriv(algorithm, opening, parts.iv, { authTagLength: tagBytes });
        decipher.setAAD(boundTo(parts.keyId, record, field));
        decipher.setAuthTag(parts.tag);
        return Buffer.concat([decipher.update(parts.ciphertext), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw unreadable(record, field, 'it was sealed for another record or field, or was altered', cause);
      }
    },
  };
};

/** Names a key without telling anything about it. */
const keyId = (key: Uint8Array): string => {
  if (key.length !== keyBytes) throw new Error(`An encryption key must be ${keyBytes} bytes, not ${key.length}.`);
  return createHmac('sha256', key).update('entrain vault key id').digest('base64url').slice(0, 8);
};

/** JSON keeps the parts apart: no record and field can be spelled like another pair. */
const boundTo = (key: string, record: string, field: string): Buffer =>
  Buffer.from(JSON.stringify(['v1', key, record, field]));

/** Null for what no vault ever wrote. Base64 is decoded leniently by Node, so the text must be the one the bytes are written as. */
const partsOf = (sealed: string) => {
  const [version, key, iv, tag, ciphertext, ...more] = sealed.split('.');
  if (version !== 'v1' || key === undefined || ciphertext === undefined || more.length > 0) return null;
  const [ivRead, tagRead, textRead] = [iv, tag, ciphertext].map(exactly);
  return ivRead && tagRead && textRead && { keyId: key, iv: ivRead, tag: tagRead, ciphertext: textRead };
};

const exactly = (text = ''): Buffer | null => {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
};

const unreadable = (record: string, field: string, why: string, cause?: unknown): SecretUnreadable =>
  new SecretUnreadable(`The secret ${field} of ${record} cannot be opened: ${why}. Enter it again.`, { cause });
