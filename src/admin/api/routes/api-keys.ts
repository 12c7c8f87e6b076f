/** /v1/api-keys */

import { z } from 'zod';
import { approverOf, makersOf } from '../../../core/approvals.ts';
import { apiKeyId, organizationId } from '../../../model/ids.ts';
import { operatorIn } from '../admission.ts';
import { answerPage, pageOf, paging } from '../paging.ts';
import { nothing } from '../request.ts';
import { always, defineRoute, type Route } from '../route.ts';
import { apiKeyIdText, apiKeySchema, apiKeyView, madeApiKeySchema, newApiKeySchema } from '../schemas/api-key.ts';
import { auditedApiKey } from '../schemas/audit.ts';

const tag = 'API keys';
const path = '/v1/api-keys';

export const apiKeyRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path,
    id: 'createApiKey',
    scope: 'admin',
    stepUp: always,
    tag,
    summary: 'Makes an API key; the answer is the only place that ever shows it',
    params: nothing,
    query: nothing,
    body: newApiKeySchema,
    answer: { status: 201, description: 'The key, this once, and its record.', schema: madeApiKeySchema },
    refusals: ['too_many_api_keys'],
    handle: async ({ body, ...call }) => {
      const { record, key } = await operatorIn(call).createApiKey({
        name: body.name,
        scopes: body.scopes,
        organizations: body.organization_ids?.map(organizationId) ?? null,
        expiresAt: body.expires_at === undefined ? null : new Date(body.expires_at),
        createdBy: call.caller.name,
        makers: makersOf(approverOf(call.caller)),
      });
      return {
        status: 201,
        body: { ...apiKeyView(record), key },
        audit: { subjects: { api_key_id: record.id }, after: auditedApiKey(record) },
      };
    },
  }),
  defineRoute({
    method: 'get',
    path,
    id: 'listApiKeys',
    scope: 'admin',
    tag,
    summary: 'Lists API keys, newest first, also those that are over; those of the configuration are not among them',
    params: nothing,
    query: z.strictObject(paging),
    body: nothing,
    answer: { status: 200, description: 'A page of keys.', schema: pageOf(apiKeySchema) },
    refusals: [],
    handle: ({ query, ...call }) =>
      answerPage('api keys', query, (after, limit) => operatorIn(call).listApiKeys(after, limit), apiKeyView),
  }),
  defineRoute({
    method: 'delete',
    path: `${path}/{api_key_id}`,
    id: 'revokeApiKey',
    scope: 'admin',
    stepUp: always,
    tag,
    summary: 'Ends an API key at once and for good',
    params: z.strictObject({ api_key_id: apiKeyIdText }),
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The key as it is now.', schema: apiKeySchema },
    refusals: ['not_found'],
    handle: async ({ params, ...call }) => {
      const record = await operatorIn(call).revokeApiKey(apiKeyId(params.api_key_id));
      return { status: 200, body: apiKeyView(record), audit: { before: auditedApiKey(record) } };
    },
  }),
];
