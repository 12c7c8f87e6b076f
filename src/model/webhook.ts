/** Our record of one address that is told what happens in an organization, and of what became of each message. */

import type { Problem } from './connection.ts';
import type { EventType } from './event.ts';
import type { EventId, OrganizationId, WebhookId } from './ids.ts';

/** `disabled`: it did not answer for days, or said that it is gone; `problem` says which. A person lets it go on. */
export type WebhookState = 'active' | 'paused' | 'disabled';

export type Webhook = {
  readonly id: WebhookId;
  readonly organization: OrganizationId;
  readonly url: string;
  readonly description: string | null;
  /** Null: everything. */
  readonly events: readonly EventType[] | null;
  readonly state: WebhookState;
  readonly problem: Problem | null;
  /** Until then the secret before the one there is now signs as well; null: there is no other. */
  readonly oldSecretUntil: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly revision: number;
};

/** `status` null: there was no answer. `detail`: why it is no success. */
export type Attempt = {
  readonly at: Date;
  readonly ms: number;
  readonly status: number | null;
  readonly detail: string | null;
};

/** `waiting`: it is tried again. `failed`: the receiver refuses this message, or it was given up. */
export type DeliveryState = 'delivered' | 'waiting' | 'failed';
export type Delivery = {
  readonly webhook: WebhookId;
  readonly event: EventId;
  readonly sequence: number;
  readonly type: EventType;
  readonly state: DeliveryState;
  /** Oldest first; the latest of them. */
  readonly attempts: readonly Attempt[];
};

/** So many attempts are kept of one message. */
export const mostAttemptsKept = 20;

/** From its list of events: does it want to be told of this? */
export const wants = ({ events }: Pick<Webhook, 'events'>, type: EventType): boolean =>
  events === null || events.includes(type);
