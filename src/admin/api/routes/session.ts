/** /v1/session */

import type { Commands } from '../../commands.ts';
import type { Cookie } from '../cookies.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { sessionSchema, sessionView } from '../schemas/session.ts';

const tag = 'Session';
const path = '/v1/session';

export const sessionRoutes = (commands: Commands, cookie: Cookie): Route[] => [
  defineRoute({
    method: 'get',
    path,
    id: 'getSession',
    scope: 'read',
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
    scope: 'read',
    of: 'nobody',
    tag,
    summary: 'Signs a person out',
    params: nothing,
    query: nothing,
    body: nothing,
    answer: { status: 204, description: 'They are signed out.', schema: null },
    refusals: ['not_found'],
    handle: async ({ caller }) => {
      await commands.signOut(caller);
      return { status: 204, headers: { 'Set-Cookie': cookie.write(null) } };
    },
  }),
];
