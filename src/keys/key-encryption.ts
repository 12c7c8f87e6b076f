/**
 * The port of key-encryption keys: they encrypt nothing but data keys, and stay where they are kept. Our own keys are one implementation, Azure Key Vault
 * is another (Wrap Key, Unwrap Key). AWS KMS (Encrypt and Decrypt with the ARN of a key) and Google Cloud KMS (encrypt and decrypt of a CryptoKey) fit it
 * as well: a name that stands beside what was wrapped, and two calls.
 */

/** `key`: names the key, and its version where it has versions, so that it is found again after a rotation. */
export type WrappedKey = { readonly key: string; readonly bytes: Uint8Array };

/** All throw `KeysUnavailable` when the keys cannot be asked. */
export interface KeyEncryption {
  /** Whether this is the name of a key that is kept here. Nobody else is ever asked to unwrap by it. */
  knows(key: string): boolean;
  /** The name of the key that wraps now; another one once that was rotated. */
  current(signal: AbortSignal): Promise<string>;
  wrap(dataKey: Uint8Array, signal: AbortSignal): Promise<WrappedKey>;
  /** Throws `SecretUnreadable` when it was not wrapped by the key that it names. */
  unwrap(wrapped: WrappedKey, signal: AbortSignal): Promise<Uint8Array>;
}
