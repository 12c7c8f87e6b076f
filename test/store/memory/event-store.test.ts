import { createMemoryEventStore } from '../../../src/store/memory/event-store.ts';
import { eventStoreContract } from '../../contract/event-store-contract.ts';

eventStoreContract(async () => createMemoryEventStore());
