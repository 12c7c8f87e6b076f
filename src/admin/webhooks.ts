/** Commands on webhooks: the addresses of a product that are told what happens in an organization. */

import { randomBytes } from 'node:crypto';
import { messageOf, testMessage } from '../core/webhook-message.ts';
import { outletOf, type Sending, sendMessage } from '../engine/send-message.ts';
import type { EventType } from '../model/event.ts';
import { type EventId, type OrganizationId, type WebhookId, webhookId } from '../model/ids.ts';
import { secret as hidden } from '../model/secret.ts';
import type { JsonObject } from '../model/target-record.ts';
import type { Attempt, Delivery, Webhook } from '../model/webhook.ts';
import { newId } from '../store/ids.ts';
import { openable } from '../store/sealed-secrets.ts';
import type { Page } from '../store/snapshot-store.ts';
import { refuseAbove } from './ceilings.ts';
import type { Within } from './reached.ts';
import { found, invalid } from './refused.ts';
import { editing, type Room, stale } from './room.ts';
import type { New } from './stores-within.ts';

export type WebhookFields = {
  readonly url: string;
  readonly description: string | null;
  /** Null: everything. */
  readonly events: readonly EventType[] | null;
};
export type NewWebhook = WebhookFields & { readonly organization: OrganizationId };
export type WebhookChanges = { readonly [Name in keyof WebhookFields]?: WebhookFields[Name] | undefined } & {
  readonly state?: 'active' | 'paused' | undefined;
};
/** `secret`: shown this once. */
export type WithSecret = { readonly webhook: Webhook; readonly secret: string };

/** How long the secret before signs as well, unless the receiver says that it changed over. */
const oldSecretMs = 86_400_000;
const attemptTimeoutMs = 20_000;

export const webhookCommands = (room: Room) => {
  const { webhooks, deliveries, events } = room.stores;
  const get = async (id: WebhookId): Promise<Within<Webhook>> => found(await webhooks.get(id), 'webhook');
  const { log } = room.world;

  const attempt = async (webhook: Within<Webhook>, id: string, content: JsonObject): Promise<Attempt> => {
    const sending: Sending = room;
    const outlet = outletOf(sending, webhook);
    try {
      const receiver = { webhook, secrets: await webhooks.secrets(webhook.id) };
      const signal = AbortSignal.timeout(attemptTimeoutMs);
      return (await sendMessage(sending, outlet, receiver, { id, content }, signal)).attempt;
    } finally {
      await outlet.close();
    }
  };

  return {
    async addWebhook({ organization: named, ...fields }: NewWebhook): Promise<WithSecret> {
      const organization = found(room.stores.organization(named), 'organization');
      refuseUncallable(room, fields.url);
      const { items } = await webhooks.list({ organization }, null, room.config.ceilings.webhooks);
      refuseAbove(room, 'webhooks', items.length);
      await room.engine.beginTelling(organization);
      const now = room.world.now();
      const webhook: New<Webhook> = {
        ...fields,
        id: webhookId(newId('whk')),
        organization,
        state: 'active',
        problem: null,
        oldSecretUntil: null,
        createdAt: now,
        updatedAt: now,
        revision: 1,
      };
      const secret = newSecret();
      await webhooks.place(webhook, await events.newest(organization));
      const added = await webhooks.add(webhook, { secret: hidden(secret) });
      log.info('webhook.added', factsOf(added));
      return { webhook: added, secret };
    },

    getWebhook: get,

    listWebhooks(
      filter: { readonly organization?: OrganizationId },
      after: string | null,
      limit: number,
    ): Promise<Page<Webhook>> {
      return webhooks.list(filter, after, limit);
    },

    /** `state: 'active'` lets one go on that was paused or disabled: with what happened since, as far as it is kept. */
    async editWebhook(id: WebhookId, changes: WebhookChanges, revision: number | null = null): Promise<Webhook> {
      if (changes.url !== undefined) refuseUncallable(room, changes.url);
      const { state, url, description, events: wanted } = changes;
      const edited = await editing(revision, async (expected) => {
        const before = await get(id);
        if (expected !== null && expected !== before.revision) throw stale();
        return await webhooks.edit(before.id, before.revision, {
          ...(url === undefined ? {} : { url }),
          ...(description === undefined ? {} : { description }),
          ...(wanted === undefined ? {} : { events: wanted }),
          ...(state === undefined ? {} : { state, problem: null }),
        });
      });
      if (state === 'active') await deliveries.hasten(edited.id);
      log.info('webhook.edited', factsOf(edited));
      return edited;
    },

    /** Makes another secret; the one before signs as well for a day, if it can be opened. */
    async rotateWebhookSecret(id: WebhookId): Promise<WithSecret> {
      const secret = newSecret();
      const webhook = await editing(null, async () => {
        const before = await get(id);
        const old = await openable(() => webhooks.secrets(before.id));
        const oldSecretUntil = old === null ? null : new Date(room.world.now().getTime() + oldSecretMs);
        return await webhooks.edit(
          before.id,
          before.revision,
          { oldSecretUntil },
          { secret: hidden(secret), old_secret: old?.['secret'] ?? hidden('') },
        );
      });
      log.info('webhook.edited', factsOf(webhook));
      return { webhook, secret };
    },

    async removeWebhook(id: WebhookId): Promise<Webhook> {
      const webhook = await get(id);
      await webhooks.remove(webhook.id);
      await deliveries.remove(webhook.id);
      log.info('webhook.removed', factsOf(webhook));
      return webhook;
    },

    /** Sends a message that nothing happened for, and says what came of it. */
    async testWebhook(id: WebhookId): Promise<Attempt> {
      const webhook = await get(id);
      return await attempt(webhook, newId('evt'), testMessage(webhook.organization, room.world.now()));
    },

    async listDeliveries(id: WebhookId, after: string | null, limit: number): Promise<Page<Delivery>> {
      return deliveries.log((await get(id)).id, after, limit);
    },

    /** Sends a message once more, with the id it had, whatever became of it. */
    async resendDelivery(id: WebhookId, event: EventId): Promise<Attempt> {
      const webhook = await get(id);
      const recorded = found(await events.get(webhook.organization, event), 'event');
      found(await deliveries.delivery(webhook.id, recorded.sequence), 'delivery');
      const made = await attempt(webhook, recorded.id, messageOf(recorded));
      const arrived = made.status !== null && made.status >= 200 && made.status < 300;
      await deliveries.attempted(webhook.id, recorded.sequence, made, arrived);
      return made;
    },
  };
};

const factsOf = ({ id, state, revision }: Webhook) => ({ webhook: id, state, revision });

/** 32 random bytes, as the specification wants them: between 24 and 64. */
const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

const refuseUncallable = ({ egress }: Room, url: string): void => {
  const detail = egress.refusalOf(new URL(url));
  if (detail !== null) throw invalid({ pointer: '/url', detail });
};
