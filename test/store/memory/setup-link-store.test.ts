import { createMemorySetupLinkStore } from '../../../src/store/memory/setup-link-store.ts';
import { setupLinkStoreContract } from '../../contract/setup-link-store-contract.ts';

setupLinkStoreContract(async (now) => createMemorySetupLinkStore(now));
