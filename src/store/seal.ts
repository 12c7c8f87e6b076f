/**
 * Seals texts by one key, with AES-256-GCM (NIST SP 800-38D). A sealed text reads `v1.<key id>.<iv>.<tag>.<ciphertext>`, and opens only for the record and
 * field it was sealed for. Secrets of connections and targets are sealed otherwise, each by a data key of its own (vault.ts).
 */

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { localKeyName } from '../keys/local.ts';
import { SecretUnreadable } from '../model/errors.ts';

const algorithm = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;

export type Seal = {
  seal(clear: string, record: string, field: string): string;
  /** Throws `SecretUnreadable` when it was sealed with another key, for another record or field, or was altered. */
  open(sealed: string, record: string, field: string): string;
};

/** `key`: 32 random bytes. */
export const createSeal = (key: Uint8Array): Seal => {
  const current = idOf(key);
  return {
    seal: (clear, record, field) =>
      ['v1', current, textOf(encrypted(key, boundTo(current, record, field), clear))].join('.'),
    open: (sealed, record, field) => {
      const [version, id = '', ...rest] = sealed.split('.');
      const parts = version === 'v1' ? encryptedIn(rest) : null;
      if (parts === null || id !== current) throw unreadable(record, field, 'it was sealed with another key');
      try {
        return decrypted(key, boundTo(id, record, field), parts);
      } catch (cause) {
        throw unreadable(record, field, 'it was sealed for another record or field, or was altered', cause);
      }
    },
  };
};

const idOf = (key: Uint8Array): string => localKeyName(key).slice('local:'.length);

/** JSON keeps the parts apart: no record and field can be spelled like another pair. */
const boundTo = (key: string, record: string, field: string): Buffer =>
  Buffer.from(JSON.stringify(['v1', key, record, field]));

export type Encrypted = { readonly iv: Buffer; readonly tag: Buffer; readonly ciphertext: Buffer };

/** `boundTo`: what it is encrypted for; it opens for nothing else. */
export const encrypted = (key: Uint8Array, boundTo: Buffer, clear: string): Encrypted => {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  cipher.setAAD(boundTo);
  const ciphertext = Buffer.concat([cipher.update(clear, 'utf8'), cipher.final()]);
  return { iv, tag: cipher.getAuthTag(), ciphertext };
};

/** Throws when it was encrypted by another key or for something else, or was altered. */
export const decrypted = (key: Uint8Array, boundTo: Buffer, { iv, tag, ciphertext }: Encrypted): string => {
  const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  decipher.setAAD(boundTo);
  decipher.setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
};

export const textOf = ({ iv, tag, ciphertext }: Encrypted): string =>
  [iv, tag, ciphertext].map((part) => part.toString('base64url')).join('.');

/** Null for what nobody ever wrote. */
export const encryptedIn = ([iv, tag, ciphertext, ...more]: readonly string[]): Encrypted | null => {
  if (ciphertext === undefined || more.length > 0) return null;
  const [ivRead, tagRead, textRead] = [iv, tag, ciphertext].map(exactly);
  return ivRead && tagRead && textRead ? { iv: ivRead, tag: tagRead, ciphertext: textRead } : null;
};

/** Base64 is decoded leniently by Node, so the text must be the one that the bytes are written as. */
export const exactly = (text = ''): Buffer | null => {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
};

export const unreadable = (record: string, field: string, why: string, cause?: unknown): SecretUnreadable =>
  new SecretUnreadable(`The secret ${field} of ${record} cannot be opened: ${why}. Enter it again.`, { cause });
