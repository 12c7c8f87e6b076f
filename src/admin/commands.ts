/** Everything a person can do, whichever door they come through. Commands take and give model values; a refusal is thrown as `Refused`. */

import type { Reach } from '../core/access.ts';
import { apiKeyCommands, keyHolders } from './api-keys.ts';
import { auditQueries, auditRecorder } from './audit.ts';
import { connectionChecks } from './connection-checks.ts';
import { connectionCommands } from './connections.ts';
import { consentReturns } from './consent-returns.ts';
import { consentCommands } from './consents.ts';
import { encryptionKeyCommands } from './encryption-keys.ts';
import { escrowCommands } from './escrows.ts';
import { explainQueries } from './explain.ts';
import { type House, hallOf, roomWithin } from './house.ts';
import { notificationCommands, notificationHearing } from './notifications.ts';
import { onceCommands } from './once.ts';
import { ownerQueries } from './owners.ts';
import { personCommands } from './persons.ts';
import { planCommands } from './plans.ts';
import { previewCommands } from './previews.ts';
import { reconciliationCommands } from './reconciliations.ts';
import { restoreCommands } from './restores.ts';
import type { Hall, OperatorRoom, Room } from './room.ts';
import { runCommands } from './runs.ts';
import { secondCredentialCommands } from './second-credentials.ts';
import { openSessionCommands, sessionCommands } from './sessions.ts';
import { setupLinkCommands, setupVisits } from './setup-links.ts';
import { snapshotQueries } from './snapshots.ts';
import { targetCommands } from './targets.ts';
import { undoCommands } from './undo.ts';
import { type Watching, watching, watchQueries } from './watch-run.ts';
import { webhookCommands } from './webhooks.ts';

/** Those of whoever comes, and, once it is known how far they reach, those within that. */
export const commands = (house: House) => {
  const open = hallCommands(hallOf(house));
  const watched = watching({ world: house.world, look: house.stores.runs.get });
  return {
    ...open,
    within: (reach: Reach) => ({ ...roomCommands(roomWithin(house, reach), watched), signOut: open.signOut }),
  };
};

export type Commands = ReturnType<typeof commands>;
export type CommandsWithin = ReturnType<Commands['within']>;
export type OperatorCommands = ReturnType<typeof operatorCommands>;

const hallCommands = (hall: Hall) => ({
  ...keyHolders(hall),
  ...sessionCommands(hall),
  ...auditRecorder(hall),
  ...onceCommands(hall),
  ...consentReturns(hall),
  ...setupVisits(hall),
  ...notificationHearing(hall),
});

const roomCommands = (room: Room, watched: Watching) => ({
  ...connectionCommands(room),
  ...connectionChecks(room),
  ...secondCredentialCommands(room),
  ...consentCommands(room),
  ...setupLinkCommands(room),
  ...targetCommands(room),
  ...escrowCommands(room),
  ...runCommands(room),
  ...planCommands(room),
  ...previewCommands(room),
  ...reconciliationCommands(room),
  ...undoCommands(room),
  ...snapshotQueries(room),
  ...personCommands(room),
  ...explainQueries(room),
  ...webhookCommands(room),
  ...notificationCommands(room),
  ...auditQueries(room),
  ...ownerQueries(room),
  ...watchQueries(room, watched),
  /** What concerns the installation; null for whoever is limited. */
  ofOperator: isOperators(room) ? operatorCommands(room) : null,
});

const isOperators = (room: Room): room is OperatorRoom => room.operator !== null;

const operatorCommands = (room: OperatorRoom) => ({
  ...apiKeyCommands(room),
  ...openSessionCommands(room),
  ...encryptionKeyCommands(room),
  ...restoreCommands(room),
});
