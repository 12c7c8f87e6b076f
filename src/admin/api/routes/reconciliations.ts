/** Comparing a target with our links, and what was found */

import { z } from 'zod';
import { runId, targetId } from '../../../model/ids.ts';
import { answerPage, pageOf, paging } from '../paging.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { runIdText, targetIdText } from '../schemas/common.ts';
import { discrepancyKind, discrepancySchema, discrepancyView } from '../schemas/reconciliation.ts';
import { requestedRunSchema } from '../schemas/run.ts';
import { answerRequested } from './runs.ts';

const tag = 'Reconciliation';
const params = z.strictObject({ run_id: runIdText });
const accepted = { status: 202, description: 'The run, at the address in Location.', schema: requestedRunSchema };

export const reconciliationRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/v1/targets/{target_id}/reconcile',
    id: 'requestReconcile',
    scope: 'sync',
    tag,
    summary: 'Asks for a reconcile run: compares our links with what the target really holds, and writes nothing to it',
    params: z.strictObject({ target_id: targetIdText }),
    query: nothing,
    body: nothing,
    answer: accepted,
    refusals: ['not_found', 'target_not_active', 'database_restored', 'target_unproved'],
    handle: async ({ params, commands }) =>
      answerRequested(await commands.requestReconcile(targetId(params.target_id))),
  }),
  defineRoute({
    method: 'get',
    path: '/v1/runs/{run_id}/discrepancies',
    id: 'listDiscrepancies',
    scope: 'read',
    tag,
    summary: 'Lists what a reconcile run found: drift, missing accounts, orphans, duplicates, members',
    params,
    query: z.strictObject({ kind: discrepancyKind.optional(), ...paging }),
    body: nothing,
    answer: { status: 200, description: 'A page of discrepancies.', schema: pageOf(discrepancySchema) },
    refusals: ['not_found', 'not_a_reconcile_run'],
    handle: ({ params, query, commands }) => {
      const filter = query.kind === undefined ? {} : { kind: query.kind };
      return answerPage(
        `discrepancies ${params.run_id} ${JSON.stringify(filter)}`,
        query,
        (after, limit) => commands.listDiscrepancies(runId(params.run_id), filter, after, limit),
        discrepancyView,
      );
    },
  }),
  defineRoute({
    method: 'post',
    path: '/v1/runs/{run_id}/repair',
    id: 'requestRepair',
    scope: 'approve',
    tag,
    summary: 'Asks for a plan that puts right what a reconcile run found; nothing of it is done before it is approved',
    params,
    query: nothing,
    body: nothing,
    answer: { ...accepted, description: 'The run that makes the plan, at the address in Location.' },
    refusals: [
      'not_found',
      'not_a_reconcile_run',
      'run_not_ended',
      'run_without_result',
      'nothing_to_repair',
      'target_not_active',
      'connection_not_active',
      'database_restored',
      'target_unproved',
    ],
    handle: async ({ params, commands }) => answerRequested(await commands.requestRepair(runId(params.run_id))),
  }),
];
