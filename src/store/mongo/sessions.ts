/** The collection of sessions: a few, read by `_id` at every call of a person. */

import type mongoose from 'mongoose';
import type { Session } from '../../model/session.ts';
import type { SessionStore } from '../session-store.ts';
import type { Db } from './connect.ts';

/** `proof`: missing where it was not kept yet. */
type SessionDocument = Session & { readonly _id: string; readonly proof?: string | null };

export const name = 'sessions';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [
  { key: { createdAt: 1 } },
  { key: { lastSeenAt: 1 } },
  { key: { id: 1 } },
];

const projection = { _id: 0, proof: 0 } as const;

export const createMongoSessionStore = (db: Db): SessionStore => {
  const sessions = db.collection<SessionDocument>(name);
  return {
    open: async ({ session, proof }, digest, endedBefore) => {
      await sessions.deleteMany({ createdAt: { $lt: endedBefore } });
      await sessions.insertOne({ _id: digest, ...session, proof });
    },
    find: async (digest) => {
      const found = await sessions.findOne({ _id: digest }, { projection: { _id: 0 } });
      if (found === null) return null;
      const { proof = null, ...session } = found;
      return { session, proof };
    },
    seen: async (digest, at, proof) => {
      await sessions.updateOne({ _id: digest }, { $set: { lastSeenAt: at, proof } });
    },
    close: async (digest) => {
      await sessions.deleteOne({ _id: digest });
    },
    list: async ({ createdAfter, seenAfter }, after, limit) => {
      const found = await sessions
        .find(
          {
            ...(after === null ? {} : { id: { $lt: after } }),
            createdAt: { $gt: createdAfter },
            lastSeenAt: { $gt: seenAfter },
          },
          { projection },
        )
        .sort({ id: -1 })
        .limit(limit + 1)
        .toArray();
      const items = found.slice(0, limit);
      return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    end: (id) => sessions.findOneAndDelete({ id }, { projection }),
    prune: async (createdBefore, seenBefore) => {
      await sessions.deleteMany({ createdAt: { $lt: createdBefore } });
      await sessions.deleteMany({ lastSeenAt: { $lt: seenBefore } });
    },
  };
};
