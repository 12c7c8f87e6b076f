import { createMemorySubscriptionStore } from '../../../src/store/memory/subscription-store.ts';
import { subscriptionStoreContract } from '../../contract/subscription-store-contract.ts';

subscriptionStoreContract(async (now) => createMemorySubscriptionStore(now));
