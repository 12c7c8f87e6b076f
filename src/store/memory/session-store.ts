/** Sessions, in memory. */

import type { Session } from '../../model/session.ts';
import type { SessionStore } from '../session-store.ts';

export const createMemorySessionStore = (): SessionStore => {
  const sessions = new Map<string, Session>();
  return {
    open: async (session, digest, endedBefore) => {
      for (const [other, { createdAt }] of sessions) if (createdAt < endedBefore) sessions.delete(other);
      sessions.set(digest, session);
    },
    find: async (digest) => sessions.get(digest) ?? null,
    seen: async (digest, at) => {
      const session = sessions.get(digest);
      if (session !== undefined) sessions.set(digest, { ...session, lastSeenAt: at });
    },
    close: async (digest) => {
      sessions.delete(digest);
    },
  };
};
