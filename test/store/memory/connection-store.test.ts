import { describe } from 'vitest';
import { createMemoryConnectionStore, createMemoryTargetStore } from '../../../src/store/memory/connection-store.ts';
import { createMemorySealedSecrets } from '../../../src/store/memory/sealed-secrets.ts';
import { connectionStoreContract } from '../../contract/connection-store-contract.ts';

describe('connections and targets in memory', () =>
  connectionStoreContract(async (vault, now) => {
    const connections = createMemoryConnectionStore(vault, now);
    const targets = createMemoryTargetStore(vault, now);
    return { connections, targets, sealed: createMemorySealedSecrets(vault, [connections, targets], now) };
  }));
