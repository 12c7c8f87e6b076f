import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import { createMongoDeliveryStore } from '../../../src/store/mongo/deliveries.ts';
import { createMongoEventStore } from '../../../src/store/mongo/events.ts';
import { createMongoSubscriptionStore } from '../../../src/store/mongo/subscriptions.ts';
import { createMongoWebhookStore } from '../../../src/store/mongo/webhooks.ts';
import { createVault } from '../../../src/store/vault.ts';
import { eventStoreContract } from '../../contract/event-store-contract.ts';
import { subscriptionStoreContract } from '../../contract/subscription-store-contract.ts';
import { webhookStoreContract } from '../../contract/webhook-store-contract.ts';
import { openTestMongo } from '../../support/mongo.ts';

let opened: Awaited<ReturnType<typeof openTestMongo>>;
beforeAll(async () => {
  opened = await openTestMongo();
});
afterAll(() => opened.close());

describe('events in MongoDB', () => eventStoreContract(async () => createMongoEventStore(opened.mongo.db)));
describe('subscriptions in MongoDB', () =>
  subscriptionStoreContract(async (now) => createMongoSubscriptionStore(opened.mongo.db, now)));
describe('webhooks in MongoDB', () =>
  webhookStoreContract(async (now) => ({
    webhooks: createMongoWebhookStore(opened.mongo.connection, createVault(randomBytes(32)), now),
    deliveries: createMongoDeliveryStore(opened.mongo.db, now),
  })));
