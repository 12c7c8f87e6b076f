import { randomBytes } from 'node:crypto';
import { createMemoryDeliveryStore, createMemoryWebhookStore } from '../../../src/store/memory/webhook-store.ts';
import { createVault } from '../../../src/store/vault.ts';
import { webhookStoreContract } from '../../contract/webhook-store-contract.ts';

webhookStoreContract(async (now) => ({
  webhooks: createMemoryWebhookStore(createVault(randomBytes(32)), now),
  deliveries: createMemoryDeliveryStore(now),
}));
