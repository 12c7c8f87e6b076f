/** The collection of subscriptions at Microsoft Graph, `_id` = connection|resource: two for each connection that has them. */

import type mongoose from 'mongoose';
import { type ConnectionId, connectionId } from '../../model/ids.ts';
import { type Subscription, watchedResources } from '../../model/subscription.ts';
import type { SubscriptionStore } from '../subscription-store.ts';
import type { Db } from './connect.ts';

type SubscriptionDocument = Omit<Subscription, 'connection'> & { readonly _id: string; readonly connection: string };

export const name = 'subscriptions';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [
  { key: { connection: 1 } },
  { key: { 'held.id': 1 } },
  { key: { tendAt: 1 } },
];

export const createMongoSubscriptionStore = (db: Db, now: () => Date): SubscriptionStore => {
  const collection = db.collection<SubscriptionDocument>(name);
  return {
    want: async (connection, wanted) => {
      for (const resource of watchedResources)
        await collection.updateOne(
          { _id: idOf({ connection, resource }) },
          {
            $set: { wanted, tendAt: now() },
            $setOnInsert: { connection, resource, held: null, problem: null, failures: 0 },
          },
          { upsert: wanted },
        );
    },
    of: async (connection) => (await collection.find({ connection }).sort({ _id: 1 }).toArray()).map(subscriptionOf),
    byIds: async (ids) => (await collection.find({ 'held.id': { $in: [...ids] } }).toArray()).map(subscriptionOf),
    claim: async (ttlMs) => {
      const at = now();
      const found = await collection.findOneAndUpdate(
        { tendAt: { $lte: at } },
        { $set: { tendAt: new Date(at.getTime() + ttlMs) } },
        { sort: { tendAt: 1 }, returnDocument: 'before' },
      );
      return found === null ? null : subscriptionOf(found);
    },
    keep: async ({ wanted, connection, resource, ...rest }) => {
      const _id = idOf({ connection, resource });
      const meant = await collection.updateOne({ _id, wanted }, { $set: rest });
      if (meant.matchedCount === 0) await collection.updateOne({ _id }, { $set: { held: rest.held } });
    },
    hasten: async (one, how) => {
      const held = how === 'gone' || one.held === null ? null : { ...one.held, expiresAt: soon(now()) };
      await collection.updateOne({ _id: idOf(one) }, { $set: { tendAt: now(), held } });
    },
    forget: async (key) => {
      const { deletedCount } = await collection.deleteOne({ _id: idOf(key), wanted: false });
      if (deletedCount === 0) await collection.updateOne({ _id: idOf(key) }, { $set: { held: null, tendAt: now() } });
    },
    erase: async (connection) => {
      await collection.deleteMany({ connection });
    },
  };
};

/** Within the time in which one is renewed. */
const soon = (now: Date): Date => new Date(now.getTime() + 86_400_000);

const idOf = ({
  connection,
  resource,
}: Pick<Subscription, 'resource'> & { readonly connection: ConnectionId }): string => `${connection}|${resource}`;

const subscriptionOf = ({ _id, connection, ...rest }: SubscriptionDocument): Subscription => ({
  ...rest,
  connection: connectionId(connection),
});
