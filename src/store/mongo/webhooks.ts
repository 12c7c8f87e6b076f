/** The collection of webhooks: a few addresses that people edit, with their secrets sealed, kept through mongoose. */

import type mongoose from 'mongoose';
import { organizationId, webhookId } from '../../model/ids.ts';
import type { Webhook } from '../../model/webhook.ts';
import type { Vault } from '../connection-store.ts';
import type { WebhookEdit, WebhookStore } from '../webhook-store.ts';
import { createSealedRecords, optional, type SealedDocument, sealedSchema, text } from './sealed-records.ts';

type WebhookDocument = Omit<Webhook, 'id' | 'organization'> &
  Pick<SealedDocument, '_id' | 'organization' | 'secrets' | 'quarantine'>;

export const name = 'webhooks';
export const indexes: readonly mongoose.mongo.IndexDescription[] = [{ key: { organization: 1, _id: 1 } }];

const schema = sealedSchema({ url: text, description: optional, events: optional, oldSecretUntil: optional });

export const createMongoWebhookStore = (mongo: mongoose.Connection, vault: Vault, now: () => Date): WebhookStore => {
  const records = createSealedRecords<WebhookDocument, Webhook, WebhookEdit>({
    model: mongo.model<SealedDocument>('Webhook', schema, name),
    vault,
    now,
    toRecord: webhookOf,
    toFields: (edit) => edit,
  });
  return {
    add: ({ id, ...rest }, secrets) => records.add({ _id: id, ...rest, quarantine: null }, secrets),
    get: records.get,
    list: async ({ organizations }, after, limit) => {
      const where = organizations === undefined ? {} : { organization: organizations };
      const found = await records.find(where, after, limit + 1);
      const items = found.slice(0, limit);
      return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
    },
    edit: records.edit,
    secrets: records.secrets,
    remove: records.remove,
  };
};

const webhookOf = ({ _id, organization, secrets: _, quarantine: __, ...rest }: WebhookDocument): Webhook => ({
  ...rest,
  id: webhookId(_id),
  organization: organizationId(organization),
});
