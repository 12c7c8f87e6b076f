import { describe } from 'vitest';
import { createMemoryRunStore } from '../../../src/store/memory/run-store.ts';
import { runStoreContract } from '../../contract/run-store-contract.ts';

describe('the runs in memory', () => runStoreContract(async (now) => createMemoryRunStore(now)));
