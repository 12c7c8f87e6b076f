/** /v1/connections/{connection_id}/explain */

import { z } from 'zod';
import { connectionId, targetId } from '../../../model/ids.ts';
import type { Commands } from '../../commands.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { connectionIdText, plainText, targetIdText } from '../schemas/common.ts';
import { explanationSchema, explanationView } from '../schemas/explain.ts';

const query = z.strictObject({
  person: plainText(320).meta({
    description:
      'A user principal name, a mail (both in any case), an employee id, the object id of a user or group, or the id at a target; also of who left.',
  }),
  target_id: targetIdText.optional().meta({ description: 'All targets of the connection unless given.' }),
  live: z.enum(['true', 'false']).default('false').meta({
    type: 'boolean',
    default: false,
    description: 'Asks the tenant and the targets again, now, and shows where they differ from what is stored.',
  }),
});

export const explainRoutes = (commands: Commands): Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/connections/{connection_id}/explain',
    id: 'explain',
    tag: 'Explain',
    summary: 'Answers why somebody is, or is not, at the targets as wanted, step by step and with the evidence',
    params: z.strictObject({ connection_id: connectionIdText }),
    query,
    body: nothing,
    answer: { status: 200, description: 'The verdict and the trace behind it.', schema: explanationSchema },
    refusals: ['not_found'],
    handle: async ({ params, query }) => {
      const answer = await commands.explain(connectionId(params.connection_id), {
        person: query.person.trim(),
        target: query.target_id === undefined ? null : targetId(query.target_id),
        live: query.live === 'true',
      });
      return { status: 200, body: explanationView(answer) };
    },
  }),
];
