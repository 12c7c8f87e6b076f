import { createMemoryConsentStore } from '../../../src/store/memory/consent-store.ts';
import { consentStoreContract } from '../../contract/consent-store-contract.ts';

consentStoreContract(async (now) => createMemoryConsentStore(now));
