/** Everything that is kept, in MongoDB. */

import type { Vault } from '../connection-store.ts';
import type { Stores } from '../stores.ts';
import { createMongoApiKeyStore } from './api-keys.ts';
import { createMongoAuditLog } from './audit-log.ts';
import { createMongoCallStore } from './calls.ts';
import type { Mongo } from './connect.ts';
import { createMongoConnectionStore } from './connections.ts';
import { createMongoConsentStore } from './consents.ts';
import { createMongoDeliveryStore } from './deliveries.ts';
import { createMongoDiscrepancyStore } from './discrepancies.ts';
import { createMongoEventStore } from './events.ts';
import { createMongoInstallation } from './installation.ts';
import { createMongoLeases } from './leases.ts';
import { createMongoLedger } from './ledger.ts';
import { createMongoPlanStore } from './plans.ts';
import { createMongoRunStore } from './runs.ts';
import { createMongoSealedSecrets } from './sealed-secrets.ts';
import { createMongoSessionStore } from './sessions.ts';
import { createMongoSetupLinkStore } from './setup-links.ts';
import { createMongoSnapshotStore } from './snapshot-store.ts';
import { createMongoSubscriptionStore } from './subscriptions.ts';
import { createMongoTargetStore } from './targets.ts';
import { createMongoWebhookStore } from './webhooks.ts';

/** Once per connection to MongoDB, after the migration. */
export const createMongoStores = (
  { db, connection }: Mongo,
  around: {
    readonly now: () => Date;
    readonly vault: Vault;
    /** Another than this version's only in tests. */
    readonly format?: number;
    /** Called after every write of the snapshot and the ledger with its name, so that a test can stop there. */
    readonly probe?: ((site: string) => Promise<void> | void) | undefined;
  },
): Stores => {
  const { now, vault, probe, format } = around;
  return {
    installation: createMongoInstallation(db),
    apiKeys: createMongoApiKeyStore(db),
    calls: createMongoCallStore(db),
    audit: createMongoAuditLog(db, now),
    leases: createMongoLeases(db, now, format),
    snapshots: createMongoSnapshotStore(db, { now, probe }),
    ledger: createMongoLedger(db, { now, probe }),
    connections: createMongoConnectionStore(connection, vault, now),
    consents: createMongoConsentStore(db, now),
    setupLinks: createMongoSetupLinkStore(db, now),
    sessions: createMongoSessionStore(db),
    targets: createMongoTargetStore(connection, vault, now),
    sealed: createMongoSealedSecrets(db, vault, now),
    runs: createMongoRunStore(db, now),
    plans: createMongoPlanStore(db, { now, probe }),
    discrepancies: createMongoDiscrepancyStore(db, { now, probe }),
    events: createMongoEventStore(db),
    webhooks: createMongoWebhookStore(connection, vault, now),
    deliveries: createMongoDeliveryStore(db, now),
    subscriptions: createMongoSubscriptionStore(db, now),
  };
};
