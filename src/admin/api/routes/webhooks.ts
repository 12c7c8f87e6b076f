/** /v1/webhooks */

import { z } from 'zod';
import { eventId, organizationId, webhookId } from '../../../model/ids.ts';
import { answerPage, counted, pageOf, paging } from '../paging.ts';
import { nothing } from '../request.ts';
import { always, defineRoute, etagOf, type Route } from '../route.ts';
import { auditedWebhook } from '../schemas/audit.ts';
import { organizationIdText } from '../schemas/common.ts';
import {
  attemptSchema,
  attemptView,
  deliverySchema,
  deliveryView,
  eventIdText,
  newWebhookSchema,
  webhookChangesSchema,
  webhookIdText,
  webhookSchema,
  webhookView,
  webhookViewFor,
  webhookWithSecretSchema,
  webhookWithSecretView,
} from '../schemas/webhook.ts';

const tag = 'Webhooks';
const path = '/v1/webhooks/{webhook_id}';
const params = z.strictObject({ webhook_id: webhookIdText });

export const webhookRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/v1/webhooks',
    id: 'addWebhook',
    scope: 'configure',
    stepUp: always,
    tag,
    summary: 'Has an address told what happens in an organization; the answer is the only place that shows the secret',
    params: nothing,
    query: nothing,
    body: newWebhookSchema,
    answer: { status: 201, description: 'The webhook, and its secret, this once.', schema: webhookWithSecretSchema },
    refusals: ['too_many_webhooks'],
    handle: async ({ body: { organization_id, ...fields }, commands }) => {
      const made = await commands.addWebhook({ ...fields, organization: organizationId(organization_id) });
      const headers = { Location: `/v1/webhooks/${made.webhook.id}`, ETag: etagOf(made.webhook) };
      const audit = { subjects: { webhook_id: made.webhook.id }, after: auditedWebhook(made.webhook) };
      return { status: 201, body: webhookWithSecretView(made), headers, audit };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/webhooks',
    id: 'listWebhooks',
    scope: 'read',
    tag,
    summary: 'Lists webhooks',
    params: nothing,
    query: z.strictObject({ organization_id: organizationIdText.optional(), ...paging }),
    body: nothing,
    answer: { status: 200, description: 'A page of webhooks.', schema: pageOf(webhookSchema) },
    refusals: [],
    handle: ({ query, caller, commands }) => {
      const of = query.organization_id;
      const filter = of === undefined ? {} : { organization: organizationId(of) };
      return answerPage(
        `webhooks ${of ?? ''}`,
        query,
        (after, limit) => commands.listWebhooks(filter, after, limit),
        (webhook) => webhookViewFor(caller, webhook),
      );
    },
  }),
  defineRoute({
    method: 'get',
    path,
    id: 'getWebhook',
    scope: 'read',
    tag,
    summary: 'Shows a webhook',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The webhook.', schema: webhookSchema },
    refusals: ['not_found'],
    handle: async ({ params, caller, commands }) => {
      const webhook = await commands.getWebhook(webhookId(params.webhook_id));
      return { status: 200, body: webhookViewFor(caller, webhook), headers: { ETag: etagOf(webhook) } };
    },
  }),
  defineRoute({
    method: 'patch',
    path,
    id: 'editWebhook',
    scope: 'configure',
    stepUp: (body) => body.url !== undefined,
    tag,
    summary: 'Edits a webhook, pauses it or lets it go on; with If-Match, only when nobody edited it meanwhile',
    params,
    query: nothing,
    body: webhookChangesSchema,
    ifMatch: 'revision',
    answer: { status: 200, description: 'The webhook as it is now.', schema: webhookSchema },
    refusals: ['not_found', 'stale_revision'],
    handle: async ({ params, body, revision, commands }) => {
      const id = webhookId(params.webhook_id);
      const before = auditedWebhook(await commands.getWebhook(id));
      const webhook = await commands.editWebhook(id, body, revision);
      const audit = { before, after: auditedWebhook(webhook) };
      return { status: 200, body: webhookView(webhook), headers: { ETag: etagOf(webhook) }, audit };
    },
  }),
  defineRoute({
    method: 'delete',
    path,
    id: 'removeWebhook',
    scope: 'configure',
    stepUp: always,
    tag,
    summary: 'Removes a webhook with the log of its deliveries; nothing more is sent to it',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The webhook that was removed.', schema: webhookSchema },
    refusals: ['not_found'],
    handle: async ({ params, commands }) => {
      const webhook = await commands.removeWebhook(webhookId(params.webhook_id));
      return { status: 200, body: webhookView(webhook), audit: { before: auditedWebhook(webhook) } };
    },
  }),
  defineRoute({
    method: 'post',
    path: `${path}/secret`,
    id: 'rotateWebhookSecret',
    scope: 'configure',
    stepUp: always,
    tag,
    summary: 'Makes another secret, shown this once; for a day the one before signs as well',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The webhook, and its new secret.', schema: webhookWithSecretSchema },
    refusals: ['not_found'],
    handle: async ({ params, commands }) => ({
      status: 200,
      body: webhookWithSecretView(await commands.rotateWebhookSecret(webhookId(params.webhook_id))),
    }),
  }),
  defineRoute({
    method: 'post',
    path: `${path}/test`,
    id: 'testWebhook',
    scope: 'configure',
    tag,
    summary: 'Sends a message of the type webhook.test, and answers what came of it',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The attempt.', schema: attemptSchema },
    refusals: ['not_found'],
    handle: async ({ params, commands }) => ({
      status: 200,
      body: attemptView(await commands.testWebhook(webhookId(params.webhook_id))),
    }),
  }),
  defineRoute({
    method: 'get',
    path: `${path}/deliveries`,
    id: 'listWebhookDeliveries',
    scope: 'read',
    tag,
    summary: 'Lists what became of each message, newest first',
    params,
    query: z.strictObject(paging),
    body: nothing,
    answer: { status: 200, description: 'A page of deliveries.', schema: pageOf(deliverySchema) },
    refusals: ['not_found'],
    handle: ({ params, query, commands }) =>
      answerPage(
        `deliveries ${params.webhook_id}`,
        query,
        (after, limit) => commands.listDeliveries(webhookId(params.webhook_id), after, limit),
        deliveryView,
        counted,
      ),
  }),
  defineRoute({
    method: 'post',
    path: `${path}/deliveries/{event_id}/resend`,
    id: 'resendWebhookDelivery',
    scope: 'configure',
    tag,
    summary: 'Sends a message once more, with the id it had, and answers what came of it',
    params: z.strictObject({ webhook_id: webhookIdText, event_id: eventIdText }),
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The attempt.', schema: attemptSchema },
    refusals: ['not_found'],
    handle: async ({ params, commands }) => ({
      status: 200,
      body: attemptView(await commands.resendDelivery(webhookId(params.webhook_id), eventId(params.event_id))),
    }),
  }),
];
