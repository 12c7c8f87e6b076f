/** Webhooks as the API shows them. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { mayDo } from '../../../core/access.ts';
import type { Caller } from '../../../model/api-key.ts';
import { eventTypes } from '../../../model/event.ts';
import type { Attempt, Delivery, Webhook } from '../../../model/webhook.ts';
import type { WithSecret } from '../../webhooks.ts';
import { faultSchema, faultView, organizationIdText, plainText, time, timeOf, timeOrNull } from './common.ts';

export const webhookIdText = z
  .string()
  .regex(/^whk_[0-9a-f]{32}$/, 'must be the id of a webhook: whk_ and 32 hexadecimal digits');
export const eventIdText = z
  .string()
  .regex(/^evt_[0-9a-f]{32}$/, 'must be the id of an event: evt_ and 32 hexadecimal digits');

const url = z
  .url({ protocol: /^https?$/, error: 'must be an https:// URL', abort: true })
  .max(2_000)
  .refine((text) => (URL.parse(text)?.hash ?? '#') === '', 'must hold no fragment')
  .meta({ description: 'Called by POST. Public and https:// alone, unless the operator lists another.' });
const events = z
  .array(z.enum(eventTypes))
  .min(1)
  .max(eventTypes.length)
  .nullable()
  .meta({ description: 'What it is told of; null: everything.' });
const description = plainText(500).nullable();

export const newWebhookSchema = z
  .strictObject({
    organization_id: organizationIdText,
    url,
    description: description.default(null),
    events: events.default(null),
  })
  .meta({ id: 'NewWebhook' });
export const webhookChangesSchema = z
  .strictObject({
    url: url.optional(),
    description: description.optional(),
    events: events.optional(),
    state: z
      .enum(['active', 'paused'])
      .optional()
      .meta({ description: '`active` lets one that was paused or disabled go on, with what happened since.' }),
  })
  .meta({ id: 'WebhookChanges' });

export const webhookSchema = z
  .strictObject({
    id: webhookIdText,
    organization_id: z.string(),
    url: z.string().meta({
      description:
        'Receivers have keys in path and query: whoever may not `configure` is shown scheme and host, and a digest in place of the rest.',
    }),
    description: z.string().nullable(),
    events,
    state: z.enum(['active', 'paused', 'disabled']),
    problem: faultSchema.nullable().meta({ description: 'Why it is disabled.' }),
    old_secret_until: time.nullable().meta({ description: 'Until then the secret before signs as well.' }),
    created_at: time,
    updated_at: time,
    revision: z.int().meta({ description: 'Counts the edits; also the ETag.' }),
  })
  .meta({ id: 'Webhook' });
export const webhookWithSecretSchema = webhookSchema
  .extend({ secret: z.string().meta({ description: 'What messages are signed with. It is shown this once.' }) })
  .meta({ id: 'WebhookWithSecret' });

export const webhookView = (webhook: Webhook): z.input<typeof webhookSchema> => ({
  id: webhook.id,
  organization_id: webhook.organization,
  url: webhook.url,
  description: webhook.description,
  events: webhook.events && [...webhook.events],
  state: webhook.state,
  problem: faultView(webhook.problem),
  old_secret_until: timeOrNull(webhook.oldSecretUntil),
  created_at: timeOf(webhook.createdAt),
  updated_at: timeOf(webhook.updatedAt),
  revision: webhook.revision,
});
/** The same for whoever asks. */
export const webhookViewFor = (caller: Caller, webhook: Webhook): z.input<typeof webhookSchema> => ({
  ...webhookView(webhook),
  url: mayDo(caller, 'configure') ? webhook.url : withheldUrl(webhook.url),
});

/**
 * Receivers have a key of theirs in the path (as Slack and Zapier do) or in the query (`sig`, `code`). Eight characters of a digest show that it became
 * another, and do not tell what it is.
 */
export const withheldUrl = (text: string): string => {
  const { origin, username, password, pathname, search, hash } = new URL(text);
  const hidden = [username, password, pathname, search, hash].join('');
  if (hidden === '/') return `${origin}/`;
  return `${origin}/sha256:${createHash('sha256').update(hidden).digest('hex').slice(0, 8)}`;
};
export const webhookWithSecretView = ({ webhook, secret }: WithSecret): z.input<typeof webhookWithSecretSchema> => ({
  ...webhookView(webhook),
  secret,
});

export const attemptSchema = z
  .strictObject({
    at: time,
    ms: z.int(),
    status: z.int().nullable().meta({ description: 'What was answered; null: nothing was.' }),
    detail: z.string().nullable().meta({ description: 'Why it is no success; null: it is one.' }),
  })
  .meta({ id: 'WebhookAttempt' });
export const attemptView = ({ at, ms, status, detail }: Attempt): z.input<typeof attemptSchema> => ({
  at: timeOf(at),
  ms,
  status,
  detail,
});

export const deliverySchema = z
  .strictObject({
    event_id: eventIdText,
    sequence: z.int().meta({ description: 'The place of the event among those of the organization.' }),
    type: z.enum(eventTypes),
    state: z.enum(['delivered', 'waiting', 'failed']).meta({
      description:
        '`waiting`: it is tried again. `failed`: the receiver refuses this message, and the next one was taken.',
    }),
    attempts: z.array(attemptSchema).meta({ description: 'Oldest first; the latest of them.' }),
  })
  .meta({ id: 'WebhookDelivery' });
export const deliveryView = ({ event, sequence, type, state, attempts }: Delivery): z.input<typeof deliverySchema> => ({
  event_id: event,
  sequence,
  type,
  state,
  attempts: attempts.map(attemptView),
});
