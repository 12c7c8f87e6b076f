/** What every snapshot store promises, whatever it is kept in. */

import { snapshotAttributesContract } from './snapshot-attributes-contract.ts';
import { snapshotChangesContract } from './snapshot-changes-contract.ts';
import { snapshotCrashContract } from './snapshot-crash-contract.ts';
import { snapshotDraftContract } from './snapshot-draft-contract.ts';
import { snapshotForgetContract } from './snapshot-forget-contract.ts';
import { snapshotHoldsContract } from './snapshot-holds-contract.ts';
import { snapshotMembersContract } from './snapshot-members-contract.ts';
import { snapshotNamesContract } from './snapshot-names-contract.ts';
import { snapshotObjectsContract } from './snapshot-objects-contract.ts';
import { snapshotRosterContract } from './snapshot-roster-contract.ts';
import type { OpenSnapshots } from './snapshot-world.ts';

export const snapshotStoreContract = (open: OpenSnapshots): void => {
  snapshotObjectsContract(open);
  snapshotNamesContract(open);
  snapshotHoldsContract(open);
  snapshotMembersContract(open);
  snapshotChangesContract(open);
  snapshotDraftContract(open);
  snapshotCrashContract(open);
  snapshotRosterContract(open);
  snapshotAttributesContract(open);
  snapshotForgetContract(open);
};
