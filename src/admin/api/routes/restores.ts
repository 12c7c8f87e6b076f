/** /v1/restores */

import { operatorIn } from '../admission.ts';
import { nothing } from '../request.ts';
import { always, defineRoute, type Route } from '../route.ts';
import { newRestoreSchema, restoreSchema, restoresSchema, restoreView } from '../schemas/restore.ts';

const tag = 'Restores';
const path = '/v1/restores';

export const restoreRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path,
    id: 'declareRestore',
    scope: 'admin',
    stepUp: always,
    tag,
    summary:
      'Says that the database was put back from a backup: everybody is read anew, and each target waits for a look',
    params: nothing,
    query: nothing,
    body: newRestoreSchema,
    answer: { status: 201, description: 'The restore, as it is kept.', schema: restoreSchema },
    refusals: [],
    handle: async ({ body, ...call }) => {
      const restore = await operatorIn(call).declareRestore({ by: call.caller.name, reason: body.reason });
      return { status: 201, body: restoreView(restore), audit: { after: { epoch: restore.epoch } } };
    },
  }),
  defineRoute({
    method: 'get',
    path,
    id: 'listRestores',
    scope: 'read',
    tag,
    summary: 'Lists the last twenty restores of the database, the newest first',
    params: nothing,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The restores.', schema: restoresSchema },
    refusals: [],
    handle: async (call) => ({ status: 200, body: { data: (await operatorIn(call).listRestores()).map(restoreView) } }),
  }),
];
