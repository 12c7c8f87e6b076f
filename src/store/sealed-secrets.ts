/** The port of all stored secrets together: which keys they are sealed with, how old their data keys are, and how both are changed. */

import { KeysUnavailable, SecretUnreadable } from '../model/errors.ts';
import type { SecretOf, Vault } from './connection-store.ts';

export interface SealedSecrets {
  /** How many there are of each key, by its name. */
  count(): Promise<ReadonlyMap<string, number>>;
  /** How many are encrypted by a data key from before then. */
  countOlder(than: Date): Promise<number>;
  /**
   * Brings secrets of other keys under the key of now, and encrypts those anew whose data key is from before `dataKeysSince`; `limit` at most, and answers
   * how many. What cannot be opened stays as it is. No record is edited by it, and a secret that was given anew meanwhile stays. Harmless to repeat, and to
   * do from several places at once. Throws `KeysUnavailable`.
   */
  renew(limit: number, dataKeysSince?: Date): Promise<number>;
}

/** `since`: when its data key was made; undefined: before that was noted. */
export type Sealed = { readonly sealed: string; readonly since?: Date | undefined };

export const isOlder = ({ since }: Sealed, than: Date): boolean => since === undefined || since < than;

/** Clocks of two processes are not quite the same: nothing is to be made anew twice for that. */
const later = (one: Date, other: Date): Date => (one < other ? other : one);

/** The same secret as it is to be kept; null when it stays as it is, or cannot be opened: that keeps no other from it, and whoever needs it is told. */
export const renewedBy = async (
  vault: Vault,
  one: Sealed,
  of: SecretOf,
  { now, dataKeysSince }: { readonly now: Date; readonly dataKeysSince: Date | undefined },
): Promise<Sealed | null> => {
  try {
    if (dataKeysSince !== undefined && isOlder(one, dataKeysSince))
      return { sealed: await vault.seal(await vault.open(one.sealed, of), of), since: later(now, dataKeysSince) };
    const sealed = await vault.renew(one.sealed, of);
    return sealed === null ? null : { ...one, sealed };
  } catch (error) {
    if (!isLost(error)) throw error;
    return null;
  }
};

/** What was sealed opens no more as far as this process knows, so whoever is to have it must be given it again. */
const isLost = (error: unknown): boolean =>
  error instanceof SecretUnreadable || (error instanceof KeysUnavailable && error.code === 'key_unknown');

/** Null: they cannot be opened any more. */
export const openable = async <T>(open: () => Promise<T>): Promise<T | null> => {
  try {
    return await open();
  } catch (error) {
    if (!isLost(error)) throw error;
    return null;
  }
};
