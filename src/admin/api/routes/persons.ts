/** What is kept of one person: /v1/connections/{connection_id}/people/{object_id} */

import { z } from 'zod';
import { connectionId, sourceId } from '../../../model/ids.ts';
import type { Commands } from '../../commands.ts';
import { nothing } from '../request.ts';
import { always, defineRoute, type Route } from '../route.ts';
import { connectionIdText, guid } from '../schemas/common.ts';
import { erasureSchema, erasureView, keptSchema, keptView } from '../schemas/person.ts';

const tag = 'People';
const path = '/v1/connections/{connection_id}/people/{object_id}';
const params = z.strictObject({ connection_id: connectionIdText, object_id: guid });

export const personRoutes = (commands: Commands): Route[] => [
  defineRoute({
    method: 'get',
    path: `${path}/export`,
    id: 'exportPerson',
    isNoted: true,
    scope: 'read',
    tag,
    summary: 'Shows all that is kept of one person, also of one who left',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'What is kept.', schema: keptSchema },
    refusals: ['not_found'],
    handle: async ({ params }) => ({
      status: 200,
      body: keptView(await commands.exportPerson(connectionId(params.connection_id), sourceId(params.object_id))),
    }),
  }),
  defineRoute({
    method: 'post',
    path: `${path}/erase`,
    id: 'erasePerson',
    scope: 'approve',
    stepUp: always,
    tag,
    summary: 'Erases all that is kept of one person who left; nothing is done at the targets',
    params,
    query: nothing,
    body: nothing,
    answer: {
      status: 200,
      description: 'They are erased. Accounts that stay at targets are listed.',
      schema: erasureSchema,
    },
    refusals: ['not_found', 'person_in_scope', 'not_erasable_yet'],
    handle: async ({ params }) => ({
      status: 200,
      body: erasureView(await commands.erasePerson(connectionId(params.connection_id), sourceId(params.object_id))),
    }),
  }),
];
