/**
 * The port of sessions: who is signed in, by the SHA-256 of the token in their browser, which itself is kept nowhere, and what proves that we opened the
 * session, as it stands there.
 */

import type { Session } from '../model/session.ts';
import type { Page } from './snapshot-store.ts';

/** `proof`: null where there is none, which opens nothing. */
export type KeptSession = { readonly session: Session; readonly proof: string | null };

export interface SessionStore {
  /** Sessions that began before this go. */
  open(kept: KeptSession, digest: string, endedBefore: Date): Promise<void>;
  find(digest: string): Promise<KeptSession | null>;
  /** Keeps this proof from now on. */
  seen(digest: string, at: Date, proof: string): Promise<void>;
  close(digest: string): Promise<void>;
  /** Those that began after the one and were seen after the other, newest first. `after`: an id. */
  list(
    still: { readonly createdAfter: Date; readonly seenAfter: Date },
    after: string | null,
    limit: number,
  ): Promise<Page<Session>>;
  /** Ends the one of this id at once. Null: there is none. */
  end(id: string): Promise<Session | null>;
  /** Those that began before the one, or were not seen since the other, go. */
  prune(createdBefore: Date, seenBefore: Date): Promise<void>;
}
