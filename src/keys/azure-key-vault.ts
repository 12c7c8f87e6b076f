/**
 * Key-encryption keys in Azure Key Vault or a managed HSM: a data key goes there to be wrapped and unwrapped, the key itself never leaves. The newest
 * version of the key wraps; each version unwraps what it wrapped, so a key is rotated there, without a word to us.
 */

import { DefaultAzureCredential, type TokenCredential } from '@azure/identity';
import { CryptographyClient, KeyClient, type KeyVaultKey, type KeyWrapAlgorithm } from '@azure/keyvault-keys';
import { KeysUnavailable, SecretUnreadable } from '../model/errors.ts';
import type { KeyEncryption } from './key-encryption.ts';

export type KeyVaultOptions = {
  /** `https://<vault>/keys/<name>`, without a version. The first wraps; the others only unwrap what they wrapped before. */
  readonly keys: readonly [string, ...string[]];
  /** Who we are to the vault; what the platform gives us (workload identity, managed identity, AZURE_…) unless given. */
  readonly credential?: TokenCredential;
  /** Of a user-assigned managed identity. */
  readonly managedIdentityClientId?: string;
  readonly nowMs: () => number;
  /** A vault says which audience a token must have; that it is of the vault's own domain is looked at unless this is false. */
  readonly verifyAudience?: boolean;
};

/** How long a version counts as the newest. */
const newestMs = 600_000;
const prefix = 'azure:';

export const azureKeyVault = (options: KeyVaultOptions): KeyEncryption => {
  const { keys, nowMs } = options;
  const [key] = keys;
  const ours = keys.map((address) => `${address}/`);
  const clients = clientsOf(options);
  // Asked once for all who come at the same time.
  let newest: { readonly version: Promise<Version>; readonly untilMs: number } | null = null;

  const newestVersion = (signal: AbortSignal): Promise<Version> => {
    if (newest === null || newest.untilMs <= nowMs()) {
      const asked = { version: asking(() => clients.versionOf(key, signal)), untilMs: nowMs() + newestMs };
      asked.version.catch(() => {
        if (newest === asked) newest = null;
      });
      newest = asked;
    }
    return newest.version;
  };

  return {
    // What stands in the database is no reason to send our token, and a data key, anywhere else.
    knows: (name) => ours.some((address) => name.startsWith(`${prefix}${address}`)),
    current: async (signal) => `${prefix}${(await newestVersion(signal)).id}`,
    wrap: async (dataKey, signal) => {
      const { id, algorithm, client } = await newestVersion(signal);
      const { result } = await asking(() => client.wrapKey(algorithm, dataKey, { abortSignal: signal }));
      return { key: `${prefix}${id}`, bytes: result };
    },
    unwrap: async ({ key: name, bytes }, signal) => {
      const { algorithm, client } = await asking(() => clients.versionOf(name.slice(prefix.length), signal));
      try {
        return (await client.unwrapKey(algorithm, bytes, { abortSignal: signal })).result;
      } catch (error) {
        // What this version of the key never wrapped is told as a bad parameter.
        if (error instanceof Error && textOf(error, 'statusCode') === '400')
          throw new SecretUnreadable(`A data key was not wrapped by ${name}, or was altered.`);
        return await asking(() => Promise.reject(error));
      }
    },
  };
};

type Version = { readonly id: string; readonly algorithm: KeyWrapAlgorithm; readonly client: CryptographyClient };

const mostVersions = 100;

/** One client for each version of a key, made when it is needed. */
const clientsOf = ({ managedIdentityClientId, verifyAudience = true, ...options }: KeyVaultOptions) => {
  const credential =
    options.credential ??
    new DefaultAzureCredential(managedIdentityClientId === undefined ? {} : { managedIdentityClientId });
  const how = { disableChallengeResourceVerification: !verifyAudience, retryOptions: { maxRetries: 1 } };
  const known = new Map<string, Version>();
  return {
    /** `address`: of a version, or of a key, which means its newest. */
    versionOf: async (address: string, signal: AbortSignal): Promise<Version> => {
      const found = known.get(address);
      if (found !== undefined) return found;
      const { origin, name, version } = partsOf(address);
      const vault = new KeyClient(origin, credential, how);
      const of = await vault.getKey(name, { abortSignal: signal, ...(version === null ? {} : { version }) });
      const made = {
        id: of.id ?? address,
        algorithm: algorithmOf(of),
        client: new CryptographyClient(of, credential, how),
      };
      if (version !== null && known.size < mostVersions) known.set(address, made);
      return made;
    },
  };
};

const partsOf = (address: string) => {
  const { origin, pathname } = new URL(address);
  const [, , name = '', version = null] = pathname.split('/');
  return { origin, name, version };
};

/** Symmetric keys are in managed HSMs alone. */
const algorithmOf = ({ keyType }: KeyVaultKey): KeyWrapAlgorithm =>
  keyType === 'oct' || keyType === 'oct-HSM' ? 'A256KW' : 'RSA-OAEP-256';

/** Of the client's error only name and code are kept: it holds the request, and that holds a data key. */
const asking = async <T>(ask: () => Promise<T>): Promise<T> => {
  try {
    return await ask();
  } catch (error) {
    const cause = new Error(error instanceof Error ? `${error.name} ${textOf(error, 'code')}`.trim() : typeof error);
    const status = error instanceof Error ? Number(textOf(error, 'statusCode')) : 0;
    if (!isRefusal(status)) throw new KeysUnavailable('key_vault_unreachable', unreachable, { cause });
    throw new KeysUnavailable('key_vault_refused', refused(status), { cause });
  }
};

const textOf = (error: Error, name: 'code' | 'statusCode'): string => {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

const isRefusal = (status: number): boolean => status >= 400 && status < 500 && status !== 408 && status !== 429;

const unreachable =
  'Azure Key Vault cannot be reached, or did not answer in time. Nothing is wrong with the connection or the target; it is tried again.';
const refused = (status: number): string =>
  `Azure Key Vault refused to give, wrap or unwrap a key (${status}). Entrain needs the role Key Vault Crypto Service Encryption User there, and the key has to be there and enabled.`;
