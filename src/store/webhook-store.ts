/** The ports of webhooks: the addresses with their secrets, and how far each was told. */

import type { OrganizationId, WebhookId } from '../model/ids.ts';
import type { Attempt, Delivery, Webhook } from '../model/webhook.ts';
import type { OfOrganizations, Secrets } from './connection-store.ts';
import type { Page } from './snapshot-store.ts';

export type WebhookEdit = Partial<
  Pick<Webhook, 'url' | 'description' | 'events' | 'state' | 'problem' | 'oldSecretUntil'>
>;

export interface WebhookStore {
  add(webhook: Webhook, secrets: Secrets): Promise<void>;
  get(id: WebhookId): Promise<Webhook | null>;
  /** In id order, `after` an id. */
  list(filter: OfOrganizations, after: string | null, limit: number): Promise<Page<Webhook>>;
  /** Edits the record and its secrets (given fields replace stored ones) when it is still at this revision. Throws `StaleRevision`. */
  edit(id: WebhookId, revision: number, edit: WebhookEdit, secrets?: Secrets): Promise<Webhook>;
  secrets(id: WebhookId): Promise<Secrets>;
  remove(id: WebhookId): Promise<void>;
}

/** The right to tell one address for a while. Whoever takes it after us has a greater fence, and what we still write is refused. */
export type DeliveryTurn = {
  readonly webhook: WebhookId;
  readonly organization: OrganizationId;
  readonly fence: number;
  /** The place of the last event that is done with. */
  readonly position: number;
  /** How many attempts at the next one failed. */
  readonly failures: number;
  /** How often its organization was woken up; what came since is not lost when it is found to have nothing left. */
  readonly wakes: number;
};

/** Where it goes on: past the event, or at the same one, not before then. */
export type Progress = { readonly kind: 'past' } | { readonly kind: 'again'; readonly notBefore: Date };

/** One attempt at an event, and what it came to. */
export type Told = Omit<Delivery, 'webhook' | 'attempts'> & { readonly attempt: Attempt };

export interface DeliveryStore {
  /** From now on it is told what comes after this place. */
  start(webhook: WebhookId, organization: OrganizationId, position: number): Promise<void>;
  /** Something came for these organizations. */
  wake(organizations: readonly OrganizationId[]): Promise<void>;
  /** It goes on at once, with the first attempt at the next event. */
  hasten(webhook: WebhookId): Promise<void>;
  /** Of those that are due and that nobody is at work on, the one that has waited longest. */
  take(owner: string, ttlMs: number): Promise<DeliveryTurn | null>;
  /** Notes what became of an event, and then where it goes on; `again` lets go. Throws `StaleFence`. */
  settle(turn: DeliveryTurn, told: Told, progress: Progress, ttlMs: number): Promise<DeliveryTurn>;
  /** Moves past events that it does not want. Throws `StaleFence`. */
  skip(turn: DeliveryTurn, position: number): Promise<DeliveryTurn>;
  /**
   * Lets go. `drained`: nothing is left to be told, unless something came meanwhile. `restMs`: it is nobody's turn for so long. Harmless when it is not
   * ours any more.
   */
  release(turn: DeliveryTurn, drained: boolean, restMs?: number): Promise<void>;
  /** Of one address, newest first. */
  log(webhook: WebhookId, after: string | null, limit: number): Promise<Page<Delivery>>;
  delivery(webhook: WebhookId, sequence: number): Promise<Delivery | null>;
  /** Somebody asked for another attempt; one that arrived makes it delivered. */
  attempted(webhook: WebhookId, sequence: number, attempt: Attempt, arrived: boolean): Promise<void>;
  prune(before: Date): Promise<void>;
  remove(webhook: WebhookId): Promise<void>;
}
