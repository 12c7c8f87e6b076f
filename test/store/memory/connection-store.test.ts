import { describe } from 'vitest';
import { createMemoryConnectionStore, createMemoryTargetStore } from '../../../src/store/memory/connection-store.ts';
import { connectionStoreContract } from '../../contract/connection-store-contract.ts';

describe('connections and targets in memory', () =>
  connectionStoreContract(async (vault, now) => ({
    connections: createMemoryConnectionStore(vault, now),
    targets: createMemoryTargetStore(vault, now),
  })));
