/** Brings a database to what this version expects. Every collection lists its own indexes; nothing is created on the way. */

import mongoose from 'mongoose';
import * as auditLog from './audit-log.ts';
import * as calls from './calls.ts';
import type { Mongo } from './connect.ts';
import * as connections from './connections.ts';
import * as consents from './consents.ts';
import * as deliveries from './deliveries.ts';
import * as discrepancies from './discrepancies.ts';
import * as escrows from './escrows.ts';
import * as events from './events.ts';
import * as intents from './intents.ts';
import * as links from './links.ts';
import * as members from './members.ts';
import * as objects from './objects.ts';
import * as plans from './plans.ts';
import * as runs from './runs.ts';
import * as sessions from './sessions.ts';
import * as setupLinks from './setup-links.ts';
import * as subscriptions from './subscriptions.ts';
import * as targets from './targets.ts';
import * as waitingReferences from './waiting-references.ts';
import * as webhookTurns from './webhook-turns.ts';
import * as webhooks from './webhooks.ts';

type Collection = { readonly name: string; readonly indexes: readonly IndexDescription[] };
type IndexDescription = Parameters<ReturnType<Mongo['db']['collection']>['createIndexes']>[0][number];

/** Run before the first worker or server of a new version; harmless to repeat. */
export const migrate = async (mongo: Mongo): Promise<void> => {
  for (const { name, indexes } of collections)
    if (indexes.length > 0) await mongo.db.collection(name).createIndexes([...indexes]);
  for (const collection of made) await seeMade(mongo, collection);
};

/**
 * Whoever makes an index may let MongoDB remove what is old by it, so an account makes none where it may not remove, and scripts/mongo-accounts.js has made
 * these. Without accounts of that kind they are made here.
 */
const made: readonly Collection[] = [auditLog, discrepancies];

const seeMade = async ({ db }: Mongo, { name, indexes }: Collection): Promise<void> => {
  const there = await keysOf(db, name);
  if (indexes.every(({ key }) => there.has(textOf(key)))) return;
  try {
    await db.collection(name).createIndexes([...indexes]);
  } catch (error) {
    if (!isUnauthorized(error)) throw error;
    throw new Error(
      `The collection ${name} has not all of its indexes, and this account of MongoDB may make none there. Run scripts/mongo-accounts.js of this version, as somebody who may make users, and start again.`,
      { cause: error },
    );
  }
};

const keysOf = async (db: Mongo['db'], name: string): Promise<ReadonlySet<string>> => {
  try {
    return new Set((await db.collection(name).indexes()).map(({ key }) => textOf(key)));
  } catch (error) {
    if (isNotThere(error)) return new Set();
    throw error;
  }
};

const textOf = (key: IndexDescription['key']): string => JSON.stringify(key);

const coded =
  (code: number) =>
  (error: unknown): boolean =>
    error instanceof mongoose.mongo.MongoServerError && error.code === code;
const isUnauthorized = coded(13);
/** NamespaceNotFound: there is no such collection yet. */
const isNotThere = coded(26);

/** The collections that are read by more than `_id`: their files export `name` and `indexes`. */
const collections: readonly Collection[] = [
  calls,
  connections,
  consents,
  deliveries,
  escrows,
  events,
  intents,
  links,
  members,
  objects,
  plans,
  runs,
  subscriptions,
  sessions,
  setupLinks,
  targets,
  waitingReferences,
  webhookTurns,
  webhooks,
];
