/** The port of all stored secrets together: which keys they are sealed with, and how they come under the key of now. */

import { KeysUnavailable, SecretUnreadable } from '../model/errors.ts';
import type { SecretOf, Vault } from './connection-store.ts';

export interface SealedSecrets {
  /** How many there are of each key, by its name. */
  count(): Promise<ReadonlyMap<string, number>>;
  /**
   * Brings secrets of other keys under the key of now, `limit` at most, and answers how many it brought. What cannot be opened stays as it is. No record is
   * edited by it, and a secret that was given anew meanwhile stays. Harmless to repeat, and to do from several places at once. Throws `KeysUnavailable`.
   */
  renew(limit: number): Promise<number>;
}

/** The same secret under the key of now; null when it is, or when it cannot be opened: that keeps no other from it, and whoever needs it is told. */
export const renewedBy = async (vault: Vault, sealed: string, of: SecretOf): Promise<string | null> => {
  try {
    return await vault.renew(sealed, of);
  } catch (error) {
    const isLost =
      error instanceof SecretUnreadable || (error instanceof KeysUnavailable && error.code === 'key_unknown');
    if (!isLost) throw error;
    return null;
  }
};
