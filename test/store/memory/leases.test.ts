import { createMemoryLeases } from '../../../src/store/memory/leases.ts';
import { leasesContract } from '../../contract/leases-contract.ts';

leasesContract(async (now) => createMemoryLeases(now));
