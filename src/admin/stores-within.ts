/**
 * The stores, as far as a reach goes: the only ones that commands know, so that no query of theirs can be written without it. Records are looked up within
 * the reach, lists are narrowed to it by the query, and everything else that is kept of a connection, target, run, plan or webhook is opened by what was
 * handed out here. What is out of reach is as what does not exist.
 */

import { type FullReach, narrowedTo, type Reach, reaches } from '../core/access.ts';
import { planOfRun } from '../engine/aim.ts';
import type { Connection, Problem, Quarantine } from '../model/connection.ts';
import type { ConnectionId, OrganizationId, PlanId, RunId, TargetId, WebhookId } from '../model/ids.ts';
import type { Decision, Plan } from '../model/plan.ts';
import type { ProvisionRun, Run } from '../model/run.ts';
import type { Subscription } from '../model/subscription.ts';
import type { Approvals, TargetRecord } from '../model/target-record.ts';
import type { Webhook } from '../model/webhook.ts';
import type { ApiKeyStore } from '../store/api-key-store.ts';
import type { AuditFilter, AuditLog, KeptEntry } from '../store/audit-log.ts';
import type { ConnectionEdit, SecretChanges, Secrets, TargetEdit } from '../store/connection-store.ts';
import type { Consent, ConsentStore } from '../store/consent-store.ts';
import type { DiscrepancyStore } from '../store/discrepancy-store.ts';
import type { EventStore } from '../store/event-store.ts';
import type { Ledger } from '../store/ledger.ts';
import type { PlanFilter, PlanStore } from '../store/plan-store.ts';
import type { RunFilter } from '../store/run-store.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { KeptLink, SetupLink, SetupLinkStore, Tries } from '../store/setup-link-store.ts';
import type { Page, SnapshotReads } from '../store/snapshot-store.ts';
import type { Stores } from '../store/stores.ts';
import type { SubscriptionStore } from '../store/subscription-store.ts';
import type { DeliveryStore, WebhookEdit } from '../store/webhook-store.ts';
import type { Opened, Reached, Within } from './reached.ts';

/** What a list is asked for, before it is narrowed to the reach. */
export type FilterWithin<Filter> = Omit<Filter, 'organizations'> & { readonly organization?: OrganizationId };
/** A record that is to be kept: its id is new, and whatever else it names was handed out. */
export type New<R> = R extends object ? R & Omit<Within<R>, 'id'> : never;

export type StoresWithin = ReturnType<typeof recordsWithin> & OpenedStores;

export const storesWithin = (stores: Stores, reach: Reach): StoresWithin => ({
  ...recordsWithin(stores, reach),
  ...openedOf(stores),
});

