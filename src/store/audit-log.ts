/** The port of the audit log: entries are added at the end, and stay as they are. */

import type { AuditEntry } from '../model/audit.ts';
import type { OfOrganizations } from './connection-store.ts';
import type { Page } from './snapshot-store.ts';

export type NewAuditEntry = Omit<AuditEntry, 'seq' | 'at'>;

/** `text` is the entry in canonical JSON, with the hash of the one before it in it; `hash` is the SHA-256 of `text`. */
export type KeptEntry = {
  readonly seq: number;
  readonly hash: string;
  readonly text: string;
  /** What the entry is found by; the text says the same. */
  readonly filed: Filed;
};
export type Filed = {
  readonly at: Date;
  readonly organization: string | null;
  readonly actor: string;
  readonly action: string;
  readonly step: string;
  readonly subjects: readonly string[];
};

export type AuditFilter = OfOrganizations & {
  /** By its id. */
  readonly actor?: string;
  readonly action?: string;
  readonly step?: string;
  /** The id of one of its subjects. */
  readonly subject?: string;
  readonly from?: Date;
  /** Up to, and not including it. */
  readonly until?: Date;
};

export interface AuditLog {
  /** Adds it after whatever is the last entry then, whichever process wrote that. Durable on return. */
  append(entry: NewAuditEntry): Promise<KeptEntry>;
  /** Newest first. */
  list(filter: AuditFilter, after: string | null, limit: number): Promise<Page<KeptEntry>>;
  /** Oldest first, in batches. */
  scan(filter: AuditFilter): AsyncIterable<readonly KeptEntry[]>;
  /** The highest number that an entry was ever noted to have; 0: none. The log may be some further. */
  noted(): Promise<number>;
}
