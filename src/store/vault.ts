/**
 * Seals secrets in envelopes. Each secret that is given is encrypted (AES-256-GCM) by a data key of its own, which is made for it and for nothing else; the
 * data key is wrapped by a key-encryption key. A sealed secret reads `v2.<key>.<wrapped data key>.<iv>.<tag>.<ciphertext>`, and opens only for the
 * organization, record and field it was sealed for: nobody who can write to the database can move one customer's secret into another's record. That of a
 * target opens with the settings alone that it was sealed for: nobody can have it sent to another address either.
 *
 * When the key-encryption key changes, the data key is wrapped anew and the secret stays encrypted as it is.
 */

import { randomBytes } from 'node:crypto';
import type { KeyEncryption, WrappedKey } from '../keys/key-encryption.ts';
import { keyUnknown, localKeyName, localKeys } from '../keys/local.ts';
import { type Secret, secret } from '../model/secret.ts';
import type { SecretOf, Vault } from './connection-store.ts';
import { decrypted, type Encrypted, encrypted, encryptedIn, exactly, textOf, unreadable } from './seal.ts';

const dataKeyBytes = 32;
/** What is asked of keys outside. */
const timeoutMs = 10_000;

/** Keys that are kept elsewhere. Where they wrap, our own only open what they wrapped before, and the other way round. */
export type Outside = { readonly keys: KeyEncryption; readonly wraps: boolean };

/** `key` and `older` are of the configuration, 32 random bytes each. */
export const createVault = (
  key: Uint8Array,
  older: readonly Uint8Array[] = [],
  outside: Outside | null = null,
): Vault => {
  const local = localKeys(key, older);
  const wrapping = outside?.wraps === true ? outside.keys : local;
  const keysOf = (name: string): KeyEncryption => {
    const found = [outside?.keys, local].find((keys) => keys?.knows(name) === true);
    if (!found) throw keyUnknown(name);
    return found;
  };
  const seal = async (clear: Secret, of: SecretOf): Promise<string> => {
    const dataKey = randomBytes(dataKeyBytes);
    const wrapped = await wrapping.wrap(dataKey, AbortSignal.timeout(timeoutMs));
    return write({ wrapped, content: encrypted(dataKey, boundTo(of), clear.reveal()) });
  };
  const unwrap = ({ wrapped }: Envelope): Promise<Uint8Array> =>
    keysOf(wrapped.key).unwrap(wrapped, AbortSignal.timeout(timeoutMs));
  const open = async (sealed: string, of: SecretOf): Promise<Secret> => {
    const envelope = read(sealed, of);
    const dataKey = await unwrap(envelope);
    try {
      return secret(decrypted(dataKey, boundTo(of), envelope.content));
    } catch (cause) {
      const why = 'it was sealed for another organization, record or field, or for other settings, or was altered';
      throw unreadable(of.record, of.field, why, cause);
    }
  };
  return {
    seal,
    open,
    renew: async (sealed, of) => {
      if (keyIn(sealed) === (await wrapping.current(AbortSignal.timeout(timeoutMs)))) return null;
      const envelope = read(sealed, of);
      const dataKey = await unwrap(envelope);
      return write({ ...envelope, wrapped: await wrapping.wrap(dataKey, AbortSignal.timeout(timeoutMs)) });
    },
    keyOf: keyIn,
    keys: async () => {
      const current = await wrapping.current(AbortSignal.timeout(timeoutMs));
      const proves = localKeyName(key);
      return { current, proves, configured: [...new Set([current, proves, ...local.names])] };
    },
  };
};

type Envelope = { readonly wrapped: WrappedKey; readonly content: Encrypted };

/** JSON keeps the parts apart: nothing can be spelled like another. */
const boundTo = ({ organization, record, field, settings }: SecretOf): Buffer =>
  Buffer.from(JSON.stringify(['v2', organization, record, field, ...(settings === undefined ? [] : [settings])]));

const write = ({ wrapped, content }: Envelope): string =>
  [
    'v2',
    Buffer.from(wrapped.key).toString('base64url'),
    Buffer.from(wrapped.bytes).toString('base64url'),
    textOf(content),
  ].join('.');

const read = (sealed: string, { record, field }: SecretOf): Envelope => {
  const [version, , bytes, ...rest] = sealed.split('.');
  const [key, wrapped, content] = [keyIn(sealed), exactly(bytes), encryptedIn(rest)];
  if (version !== 'v2' || key === null || wrapped === null || content === null)
    throw unreadable(record, field, 'it was altered');
  return { wrapped: { key, bytes: wrapped }, content };
};

/** The name of the key it is sealed with; null for what nobody ever wrote. */
const keyIn = (sealed: string): string | null => {
  const [version, key] = sealed.split('.');
  return version === 'v2' ? (exactly(key)?.toString('utf8') ?? null) : null;
};
