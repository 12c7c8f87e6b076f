/** /v1/connections/{connection_id}/explain and /v1/targets/{target_id}/reasons */

import { z } from 'zod';
import { mayDo } from '../../../core/access.ts';
import type { Answer } from '../../../engine/explain.ts';
import type { Caller } from '../../../model/api-key.ts';
import { reasons } from '../../../model/explanation.ts';
import { connectionId, targetId } from '../../../model/ids.ts';
import type { Ref } from '../../../model/source-object.ts';
import type { CommandsWithin } from '../../commands.ts';
import { cursorOf, paging, placeOf } from '../paging.ts';
import { RequestRefused } from '../problem.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { connectionIdText, guidForm, plainText, targetIdText } from '../schemas/common.ts';
import { explanationSchema, explanationView, reasonCountsSchema, reasonCountsView } from '../schemas/explain.ts';

const tag = 'Explain';
const path = '/v1/connections/{connection_id}/explain';
const params = z.strictObject({ connection_id: connectionIdText });
const answer = { status: 200, description: 'The verdict and the trace behind it.', schema: explanationSchema };
const ofTarget = targetIdText.optional().meta({ description: 'All targets of the connection unless given.' });
const liveMeaning = 'Asks the tenant and the targets again, now, and shows where they differ from what is stored.';

/** In the body: whom somebody asks about has no place in an address, which proxies keep in their logs. */
const questionSchema = z
  .strictObject({
    person: plainText(320).meta({
      description:
        'A user principal name, a mail (both in any case), an employee id, the object id of a user or group, or the id at a target; also of who left.',
    }),
    target_id: ofTarget,
    live: z.boolean().default(false).meta({ description: liveMeaning }),
  })
  .meta({ id: 'Question' });

const askByPost = 'must be an object id, a GUID, here: ask about everybody else by POST, with `person` in the body';
/** In an address: what says nothing of a person. */
const linkSchema = z.strictObject({
  person: z.string(askByPost).regex(guidForm, askByPost).meta({
    description: 'The object id of a user or group, or the id at a target where that is a GUID; also of who left.',
  }),
  target_id: ofTarget,
  live: z.enum(['true', 'false']).default('false').meta({ description: liveMeaning }),
});

/** Whoever asks by a name is told how it is done, by a code of its own. */
const askedByNoName = (route: Route): Route => ({
  ...route,
  accept: (raw, commands) => {
    try {
      return route.accept(raw, commands);
    } catch (error) {
      if (!(error instanceof RequestRefused)) throw error;
      const isByName = error.errors.some(({ in: part, pointer }) => part === 'query' && pointer === '/person');
      throw isByName ? new RequestRefused(error.errors, 'ask_by_post') : error;
    }
  },
});

type Question = {
  readonly connection: string;
  readonly person: string;
  readonly target: string | undefined;
  readonly live: boolean;
};
type By = { readonly caller: Caller; readonly commands: Pick<CommandsWithin, 'explain'> };
const explained = async ({ connection, person, target, live }: Question, { caller, commands }: By) => {
  const answer = await commands.explain(connectionId(connection), {
    person,
    target: target === undefined ? null : targetId(target),
    live,
    // Whoever may choose the scope could let them in.
    seesOutsiders: mayDo(caller, 'configure'),
  });
  // Whom they asked about by name is in the log by their id, and so is whoever else was shown.
  const ids = [...new Set(shownIn(answer).map(({ id }) => id))];
  const subjects = Object.fromEntries(ids.map((id, nth) => [nth === 0 ? 'object_id' : `object_id_${nth + 1}`, id]));
  return { status: 200, body: explanationView(answer), audit: { subjects } };
};

export const explainRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path,
    id: 'explain',
    isQuestion: true,
    scope: 'read',
    tag,
    summary: 'Answers why somebody is, or is not, at the targets as wanted, step by step and with the evidence',
    params,
    query: nothing,
    body: questionSchema,
    answer,
    refusals: ['not_found'],
    handle: ({ params, body: { person, target_id: target, live }, ...by }) =>
      explained({ connection: params.connection_id, person: person.trim(), target, live }, by),
  }),
  askedByNoName(
    defineRoute({
      method: 'get',
      path,
      id: 'explainById',
      action: 'explain',
      isNoted: true,
      scope: 'read',
      tag,
      summary: 'Answers the same about an object id, which says nothing of a person: for a link',
      params,
      query: linkSchema,
      body: nothing,
      answer,
      refusals: ['not_found', 'ask_by_post'],
      handle: ({ params, query: { person, target_id: target, live }, ...by }) =>
        explained({ connection: params.connection_id, person, target, live: live === 'true' }, by),
    }),
  ),
  defineRoute({
    method: 'get',
    path: '/v1/targets/{target_id}/reasons',
    id: 'countReasons',
    scope: 'read',
    tag,
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
