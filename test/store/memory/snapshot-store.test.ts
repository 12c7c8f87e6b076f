import { createMemoryLeases } from '../../../src/store/memory/leases.ts';
import { createMemorySnapshotStore } from '../../../src/store/memory/snapshot-store.ts';
import { snapshotStoreContract } from '../../contract/snapshot-store-contract.ts';
import type { OpenSnapshots } from '../../contract/snapshot-world.ts';

const open: OpenSnapshots = async ({ now, probe }) => {
  const leases = createMemoryLeases(now);
  return { leases, snapshots: createMemorySnapshotStore({ fenceOf: leases.fenceOf, now, probe }) };
};

snapshotStoreContract(open);
