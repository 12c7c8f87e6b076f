/**
 * The port of what is kept about the installation as a whole: a number that is counted up and never goes back unless the whole database does, and what
 * follows for everything that is kept when it did.
 */

import type { OrganizationId } from '../model/ids.ts';

/** `detected`: the database counts less than was noted outside of it. `declared`: a person said so. */
export type Restore = {
  readonly epoch: number;
  readonly at: Date;
} & ({ readonly how: 'detected' } | { readonly how: 'declared'; readonly by: string; readonly reason: string });

/** That somebody asked for a new data key for every secret that is stored. */
export type DataKeysAsked = { readonly at: Date; readonly by: string };

export interface Installation {
  /** Names this database, and whatever is restored from it. */
  id(): Promise<string>;
  /**
   * Counts one up; where it is below the mark it went back, and stays as it is until the next epoch begins. Durable on return. `mark`: how far it had
   * counted, as was noted outside of it; null: nobody knows.
   */
  count(mark: number | null): Promise<{ readonly id: string; readonly count: number }>;
  /**
   * Everything that is kept belongs to this epoch from now on: nobody who holds a lease writes any more, drafts are forgotten, versions go on above any
   * that was ever given, watermarks are dropped, nothing counts as read. What is in this epoch already stays as it is, so it is harmless to repeat.
   */
  fence(epoch: number, at: Date): Promise<void>;
  /** Counts on from the epoch, and writes down what happened; the end of a restore. Harmless to repeat. */
  begin(restore: Restore): Promise<void>;
  /**
   * Whoever names a tenant first speaks for it for some minutes, which is longer than it takes to write a connection down: of two organizations at the same
   * moment, one does. Answers which.
   */
  claimTenant(tenant: string, organization: OrganizationId, at: Date): Promise<OrganizationId>;
  /** The last time; null: never. */
  dataKeysAsked(): Promise<DataKeysAsked | null>;
  /** Keeps it in place of the one from `instead`; of many at once, one is kept. Answers the one that is. */
  askForDataKeys(asked: DataKeysAsked, instead: Date | null): Promise<DataKeysAsked>;
  /** The newest first, twenty at most. */
  restores(): Promise<readonly Restore[]>;
}

/** What was counted, noted outside the database. It may forget, and never tells more than was counted. */
export interface Marks {
  /** Null when nothing is known. */
  highest(installation: string): Promise<number | null>;
  note(installation: string, count: number): Promise<void>;
}

export const mostRestores = 20;
export const claimMs = 5 * 60_000;
