/** Everything that is kept, in memory: for tests and simulations. */

import type { Vault } from '../connection-store.ts';
import type { Stores } from '../stores.ts';
import { createMemoryApiKeyStore } from './api-key-store.ts';
import { createMemoryAuditLog } from './audit-log.ts';
import type { Keep } from './backup.ts';
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
  /** Is told what is held, to put it back one day. */
  readonly keep?: Keep;
}): Stores => {
  const { now, vault, probe, keep } = around;
  const leases = createMemoryLeases(now, keep);
  const { fenceOf } = leases;
  const held = { fenceOf, now, probe, ...(keep === undefined ? {} : { keep }) };
  const snapshots = createMemorySnapshotStore(held);
  const connections = createMemoryConnectionStore(vault, now, keep);
  const targets = createMemoryTargetStore(vault, now, keep);
  const webhooks = createMemoryWebhookStore(vault, now);
  return {
    installation: createMemoryInstallation({ leases, snapshots, ...held }),
    apiKeys: createMemoryApiKeyStore(),
    calls: createMemoryCallStore(),
    audit: createMemoryAuditLog(now),
    leases,
    snapshots,
    ledger: createMemoryLedger(held),
    connections,
    consents: createMemoryConsentStore(now),
    targets,
    sealed: createMemorySealedSecrets(vault, [connections, targets, webhooks], now),
    setupLinks: createMemorySetupLinkStore(now),
    sessions: createMemorySessionStore(),
    runs: createMemoryRunStore(now, keep),
    plans: createMemoryPlanStore(held),
    discrepancies: createMemoryDiscrepancyStore(held),
    events: createMemoryEventStore(),
    webhooks,
    deliveries: createMemoryDeliveryStore(now),
    subscriptions: createMemorySubscriptionStore(now),
  };
};