const recordsWithin = (stores: Stores, reach: Reach) => {
  const { connections, targets, runs, plans, webhooks, deliveries, audit } = stores;
  const found = <R extends { readonly organization: OrganizationId }>(record: R | null): Within<R> | null =>
    record !== null && reaches(reach, record.organization) ? handedOut(record) : null;
  const narrowed = <F extends FilterWithin<object>>({ organization, ...filter }: F) => ({
    ...filter,
    ...narrowedTo(reach, organization),
  });

  return {
    /** Null: it is out of reach. */
    organization: (id: OrganizationId): Reached<OrganizationId> | null =>
      found({ organization: id })?.organization ?? null,
    connections: {
      add: async (connection: New<Connection>, secrets: Secrets): Promise<Within<Connection>> => {
        await connections.add(connection, secrets);
        return handedOut(connection);
      },
      get: async (id: ConnectionId) => found(await connections.get(id)),
      list: async (filter: FilterWithin<object>, after: string | null, limit: number) =>
        pageOf(await connections.list(narrowed(filter), after, limit)),
      edit: async (id: Reached<ConnectionId>, revision: number, edit: ConnectionEdit, secrets?: SecretChanges) =>
        handedOut(await connections.edit(id, revision, edit, secrets)),
      probed: (id: Reached<ConnectionId>, quarantine: Quarantine): Promise<void> => connections.probed(id, quarantine),
      secrets: (id: Reached<ConnectionId>): Promise<Secrets> => connections.secrets(id),
    },
    targets: {
      add: async (target: New<TargetRecord>, secrets: Secrets): Promise<Within<TargetRecord>> => {
        await targets.add(target, secrets);
        return handedOut(target);
      },
      get: async (id: TargetId) => found(await targets.get(id)),
      of: async (connection: Reached<ConnectionId>) => (await targets.of(connection)).map((one) => handedOut(one)),
      edit: async (id: Reached<TargetId>, revision: number, edit: TargetEdit, secrets?: SecretChanges) =>
        handedOut(await targets.edit(id, revision, edit, secrets)),
      hold: (id: Reached<TargetId>, problem: Problem | null): Promise<void> => targets.hold(id, problem),
      probed: (id: Reached<TargetId>, quarantine: Quarantine): Promise<void> => targets.probed(id, quarantine),
      secrets: (target: Within<TargetRecord>): Promise<Secrets> => targets.secrets(target),
    },
    runs: {
      request: async (run: New<Run>) => {
        const { alreadyQueued, run: queued } = await runs.request(run);
        return { run: handedOut(queued), alreadyQueued };
      },
      get: async (id: RunId) => found(await runs.get(id)),
      list: async (filter: FilterWithin<RunFilter>, after: string | null, limit: number) =>
        pageOf(await runs.list(narrowed(filter), after, limit)),
      cancel: async (id: Reached<RunId>, at: Date) => found(await runs.cancel(id, at)),
    },
    plans: {
      get: async (id: PlanId) => found(await plans.get(id)),
      list: async (filter: FilterWithin<PlanFilter>, after: string | null, limit: number) =>
        pageOf(await plans.list(narrowed(filter), after, limit)),
      decide: async (id: Reached<PlanId>, to: 'approved' | 'rejected', decision: Decision, approvals?: Approvals) =>
        found(await plans.decide(id, to, decision, approvals)),
      /** Those that these runs made. */
      madeBy: (made: readonly Within<ProvisionRun>[]) => plans.written(made.map(planOfRun)),
      /** What a plan holds, and what was put beside it under an id of its own. */
      operations: (
        of: Pick<Within<Plan>, 'target'> & Pick<Plan, 'id'>,
        ...page: Tail<Parameters<PlanStore['operations']>>
      ) => plans.operations(of, ...page),
    },
    webhooks: {
      add: async (webhook: New<Webhook>, secrets: Secrets): Promise<Within<Webhook>> => {
        await webhooks.add(webhook, secrets);
        return handedOut(webhook);
      },
      get: async (id: WebhookId) => found(await webhooks.get(id)),
      list: async (filter: FilterWithin<object>, after: string | null, limit: number) =>
        pageOf(await webhooks.list(narrowed(filter), after, limit)),
      edit: async (id: Reached<WebhookId>, revision: number, edit: WebhookEdit, secrets?: Secrets) =>
        handedOut(await webhooks.edit(id, revision, edit, secrets)),
      secrets: (id: Reached<WebhookId>): Promise<Secrets> => webhooks.secrets(id),
      remove: (id: Reached<WebhookId>): Promise<void> => webhooks.remove(id),
      /** Before it is added: one without a place would never be told. */
      place: ({ id, organization }: New<Webhook>, position: number): Promise<void> =>
        deliveries.start(id, organization, position),
    },
    audit: {
      list: (filter: FilterWithin<AuditFilter>, after: string | null, limit: number): Promise<Page<KeptEntry>> =>
        audit.list(narrowed(filter), after, limit),
      scan: (filter: FilterWithin<AuditFilter>): AsyncIterable<readonly KeptEntry[]> => audit.scan(narrowed(filter)),
    },
  };
};

type Tail<All extends readonly unknown[]> = All extends readonly [unknown, ...infer Rest] ? Rest : never;

