import { createMemorySessionStore } from '../../../src/store/memory/session-store.ts';
import { sessionStoreContract } from '../../contract/session-store-contract.ts';

sessionStoreContract(async () => createMemorySessionStore());
