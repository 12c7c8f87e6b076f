/** The port of all stored secrets together: which keys they are sealed with, and how they come under the key of now. */

export interface SealedSecrets {
  /** How many there are of each key, by its name. */
  count(): Promise<ReadonlyMap<string, number>>;
  /**
   * Brings secrets of other keys under the key of now, `limit` at most, and answers how many it brought. No record is edited by it, and a secret that was
   * given anew meanwhile stays. Harmless to repeat, and to do from several places at once.
   */
  renew(limit: number): Promise<number>;
}