const pageOf = <R extends object>({ items, next }: Page<R>): Page<Within<R>> => ({
  items: items.map((one) => handedOut(one)),
  next,
});

/** Of a record within the reach. */
function handedOut<R extends object>(record: R): Within<R>;
function handedOut(record: unknown): unknown {
  return record;
}

/** What is kept of one thing, opened by what that was handed out as. */
type OpenedStores = {
  readonly snapshots: Opened<SnapshotReads, 'head' | 'find' | 'recall' | 'named' | 'page' | 'members' | 'changesPage'>;
  readonly ledger: Opened<Ledger, 'rules' | 'ownersOf' | 'countLinks' | 'escrows' | 'escrowsOf' | 'retry' | 'entries'>;
  readonly discrepancies: Opened<DiscrepancyStore, 'get' | 'page'>;
  readonly deliveries: Opened<DeliveryStore, 'hasten' | 'log' | 'delivery' | 'attempted' | 'remove'>;
  readonly events: Opened<EventStore, 'newest' | 'get'>;
  readonly subscriptions: Opened<SubscriptionStore, 'want' | 'of'>;
  readonly setupLinks: Opened<SetupLinkStore, 'open' | 'find' | 'close'>;
  readonly consents: Opened<ConsentStore, 'open'>;
};

/** The stores themselves, seen through what they are opened by. */
const openedOf = (stores: Stores): OpenedStores => {
  const { snapshots, ledger, discrepancies, deliveries, events, subscriptions, setupLinks, consents } = stores;
  return { snapshots, ledger, discrepancies, deliveries, events, subscriptions, setupLinks, consents };
};

export type StoresOfOperator = ReturnType<typeof storesOfOperator>;

/** What belongs to the installation, and what is asked of all organizations at once. */
export const storesOfOperator = (stores: Stores, _: FullReach) => {
  const { apiKeys, sessions, sealed, installation, connections, setupLinks, calls } = stores;
  return {
    apiKeys,
    sessions,
    sealed,
    installation,
    allConnections: () => connections.all(),
    /** What is proved by the keys of the installation, without what it proves. */
    setupLinkProofs: () => setupLinks.proofs(),
    callProofs: (now: Date) => calls.proofs(now),
  };
};

export type StoresOfHall = ReturnType<typeof storesOfHall>;

/** What is asked before it is known who calls, by what only whoever it is meant for can bring; and what is nobody's, but written down. */
export const storesOfHall = (stores: Stores) => {
  const { calls, consents, setupLinks, subscriptions } = stores;
  const apiKeys: Pick<ApiKeyStore, 'find' | 'used'> = stores.apiKeys;
  const sessions: Pick<SessionStore, 'open' | 'find' | 'seen' | 'close'> = stores.sessions;
  const audit: Pick<AuditLog, 'append'> = stores.audit;
  return {
    apiKeys,
    sessions,
    calls,
    audit,
    consents: {
      take: async (digest: string): Promise<Within<Consent> | null> => {
        const consent = await consents.take(digest);
        return consent && handedOut(consent);
      },
    },
    setupLinks: {
      /** Whoever is to be let in has what this was made the proof of. */
      find: async (id: ConnectionId, has: (kept: KeptLink) => boolean): Promise<Within<SetupLink> | null> => {
        const kept = await setupLinks.find(id);
        return kept !== null && has(kept) ? handedOut(kept.link) : null;
      },
      attempt: (link: SetupLink, tries: Tries): Promise<boolean> => setupLinks.attempt(link, tries),
    },
    subscriptions: {
      /** Whose state is the one that was told Graph: then it is Graph that says something of them. */
      byIds: async (
        ids: readonly string[],
        isTold: (subscription: Subscription) => boolean,
      ): Promise<readonly Within<Subscription>[]> =>
        (await subscriptions.byIds(ids)).filter(isTold).map((one) => handedOut(one)),
      hasten: (subscription: Within<Subscription>, how: 'renew' | 'gone'): Promise<void> =>
        subscriptions.hasten(subscription, how),
    },
  };
};
