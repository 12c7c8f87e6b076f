/** The port of sessions: who is signed in, by the SHA-256 of the token in their browser; the token itself is kept nowhere. */

import type { Session } from '../model/session.ts';

export interface SessionStore {
  /** Sessions that began before this go. */
  open(session: Session, digest: string, endedBefore: Date): Promise<void>;
  find(digest: string): Promise<Session | null>;
  seen(digest: string, at: Date): Promise<void>;
  close(digest: string): Promise<void>;
}
