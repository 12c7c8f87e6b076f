/** The collection of deliveries, `_id` = webhook|sequence: what became of each message. It is written before the place moves on, so none is missing. */

import type mongoose from 'mongoose';
import type { EventType } from '../../model/event.ts';
import { eventId, type WebhookId, webhookId } from '../../model/ids.ts';
import { type Attempt, type Delivery, type DeliveryState, mostAttemptsKept } from '../../model/webhook.ts';
import type { DeliveryStore } from '../webhook-store.ts';
import type { Db } from './connect.ts';
import { keyset, startsWith } from './keyset.ts';
import { createWebhookTurns } from './webhook-turns.ts';

type DeliveryDocument = {
  readonly _id: string;
  readonly webhook: string;
  readonly event: string;
  readonly sequence: number;
  readonly type: EventType;
  readonly state: DeliveryState;
  readonly attempts: readonly Attempt[];
  /** Of the latest attempt. */
  readonly at: Date;
};

export const name = 'deliveries';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [{ key: { at: 1 } }];

const pruneSize = 1_000;

export const createMongoDeliveryStore = (db: Db, now: () => Date): DeliveryStore => {
  const collection = db.collection<DeliveryDocument>(name);
  const { past, again, ...turns } = createWebhookTurns(db, now);
  const push = (attempt: Attempt) => ({ attempts: { $each: [attempt], $slice: -mostAttemptsKept } });
  return {
    ...turns,
    settle: async (turn, { attempt, event, sequence, type, state }, progress, ttlMs) => {
      const { webhook } = turn;
      await collection.updateOne(
        { _id: idOf(webhook, sequence) },
        { $set: { webhook, event, sequence, type, state, at: attempt.at }, $push: push(attempt) },
        { upsert: true },
      );
      return progress.kind === 'past' ? past(turn, sequence, ttlMs) : again(turn, progress.notBefore);
    },
    log: async (webhook, after, limit) => {
      const { $gte, $lt } = startsWith(`${webhook}|`);
      const found = await collection
        .find({ _id: { $gte, $lt: after === null ? $lt : idOf(webhook, Number(after)) } })
        .sort({ _id: -1 })
        .limit(limit + 1)
        .toArray();
      const items = found.slice(0, limit).map(deliveryOf);
      return { items, next: found.length > limit ? String(items.at(-1)?.sequence) : null };
    },
    delivery: async (webhook, sequence) => {
      const found = await collection.findOne({ _id: idOf(webhook, sequence) });
      return found === null ? null : deliveryOf(found);
    },
    attempted: async (webhook, sequence, attempt, arrived) => {
      const state = arrived ? { state: 'delivered' as const } : {};
      await collection.updateOne(
        { _id: idOf(webhook, sequence) },
        { $set: { at: attempt.at, ...state }, $push: push(attempt) },
      );
    },
    prune: async (before) => {
      const old = keyset<{ readonly _id: string }>(
        (_, limit) =>
          collection
            .find({ at: { $lt: before } })
            .project<{ _id: string }>({ _id: 1 })
            .limit(limit)
            .toArray(),
        pruneSize,
      );
      for await (const page of old) await collection.deleteMany({ _id: { $in: page.map(({ _id }) => _id) } });
    },
    remove: async (webhook) => {
      await turns.remove(webhook);
      await collection.deleteMany({ _id: startsWith(`${webhook}|`) });
    },
  };
};

const idOf = (webhook: WebhookId, sequence: number): string => `${webhook}|${String(sequence).padStart(12, '0')}`;

const deliveryOf = ({ webhook, event, sequence, type, state, attempts }: DeliveryDocument): Delivery => ({
  webhook: webhookId(webhook),
  event: eventId(event),
  sequence,
  type,
  state,
  attempts,
});
