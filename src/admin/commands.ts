/** Everything a person can do, whichever door they come through. Commands take and give model values; a refusal is thrown as `Refused`. */

import { apiKeyCommands } from './api-keys.ts';
import { auditCommands } from './audit.ts';
import { connectionChecks } from './connection-checks.ts';
import { connectionCommands } from './connections.ts';
import { consentCommands } from './consents.ts';
import { encryptionKeyQueries } from './encryption-keys.ts';
import { escrowCommands } from './escrows.ts';
import { explainQueries } from './explain.ts';
import { notificationCommands } from './notifications.ts';
import { onceCommands } from './once.ts';
import { ownerQueries } from './owners.ts';
import { personCommands } from './persons.ts';
import { planCommands } from './plans.ts';
import { previewCommands } from './previews.ts';
import { reconciliationCommands } from './reconciliations.ts';
import { restoreCommands } from './restores.ts';
import type { Room } from './room.ts';
import { runCommands } from './runs.ts';
import { secondCredentialCommands } from './second-credentials.ts';
import { sessionCommands } from './sessions.ts';
import { setupLinkCommands } from './setup-links.ts';
import { snapshotQueries } from './snapshots.ts';
import { targetCommands } from './targets.ts';
import { undoCommands } from './undo.ts';
import { watchQueries } from './watch-run.ts';
import { webhookCommands } from './webhooks.ts';

export const commands = (room: Room) => ({
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
  ...restoreCommands(room),
  ...webhookCommands(room),
  ...notificationCommands(room),
  ...apiKeyCommands(room),
  ...encryptionKeyQueries(room),
  ...sessionCommands(room),
  ...auditCommands(room),
  ...ownerQueries(room),
  ...onceCommands(room),
  ...watchQueries(room),
});

export type Commands = ReturnType<typeof commands>;
