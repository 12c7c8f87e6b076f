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
    list: async ({ createdAfter, seenAfter }, after, limit) => {
      const found = [...sessions.values()]
        .filter(
          ({ id, createdAt, lastSeenAt }) =>
            createdAt > createdAfter && lastSeenAt > seenAfter && (after === null || id < after),
        )
        .toSorted((a, b) => (a.id > b.id ? -1 : 1));
      const items = found.slice(0, limit);
      return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    end: async (id) => {
      const [digest, session] = [...sessions].find(([, one]) => one.id === id) ?? [];
      if (digest === undefined || session === undefined) return null;
      sessions.delete(digest);
      return session;
    },
    prune: async (createdBefore, seenBefore) => {
      for (const [digest, { createdAt, lastSeenAt }] of sessions)
        if (createdAt < createdBefore || lastSeenAt < seenBefore) sessions.delete(digest);
    },
  };
};
