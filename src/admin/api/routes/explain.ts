/** /v1/connections/{connection_id}/explain and /v1/targets/{target_id}/reasons */

import { z } from 'zod';
import { mayDo } from '../../../core/access.ts';
import type { Answer } from '../../../engine/explain.ts';
import { reasons } from '../../../model/explanation.ts';
import { connectionId, targetId } from '../../../model/ids.ts';
import type { Ref } from '../../../model/source-object.ts';
import { cursorOf, paging, placeOf } from '../paging.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { connectionIdText, plainText, targetIdText } from '../schemas/common.ts';
import { explanationSchema, explanationView, reasonCountsSchema, reasonCountsView } from '../schemas/explain.ts';

/** In the body: whom somebody asks about has no place in an address, which proxies keep in their logs. */
const questionSchema = z
  .strictObject({
    person: plainText(320).meta({
      description:
        'A user principal name, a mail (both in any case), an employee id, the object id of a user or group, or the id at a target; also of who left.',
    }),
    target_id: targetIdText.optional().meta({ description: 'All targets of the connection unless given.' }),
    live: z.boolean().default(false).meta({
      description: 'Asks the tenant and the targets again, now, and shows where they differ from what is stored.',
    }),
  })
  .meta({ id: 'Question' });

export const explainRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/v1/connections/{connection_id}/explain',
    id: 'explain',
    isQuestion: true,
    scope: 'read',
    tag: 'Explain',
    summary: 'Answers why somebody is, or is not, at the targets as wanted, step by step and with the evidence',
    params: z.strictObject({ connection_id: connectionIdText }),
    query: nothing,
    body: questionSchema,
    answer: { status: 200, description: 'The verdict and the trace behind it.', schema: explanationSchema },
    refusals: ['not_found'],
    handle: async ({ params, body, caller, commands }) => {
      const answer = await commands.explain(connectionId(params.connection_id), {
        person: body.person.trim(),
        target: body.target_id === undefined ? null : targetId(body.target_id),
        live: body.live,
        // Whoever may choose the scope could let them in.
        seesOutsiders: mayDo(caller, 'configure'),
      });
      // Whom they asked about by name is in the log by their id, and so is whoever else was shown.
      const ids = [...new Set(shownIn(answer).map(({ id }) => id))];
      const subjects = Object.fromEntries(ids.map((id, nth) => [nth === 0 ? 'object_id' : `object_id_${nth + 1}`, id]));
      return { status: 200, body: explanationView(answer), audit: { subjects } };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/targets/{target_id}/reasons',
    id: 'countReasons',
    scope: 'read',
    tag: 'Explain',
    summary: 'Counts everybody ever read by the reason why they are, or are not, at a target as wanted',
    params: z.strictObject({ target_id: targetIdText }),
    query: z.strictObject({
      reason: z.enum(reasons).optional().meta({ description: 'Counts only these, and lists up to 200 of them.' }),
      cursor: paging.cursor,
    }),
    body: nothing,
    answer: {
      status: 200,
      description: 'The counts, as far as one call comes in some seconds; a large tenant takes several.',
      schema: reasonCountsSchema,
    },
    refusals: ['not_found', 'target_deleting'],
    handle: async ({ params, query, commands }) => {
      const list = `reasons ${params.target_id} ${query.reason ?? ''}`;
      const counts = await commands.countReasons(targetId(params.target_id), {
        after: query.cursor === undefined ? null : placeOf(list, query.cursor),
        only: query.reason ?? null,
      });
      const nextCursor = counts.next === null ? null : cursorOf(list, counts.next);
      return { status: 200, body: reasonCountsView(counts, nextCursor) };
    },
  }),
];

const shownIn = (answer: Answer): readonly Ref[] => {
  switch (answer.found) {
    case 'one':
      return [answer.seen.object.ref, ...answer.others.map(({ object }) => object)];
    case 'several':
      return answer.candidates.map(({ object }) => object);
    case 'nobody':
      return answer.live?.kind === 'answered' ? answer.live.people.map(({ object }) => object) : [];
  }
};
