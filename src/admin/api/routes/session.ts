/** /v1/session, and /v1/sessions of all who are signed in */

import { z } from 'zod';
import { operatorIn } from '../admission.ts';
import type { Cookie } from '../cookies.ts';
import { answerPage, pageOf, paging } from '../paging.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { openSessionSchema, openSessionView, sessionIdText, sessionSchema, sessionView } from '../schemas/session.ts';

const tag = 'Session';
const path = '/v1/session';
const all = '/v1/sessions';

export const sessionRoutes = (cookie: Cookie): readonly Route[] => [
  defineRoute({
    method: 'get',
    path,
    id: 'getSession',
    scope: 'any',
    of: 'nobody',
    tag,
    summary:
      'Says who calls and what they may do; to a person also the token that changes need, and until when they are signed in',
    params: nothing,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'Who calls.', schema: sessionSchema },
    refusals: [],
    handle: async ({ caller }) => ({ status: 200, body: sessionView(caller) }),
  }),
  defineRoute({
    method: 'delete',
    path,
    id: 'endSession',
    scope: 'any',
    of: 'nobody',
    tag,
    summary: 'Signs a person out',
    params: nothing,
    query: nothing,
    body: nothing,
    answer: { status: 204, description: 'They are signed out.', schema: null },
    refusals: ['not_found'],
    handle: async ({ caller, commands }) => {
      await commands.signOut(caller);
      return { status: 204, headers: { 'Set-Cookie': cookie.write(null) } };
    },
  }),
  defineRoute({
    method: 'get',
    path: all,
    id: 'listSessions',
    scope: 'admin',
    tag,
    summary: 'Lists who is signed in, whoever signed in last first',
    params: nothing,
    query: z.strictObject(paging),
    body: nothing,
    answer: { status: 200, description: 'A page of sessions.', schema: pageOf(openSessionSchema) },
    refusals: [],
    handle: ({ query, ...call }) =>
      answerPage(
        'sessions',
        query,
        (after, limit) => operatorIn(call).listSessions(after, limit),
        (session) => openSessionView(session, call.caller),
      ),
  }),
  defineRoute({
    method: 'delete',
    path: `${all}/{session_id}`,
    id: 'endOpenSession',
    scope: 'admin',
    tag,
    summary: 'Signs somebody out at once, whoever they are',
    params: z.strictObject({ session_id: sessionIdText }),
    query: nothing,
    body: nothing,
    answer: { status: 204, description: 'They are signed out.', schema: null },
    refusals: ['not_found'],
    handle: async ({ params, ...call }) => {
      const { actor } = await operatorIn(call).endSession(params.session_id);
      return { status: 204, audit: { subjects: { person_id: actor.id } } };
    },
  }),
];
