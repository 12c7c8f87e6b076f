/** The port of API keys: their records, and what proves that somebody has the key. */

import type { ApiKeyRecord } from '../model/api-key.ts';
import type { ApiKeyId } from '../model/ids.ts';
import type { Page } from './snapshot-store.ts';

export interface ApiKeyStore {
  add(record: ApiKeyRecord, proof: string): Promise<void>;
  find(id: ApiKeyId): Promise<{ readonly record: ApiKeyRecord; readonly proof: string } | null>;
  /** Newest first, also those that are over. */
  list(after: string | null, limit: number): Promise<Page<ApiKeyRecord>>;
  /** Ends it for good; one that was revoked before keeps its time. Null: there is none. */
  revoke(id: ApiKeyId, at: Date): Promise<ApiKeyRecord | null>;
  /** Notes that it was used, and keeps this proof from now on. */
  used(id: ApiKeyId, at: Date, proof: string): Promise<void>;
}

/** Proves that somebody has a secret which is kept nowhere. */
export interface KeyProofs {
  prove(secret: string): string;
  /** `older`: right, but proved with a key that is only kept to open what is old; prove it anew. */
  check(secret: string, proof: string): 'right' | 'older' | 'wrong';
  /** The name of the key that a proof was made with; null when it is not one of ours. */
  keyOf(proof: string): string | null;
}
