/** Everything that is kept, in memory: for tests and simulations. */

import type { Vault } from '../connection-store.ts';
import type { Stores } from '../stores.ts';
import { createMemoryApiKeyStore } from './api-key-store.ts';
import { createMemoryAuditLog } from './audit-log.ts';
import { createMemoryCallStore } from './call-store.ts';
import { createMemoryConnectionStore, createMemoryTargetStore } from './connection-store.ts';
import { createMemoryConsentStore } from './consent-store.ts';
import { createMemoryDiscrepancyStore } from './discrepancy-store.ts';
import { createMemoryEventStore } from './event-store.ts';
import { createMemoryInstallation } from './installation.ts';
import { createMemoryLeases } from './leases.ts';
import { createMemoryLedger } from './ledger.ts';
import { createMemoryPlanStore } from './plan-store.ts';
import { createMemoryRunStore } from './run-store.ts';
import { createMemorySealedSecrets } from './sealed-secrets.ts';
import { createMemorySessionStore } from './session-store.ts';
import { createMemorySetupLinkStore } from './setup-link-store.ts';
import { createMemorySnapshotStore } from './snapshot-store.ts';
import { createMemorySubscriptionStore } from './subscription-store.ts';
import { createMemoryDeliveryStore, createMemoryWebhookStore } from './webhook-store.ts';

export const createMemoryStores = (around: {
  readonly now: () => Date;
  readonly vault: Vault;
  /** Called after every write of the snapshot and the ledger with its name, so that a test can stop there. */
  readonly probe?: ((site: string) => Promise<void> | void) | undefined;
}): Stores => {
  const { now, vault, probe } = around;
  const leases = createMemoryLeases(now);
  const { fenceOf } = leases;
  const snapshots = createMemorySnapshotStore({ fenceOf, now, probe });
  const connections = createMemoryConnectionStore(vault, now);
  const targets = createMemoryTargetStore(vault, now);
  const webhooks = createMemoryWebhookStore(vault, now);
  return {
    installation: createMemoryInstallation({ leases, snapshots }),
    apiKeys: createMemoryApiKeyStore(),
    calls: createMemoryCallStore(),
    audit: createMemoryAuditLog(now),
    leases,
    snapshots,
    ledger: createMemoryLedger({ fenceOf, now, probe }),
    connections,
    consents: createMemoryConsentStore(now),
    targets,
    sealed: createMemorySealedSecrets(vault, [connections, targets, webhooks]),
    setupLinks: createMemorySetupLinkStore(now),
    sessions: createMemorySessionStore(),
    runs: createMemoryRunStore(now),
    plans: createMemoryPlanStore({ fenceOf, now, probe }),
    discrepancies: createMemoryDiscrepancyStore({ fenceOf, now, probe }),
    events: createMemoryEventStore(),
    webhooks,
    deliveries: createMemoryDeliveryStore(now),
    subscriptions: createMemorySubscriptionStore(now),
  };
};
