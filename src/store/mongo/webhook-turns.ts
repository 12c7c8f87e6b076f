/** The collection of how far each webhook was told, `_id` = webhook: its place, when it goes on, and who is at work on it. */

import type mongoose from 'mongoose';
import { StaleFence } from '../../model/errors.ts';
import { type OrganizationId, organizationId, type WebhookId, webhookId } from '../../model/ids.ts';
import type { DeliveryTurn } from '../webhook-store.ts';
import type { Db } from './connect.ts';

type TurnDocument = {
  readonly _id: string;
  readonly organization: string;
  readonly position: number;
  readonly failures: number;
  /** Something may be left to be told. */
  readonly wanted: boolean;
  readonly wakes: number;
  readonly notBefore: Date;
  readonly leaseUntil: Date;
  readonly owner: string | null;
  readonly fence: number;
};

export const name = 'webhook_turns';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [
  { key: { wanted: 1, notBefore: 1 } },
  { key: { organization: 1 } },
];

export const createWebhookTurns = (db: Db, now: () => Date) => {
  const collection = db.collection<TurnDocument>(name);
  const later = (ms: number): Date => new Date(now().getTime() + ms);

  const write = async (turn: DeliveryTurn, edit: Partial<TurnDocument>): Promise<void> => {
    const held = await collection.updateOne({ _id: turn.webhook, fence: turn.fence }, { $set: edit });
    if (held.matchedCount === 0) throw new StaleFence(`${turn.webhook} is told by another worker.`);
  };

  return {
    start: async (webhook: WebhookId, organization: OrganizationId, position: number): Promise<void> => {
      const at = now();
      const fresh = { wanted: false, notBefore: at, leaseUntil: at, owner: null, fence: 0, failures: 0, wakes: 0 };
      await collection.insertOne({ _id: webhook, organization, position, ...fresh });
    },
    wake: async (organizations: readonly OrganizationId[]): Promise<void> => {
      await collection.updateMany(
        { organization: { $in: [...organizations] } },
        { $set: { wanted: true }, $inc: { wakes: 1 } },
      );
    },
    hasten: async (webhook: WebhookId): Promise<void> => {
      const soon = { wanted: true, failures: 0, notBefore: now() };
      await collection.updateOne({ _id: webhook }, { $set: soon, $inc: { wakes: 1 } });
    },
    take: async (owner: string, ttlMs: number): Promise<DeliveryTurn | null> => {
      const at = now();
      const found = await collection.findOneAndUpdate(
        { wanted: true, notBefore: { $lte: at }, leaseUntil: { $lte: at } },
        { $set: { owner, leaseUntil: later(ttlMs) }, $inc: { fence: 1 } },
        { sort: { notBefore: 1 }, returnDocument: 'after' },
      );
      return found === null ? null : turnOf(found);
    },
    past: async (turn: DeliveryTurn, position: number, ttlMs: number): Promise<DeliveryTurn> => {
      await write(turn, { position, failures: 0, notBefore: now(), leaseUntil: later(ttlMs) });
      return { ...turn, position, failures: 0 };
    },
    again: async (turn: DeliveryTurn, notBefore: Date): Promise<DeliveryTurn> => {
      const failures = turn.failures + 1;
      await write(turn, { failures, notBefore, leaseUntil: now(), owner: null });
      return { ...turn, failures };
    },
    skip: async (turn: DeliveryTurn, position: number): Promise<DeliveryTurn> => {
      await write(turn, { position, failures: 0 });
      return { ...turn, position, failures: 0 };
    },
    release: async ({ webhook, fence, wakes }: DeliveryTurn, drained: boolean, restMs = 0): Promise<void> => {
      const free = { leaseUntil: now(), owner: null };
      const left = drained
        ? await collection.updateOne({ _id: webhook, fence, wakes }, { $set: { ...free, wanted: false } })
        : null;
      if (left?.matchedCount !== 1)
        await collection.updateOne({ _id: webhook, fence }, { $set: { ...free, notBefore: later(restMs) } });
    },
    remove: async (webhook: WebhookId): Promise<void> => {
      await collection.deleteOne({ _id: webhook });
    },
  };
};

const turnOf = ({ _id, organization, fence, position, failures, wakes }: TurnDocument): DeliveryTurn => ({
  webhook: webhookId(_id),
  organization: organizationId(organization),
  fence,
  position,
  failures,
  wakes,
});
