/** Taking back what a provision run did */

import { z } from 'zod';
import { planId, runId } from '../../../model/ids.ts';
import { answerPage, pageOf, paging } from '../paging.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { planIdText, runIdText } from '../schemas/common.ts';
import { leftOutSchema, leftOutView } from '../schemas/plan.ts';
import { requestedRunSchema } from '../schemas/run.ts';
import { answerRequested } from './runs.ts';

const tag = 'Undo';

export const undoRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/v1/runs/{run_id}/undo',
    id: 'requestUndo',
    scope: 'approve',
    tag,
    summary:
      'Asks for a plan that brings the target back to before a provision run; nothing of it is done before it is approved',
    params: z.strictObject({ run_id: runIdText }),
    query: nothing,
    body: nothing,
    answer: {
      status: 202,
      description: 'The run that makes the plan, at the address in Location.',
      schema: requestedRunSchema,
    },
    refusals: [
      'not_found',
      'not_a_provision_run',
      'run_not_ended',
      'nothing_to_undo',
      'undo_too_late',
      'database_restored',
      'target_unproved',
      'target_not_active',
    ],
    handle: async ({ params, commands }) => answerRequested(await commands.requestUndo(runId(params.run_id))),
  }),
  defineRoute({
    method: 'get',
    path: '/v1/plans/{plan_id}/left_out',
    id: 'listLeftOut',
    scope: 'read',
    tag,
    summary: 'Lists what the plan of an undo does not take back, and why',
    params: z.strictObject({ plan_id: planIdText }),
    query: z.strictObject(paging),
    body: nothing,
    answer: { status: 200, description: 'A page of operations of the run.', schema: pageOf(leftOutSchema) },
    refusals: ['not_found'],
    handle: ({ params, query, commands }) =>
      answerPage(
        `left out ${params.plan_id}`,
        query,
        (after, limit) => commands.listLeftOut(planId(params.plan_id), after, limit),
        leftOutView,
      ),
  }),
];
