import { describe } from 'vitest';
import { createMemoryDiscrepancyStore } from '../../../src/store/memory/discrepancy-store.ts';
import { createMemoryLeases } from '../../../src/store/memory/leases.ts';
import { discrepancyStoreContract } from '../../contract/discrepancy-store-contract.ts';

describe('discrepancies in memory', () =>
  discrepancyStoreContract(async ({ now, probe }) => {
    const leases = createMemoryLeases(now);
    return { leases, discrepancies: createMemoryDiscrepancyStore({ fenceOf: leases.fenceOf, now, probe }) };
  }));
