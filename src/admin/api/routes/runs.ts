/** Asking for runs, and /v1/runs */

import { z } from 'zod';
import { planToMake } from '../../../engine/aim.ts';
import { connectionId, runId, sourceId, targetId } from '../../../model/ids.ts';
import type { Requested } from '../../runs.ts';
import { assertMayDo } from '../admission.ts';
import type { Answer } from '../answer.ts';
import { answerPage, pageOf, paging } from '../paging.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { connectionIdText, runIdText, targetIdText } from '../schemas/common.ts';
import { operationSchema, operationView } from '../schemas/operation.ts';
import {
  provisionRequestSchema,
  requestedRunSchema,
  runDetailSchema,
  runDetailView,
  runKind,
  runSchema,
  runState,
  runView,
  syncRequestSchema,
} from '../schemas/run.ts';

const tag = 'Runs';
const path = '/v1/runs/{run_id}';
const params = z.strictObject({ run_id: runIdText });
const accepted = { status: 202, description: 'The run, at the address in Location.', schema: requestedRunSchema };

export const runRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/v1/connections/{connection_id}/sync',
    id: 'requestSync',
    scope: 'sync',
    stepUp: (body) => body.accept_shrink !== undefined,
    tag,
    summary: 'Asks for a sync run',
    params: z.strictObject({ connection_id: connectionIdText }),
    query: nothing,
    body: syncRequestSchema,
    answer: accepted,
    refusals: ['not_found', 'connection_not_active', 'shrink_not_held', 'shrink_changed'],
    handle: async ({ params, body, caller, commands }) => {
      // What is held waits for somebody who may decide.
      if (body.accept_shrink !== undefined) assertMayDo(caller, 'approve');
      const scope = body.scope ? { group: sourceId(body.scope.group_id), nested: body.scope.nested } : null;
      const acceptShrink = body.accept_shrink === undefined ? null : runId(body.accept_shrink);
      const request = { mode: body.mode, scope, dryRun: body.dry_run, acceptShrink };
      return answerRequested(await commands.requestSync(connectionId(params.connection_id), request));
    },
  }),
  defineRoute({
    method: 'post',
    path: '/v1/targets/{target_id}/provision',
    id: 'requestProvision',
    scope: 'sync',
    tag,
    summary: 'Asks for a provision run',
    params: z.strictObject({ target_id: targetIdText }),
    query: nothing,
    body: provisionRequestSchema,
    answer: accepted,
    refusals: ['not_found', 'target_not_active', 'connection_not_active', 'connection_deleting'],
    handle: async ({ params, body, commands }) => {
      const request = { full: body.full, dryRun: body.dry_run };
      return answerRequested(await commands.requestProvision(targetId(params.target_id), request));
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/runs',
    id: 'listRuns',
    scope: 'read',
    tag,
    summary: 'Lists runs, newest first',
    params: nothing,
    query: z.strictObject({
      connection_id: connectionIdText.optional(),
      target_id: targetIdText.optional(),
      kind: runKind.optional(),
      state: runState.optional(),
      caused_by: runIdText.optional(),
      ...paging,
    }),
    body: nothing,
    answer: { status: 200, description: 'A page of runs.', schema: pageOf(runSchema) },
    refusals: ['not_found'],
    handle: ({ query, commands }) => {
      const { limit: _, cursor: __, ...asked } = query;
      const filter = {
        ...(asked.connection_id === undefined ? {} : { connection: connectionId(asked.connection_id) }),
        ...(asked.target_id === undefined ? {} : { target: targetId(asked.target_id) }),
        ...(asked.kind === undefined ? {} : { kind: asked.kind }),
        ...(asked.state === undefined ? {} : { state: asked.state }),
        ...(asked.caused_by === undefined ? {} : { causedBy: runId(asked.caused_by) }),
      };
      const list = `runs ${JSON.stringify(filter)}`;
      return answerPage(list, query, (after, limit) => commands.listRuns(filter, after, limit), runView);
    },
  }),
  defineRoute({
    method: 'get',
    path,
    id: 'getRun',
    scope: 'read',
    tag,
    summary: 'Shows a run; a sync run with the provision runs it led to, a reconcile run with what it came to',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The run.', schema: runDetailSchema },
    refusals: ['not_found'],
    handle: async ({ params, commands }) => {
      return { status: 200, body: runDetailView(await commands.getRun(runId(params.run_id))) };
    },
  }),
  defineRoute({
    method: 'post',
    path: `${path}/cancel`,
    id: 'cancelRun',
    scope: 'sync',
    tag,
    summary: 'Ends a run that waits, and asks one that is under way to stop at the next safe place',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 202, description: 'The run as it is now.', schema: runSchema },
    refusals: ['not_found', 'run_ended'],
    handle: async ({ params, commands }) => ({
      status: 202,
      body: runView(await commands.cancelRun(runId(params.run_id))),
    }),
  }),
  defineRoute({
    method: 'get',
    path: `${path}/operations`,
    id: 'listOperations',
    scope: 'read',
    tag,
    summary: 'Lists what a provision run did, oldest first; what one would do stands in its plan',
    params,
    query: z.strictObject(paging),
    body: nothing,
    answer: { status: 200, description: 'A page of operations.', schema: pageOf(operationSchema) },
    refusals: ['not_found', 'not_a_provision_run'],
    handle: ({ params, query, commands }) =>
      answerPage(
        `operations ${params.run_id}`,
        query,
        (after, limit) => commands.listOperations(runId(params.run_id), after, limit),
        operationView,
      ),
  }),
];

export const answerRequested = ({ run, alreadyQueued }: Requested): Answer => ({
  status: 202,
  body: { ...runView({ run, madePlan: planToMake(run) }), already_queued: alreadyQueued },
  headers: { Location: `/v1/runs/${run.id}` },
  audit: { subjects: { run_id: run.id } },
});
