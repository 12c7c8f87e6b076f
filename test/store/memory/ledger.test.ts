import { describe } from 'vitest';
import { createMemoryLeases } from '../../../src/store/memory/leases.ts';
import { createMemoryLedger } from '../../../src/store/memory/ledger.ts';
import { ledgerContract } from '../../contract/ledger-contract.ts';

describe('the ledger in memory', () =>
  ledgerContract(async ({ now, probe }) => {
    const leases = createMemoryLeases(now);
    return { leases, ledger: createMemoryLedger({ fenceOf: leases.fenceOf, now, probe }) };
  }));
