/** All stores, in memory. */

import { randomBytes } from 'node:crypto';
import { type ConnectionId, type SourceId, sourceId, watermark } from '../../../src/model/ids.ts';
import { group, type SourceObject, user } from '../../../src/model/source-object.ts';
import type { Vault } from '../../../src/store/connection-store.ts';
import type { Lease, LeaseKey } from '../../../src/store/leases.ts';
import { createMemoryApiKeyStore } from '../../../src/store/memory/api-key-store.ts';
import { createMemoryAuditLog } from '../../../src/store/memory/audit-log.ts';
import { createMemoryCallStore } from '../../../src/store/memory/call-store.ts';
import { createMemoryConnectionStore, createMemoryTargetStore } from '../../../src/store/memory/connection-store.ts';
import { createMemoryConsentStore } from '../../../src/store/memory/consent-store.ts';
import { createMemoryDiscrepancyStore } from '../../../src/store/memory/discrepancy-store.ts';
import { createMemoryEventStore } from '../../../src/store/memory/event-store.ts';
import { createMemoryInstallation } from '../../../src/store/memory/installation.ts';
import { createMemoryLeases } from '../../../src/store/memory/leases.ts';
import { createMemoryLedger } from '../../../src/store/memory/ledger.ts';
import { createMemoryPlanStore } from '../../../src/store/memory/plan-store.ts';
import { createMemoryRunStore } from '../../../src/store/memory/run-store.ts';
import { createMemorySealedSecrets } from '../../../src/store/memory/sealed-secrets.ts';
import { createMemorySessionStore } from '../../../src/store/memory/session-store.ts';
import { createMemorySetupLinkStore } from '../../../src/store/memory/setup-link-store.ts';
import { createMemorySnapshotStore } from '../../../src/store/memory/snapshot-store.ts';
import { createMemorySubscriptionStore } from '../../../src/store/memory/subscription-store.ts';
import { createMemoryDeliveryStore, createMemoryWebhookStore } from '../../../src/store/memory/webhook-store.ts';
import type { Stores } from '../../../src/store/stores.ts';
import { createVault } from '../../../src/store/vault.ts';

export const memoryStores = (now: () => Date, vault: Vault = createVault(randomBytes(32))): Stores => {
  const connections = createMemoryConnectionStore(vault, now);
  const targets = createMemoryTargetStore(vault, now);
  const webhooks = createMemoryWebhookStore(vault, now);
  const leases = createMemoryLeases(now);
  const around = { fenceOf: leases.fenceOf, now };
  const snapshots = createMemorySnapshotStore(around);
  return {
    installation: createMemoryInstallation({ leases, snapshots }),
    apiKeys: createMemoryApiKeyStore(),
    calls: createMemoryCallStore(),
    audit: createMemoryAuditLog(now),
    leases,
    snapshots,
    ledger: createMemoryLedger(around),
    connections,
    consents: createMemoryConsentStore(now),
    targets,
    sealed: createMemorySealedSecrets(vault, [connections, targets, webhooks], now),
    setupLinks: createMemorySetupLinkStore(now),
    sessions: createMemorySessionStore(),
    runs: createMemoryRunStore(now),
    plans: createMemoryPlanStore(around),
    discrepancies: createMemoryDiscrepancyStore(around),
    events: createMemoryEventStore(),
    webhooks,
    deliveries: createMemoryDeliveryStore(now),
    subscriptions: createMemorySubscriptionStore(now),
  };
};

/** The id of the nth person or group of a tenant. */
export const nth = (n: number): SourceId => sourceId(`00000000-0000-4000-8000-${String(n).padStart(12, '0')}`);

/** Commits people `1…users` and one group, id 900, that holds them all. `alike`: what all of them have. */
export const commitPeople = async (
  stores: Stores,
  connection: ConnectionId,
  users: number,
  alike: SourceObject['attributes'] = {},
): Promise<SourceId> => {
  const people: SourceObject[] = Array.from({ length: users }, (_, index) => ({
    ref: user(nth(index + 1)),
    attributes: { displayName: `Person ${index + 1}`, userPrincipalName: `p${index + 1}@contoso.example`, ...alike },
  }));
  const everybody: SourceObject = { ref: group(nth(900)), attributes: { displayName: 'Everybody' } };
  const draft = await stores.snapshots.begin(await lease(stores, connection), 'full');
  const refs = people.map(({ ref }) => ref);
  await draft.put({
    objects: [...people, everybody].map((next) => ({ ref: next.ref, next })),
    members: [{ group: everybody.ref.id, whole: refs.toReversed() }],
    seen: [...refs, everybody.ref],
    resume: null,
  });
  await draft.record([
    ...people.map((after) => ({ kind: 'created', after }) as const),
    { kind: 'created', after: everybody },
    { kind: 'members', group: everybody.ref, added: refs, removed: [] },
  ]);
  await draft.commit({ watermark: watermark('w1'), counts: { user: users, group: 1 }, full: true });
  return everybody.ref.id;
};

/** Takes the lease of a connection or target, as a worker does. */
export const lease = async ({ leases }: Stores, key: LeaseKey): Promise<Lease> => {
  const taken = await leases.take(key, 'worker-1', 60_000);
  if ('busyUntil' in taken) throw new Error(`${key} is busy.`);
  return taken;
};
