/** Asking what another scope would mean, before it is saved. */

import { z } from 'zod';
import { connectionId, runId } from '../../../model/ids.ts';
import { assertMayDo } from '../admission.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { auditedScope } from '../schemas/audit.ts';
import { connectionIdText, runIdText } from '../schemas/common.ts';
import { previewRequestSchema, previewSchema, previewView } from '../schemas/preview.ts';
import { requestedRunSchema } from '../schemas/run.ts';
import { scopeOf } from '../schemas/scope.ts';
import { answerRequested } from './runs.ts';

const tag = 'Previews';

export const previewRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/v1/connections/{connection_id}/scope/preview',
    id: 'requestPreview',
    scope: 'sync',
    tag,
    summary: 'Asks what another scope would create, disable and remove at each target; nothing is saved or written',
    params: z.strictObject({ connection_id: connectionIdText }),
    query: nothing,
    body: previewRequestSchema,
    answer: { status: 202, description: 'The run, at the address in Location.', schema: requestedRunSchema },
    refusals: ['not_found', 'connection_not_active', 'scope_unchanged'],
    handle: async ({ params, body, caller, commands }) => {
      const id = connectionId(params.connection_id);
      const proposed = scopeOf(body.scope);
      // It reads people whom nobody has let in, which takes what saving such a scope takes.
      if (!(await commands.isPreviewWithin(id, proposed))) assertMayDo(caller, 'configure');
      const answer = answerRequested(await commands.requestPreview(id, proposed));
      return { ...answer, audit: { ...answer.audit, after: { proposed_scope: auditedScope(proposed) } } };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/runs/{run_id}/preview',
    id: 'getPreview',
    scope: 'read',
    tag,
    summary: 'Shows what a preview found: by target, what would be done and the plan that says to whom and why',
    params: z.strictObject({ run_id: runIdText }),
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The preview.', schema: previewSchema },
    refusals: ['not_found'],
    handle: async ({ params, commands }) => ({
      status: 200,
      body: previewView(await commands.getPreview(runId(params.run_id))),
    }),
  }),
];
