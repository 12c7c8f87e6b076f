/** Everything that is kept, behind one door. */

import type { ApiKeyStore } from './api-key-store.ts';
import type { AuditLog } from './audit-log.ts';
import type { CallStore } from './call-store.ts';
import type { ConnectionStore, TargetStore } from './connection-store.ts';
import type { ConsentStore } from './consent-store.ts';
import type { DiscrepancyStore } from './discrepancy-store.ts';
import type { EventStore } from './event-store.ts';
import type { Installation } from './installation.ts';
import type { Leases } from './leases.ts';
import type { Ledger } from './ledger.ts';
import type { PlanStore } from './plan-store.ts';
import type { RunStore } from './run-store.ts';
import type { SealedSecrets } from './sealed-secrets.ts';
import type { SessionStore } from './session-store.ts';
import type { SetupLinkStore } from './setup-link-store.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import type { SubscriptionStore } from './subscription-store.ts';
import type { DeliveryStore, WebhookStore } from './webhook-store.ts';

export type Stores = {
  readonly installation: Installation;
  readonly apiKeys: ApiKeyStore;
  readonly calls: CallStore;
  readonly audit: AuditLog;
  readonly leases: Leases;
  readonly snapshots: SnapshotStore;
  readonly ledger: Ledger;
  readonly connections: ConnectionStore;
  readonly consents: ConsentStore;
  readonly setupLinks: SetupLinkStore;
  readonly sessions: SessionStore;
  readonly targets: TargetStore;
  readonly sealed: SealedSecrets;
  readonly runs: RunStore;
  readonly plans: PlanStore;
  readonly discrepancies: DiscrepancyStore;
  readonly events: EventStore;
  readonly webhooks: WebhookStore;
  readonly deliveries: DeliveryStore;
  readonly subscriptions: SubscriptionStore;
};
