/** /v1/targets/{target_id}/escrows */

import { z } from 'zod';
import { targetId } from '../../../model/ids.ts';
import { answerPage, pageOf, paging } from '../paging.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { guid, targetIdText } from '../schemas/common.ts';
import { escrowSchema, escrowState, escrowView, retriedSchema, retrySchema } from '../schemas/escrow.ts';

const tag = 'Targets';
const path = '/v1/targets/{target_id}/escrows';
const params = z.strictObject({ target_id: targetIdText });

export const escrowRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path,
    id: 'listEscrows',
    scope: 'read',
    tag,
    summary: 'Lists the objects that could not be written, and why',
    params,
    query: z.strictObject({ state: escrowState.optional(), ...paging }),
    body: nothing,
    answer: { status: 200, description: 'A page of escrows.', schema: pageOf(escrowSchema) },
    refusals: ['not_found'],
    handle: ({ params, query, commands }) =>
      answerPage(
        `escrows ${params.target_id} ${query.state ?? ''}`,
        query,
        (after, limit) => commands.listEscrows(targetId(params.target_id), query.state ?? null, after, limit),
        escrowView,
      ),
  }),
  defineRoute({
    method: 'post',
    path: `${path}/retry`,
    id: 'retryEscrows',
    scope: 'sync',
    tag,
    summary: 'Tries everything in escrow again, or everything that is there for one reason',
    params,
    query: nothing,
    body: retrySchema,
    answer: { status: 202, description: 'How many objects are tried.', schema: retriedSchema },
    refusals: ['not_found', 'target_not_active', 'connection_not_active'],
    handle: async ({ params, body, commands }) => ({
      status: 202,
      body: { retried: await commands.retryEscrows(targetId(params.target_id), body.reason ?? null) },
    }),
  }),
  defineRoute({
    method: 'post',
    path: `${path}/{object_id}/retry`,
    id: 'retryEscrow',
    scope: 'sync',
    tag,
    summary: 'Tries one object again, also one that was given up',
    params: z.strictObject({ target_id: targetIdText, object_id: guid }),
    query: nothing,
    body: nothing,
    answer: { status: 202, description: 'The escrow, due now.', schema: escrowSchema },
    refusals: ['not_found', 'target_not_active', 'connection_not_active'],
    handle: async ({ params, commands }) => ({
      status: 202,
      body: escrowView(await commands.retryEscrow(targetId(params.target_id), params.object_id)),
    }),
  }),
];
