/** Brings a database to what this version expects. Every collection lists its own indexes; nothing is created on the way. */

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
};

/** The collections that are read by more than `_id`: their files export `name` and `indexes`. */
const collections: readonly Collection[] = [
  calls,
  auditLog,
  connections,
  consents,
  deliveries,
  discrepancies,
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
