/** Sessions, in memory. */

import type { KeptSession, SessionStore } from '../session-store.ts';

export const createMemorySessionStore = (): SessionStore => {
  const sessions = new Map<string, KeptSession>();
  return {
    open: async (kept, digest, endedBefore) => {
      for (const [other, { session }] of sessions) if (session.createdAt < endedBefore) sessions.delete(other);
      sessions.set(digest, kept);
    },
    find: async (digest) => sessions.get(digest) ?? null,
    seen: async (digest, at, proof) => {
      const kept = sessions.get(digest);
      if (kept !== undefined) sessions.set(digest, { session: { ...kept.session, lastSeenAt: at }, proof });
    },
    close: async (digest) => {
      sessions.delete(digest);
    },
    list: async ({ createdAfter, seenAfter }, after, limit) => {
      const found = [...sessions.values()]
        .map(({ session }) => session)
        .filter(
          ({ id, createdAt, lastSeenAt }) =>
            createdAt > createdAfter && lastSeenAt > seenAfter && (after === null || id < after),
        )
        .toSorted((a, b) => (a.id > b.id ? -1 : 1));
      const items = found.slice(0, limit);
      return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    end: async (id) => {
      const [digest, kept] = [...sessions].find(([, { session }]) => session.id === id) ?? [];
      if (digest === undefined || kept === undefined) return null;
      sessions.delete(digest);
      return kept.session;
    },
    prune: async (createdBefore, seenBefore) => {
      for (const [digest, { session }] of sessions)
        if (session.createdAt < createdBefore || session.lastSeenAt < seenBefore) sessions.delete(digest);
    },
  };
};
