import { createMemoryCallStore } from '../../../src/store/memory/call-store.ts';
import { callStoreContract } from '../../contract/call-store-contract.ts';

callStoreContract(async () => createMemoryCallStore());
