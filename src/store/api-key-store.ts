/** The port of API keys: their records, and what proves that somebody has the key, and that the record is as we wrote it. */

import type { ApiKeyRecord } from '../model/api-key.ts';
import { type ApiKeyId, apiKeyId } from '../model/ids.ts';
import type { Page } from './snapshot-store.ts';

/** The same for all who make a first key, so that there can be no second one. Sorts before any other. */
export const firstApiKeyId = apiKeyId(`key_${'0'.repeat(32)}`);

export interface ApiKeyStore {
  add(record: ApiKeyRecord, proof: string): Promise<void>;
  /** Keeps it where there never was a key; of many who try at once, one is kept. Null: there is one, or was. */
  addFirst(record: Omit<ApiKeyRecord, 'id'>, proof: string): Promise<ApiKeyRecord | null>;
  /** One that was revoked has no proof. */
  find(id: ApiKeyId): Promise<{ readonly record: ApiKeyRecord; readonly proof: string | null } | null>;
  /** Newest first, also those that are over. */
  list(after: string | null, limit: number): Promise<Page<ApiKeyRecord>>;
  /** Ends it for good, by taking its proof away; one that was revoked before keeps its time. Null: there is none. */
  revoke(id: ApiKeyId, at: Date): Promise<ApiKeyRecord | null>;
  /** Notes that it was used, and keeps this proof from now on. Nothing, of one that was revoked meanwhile. */
  used(id: ApiKeyId, at: Date, proof: string): Promise<void>;
}

/** What a proof is of: what it is for, then every part of it. What proves one thing proves no other. */
export type Proved = readonly [
  purpose: 'api key' | 'session' | 'setup link' | 'call' | 'answer' | 'calls of',
  ...parts: readonly ProvedPart[],
];
type ProvedPart = string | number | null | readonly ProvedPart[];

/** Proves what only we can have written, without keeping the secrets in it. */
export interface KeyProofs {
  prove(what: Proved): string;
  /** `older`: right, but proved with a key that is only kept to open what is old; prove it anew. Without a proof nothing is right. */
  check(what: Proved, proof: string | null): 'right' | 'older' | 'wrong';
  /** The name of the key that a proof was made with; null when it is not one of ours. */
  keyOf(proof: string): string | null;
}
