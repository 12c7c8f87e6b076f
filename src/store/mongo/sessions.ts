/** The collection of sessions: a few, read by `_id` at every call of a person. */

import type mongoose from 'mongoose';
import type { Session } from '../../model/session.ts';
import type { SessionStore } from '../session-store.ts';
import type { Db } from './connect.ts';

type SessionDocument = Session & { readonly _id: string };

export const name = 'sessions';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [{ key: { createdAt: 1 } }];

export const createMongoSessionStore = (db: Db): SessionStore => {
  const sessions = db.collection<SessionDocument>(name);
  return {
    open: async (session, digest, endedBefore) => {
      await sessions.deleteMany({ createdAt: { $lt: endedBefore } });
      await sessions.insertOne({ _id: digest, ...session });
    },
    find: async (digest) => {
      const found = await sessions.findOne({ _id: digest }, { projection: { _id: 0 } });
      return found;
    },
    seen: async (digest, at) => {
      await sessions.updateOne({ _id: digest }, { $set: { lastSeenAt: at } });
    },
    close: async (digest) => {
      await sessions.deleteOne({ _id: digest });
    },
  };
};
