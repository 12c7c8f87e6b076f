import { createMemoryApiKeyStore } from '../../../src/store/memory/api-key-store.ts';
import { apiKeyStoreContract } from '../../contract/api-key-store-contract.ts';

apiKeyStoreContract(async () => createMemoryApiKeyStore());
