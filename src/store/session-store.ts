/** The port of sessions: who is signed in, by the SHA-256 of the token in their browser; the token itself is kept nowhere. */

import type { Session } from '../model/session.ts';
import type { Page } from './snapshot-store.ts';

export interface SessionStore {
  /** Sessions that began before this go. */
  open(session: Session, digest: string, endedBefore: Date): Promise<void>;
  find(digest: string): Promise<Session | null>;
  seen(digest: string, at: Date): Promise<void>;
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
