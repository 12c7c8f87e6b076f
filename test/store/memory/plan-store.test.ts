import { describe } from 'vitest';
import { createMemoryLeases } from '../../../src/store/memory/leases.ts';
import { createMemoryPlanStore } from '../../../src/store/memory/plan-store.ts';
import { planStoreContract } from '../../contract/plan-store-contract.ts';

describe('plans in memory', () =>
  planStoreContract(async ({ now, probe }) => {
    const leases = createMemoryLeases(now);
    return { leases, plans: createMemoryPlanStore({ fenceOf: leases.fenceOf, now, probe }) };
  }));
