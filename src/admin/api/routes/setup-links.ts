/** /v1/connections/{connection_id}/setup-link */

import { z } from 'zod';
import { connectionId } from '../../../model/ids.ts';
import { nothing } from '../request.ts';
import { always, defineRoute, type Route } from '../route.ts';
import { connectionIdText, timeOf } from '../schemas/common.ts';
import { madeSetupLinkSchema, newSetupLinkSchema, setupLinkSchema, setupLinkView } from '../schemas/setup-link.ts';

const tag = 'Connections';
const path = '/v1/connections/{connection_id}/setup-link';
const params = z.strictObject({ connection_id: connectionIdText });

export const setupLinkRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path,
    id: 'openSetupLink',
    scope: 'configure',
    stepUp: always,
    tag,
    summary: "Makes a link where the customer's IT sets the connection up without an account; the one before is void",
    params,
    query: nothing,
    body: newSetupLinkSchema,
    answer: { status: 201, description: 'The link, this once.', schema: madeSetupLinkSchema },
    refusals: ['not_found', 'connection_deleting', 'public_url_missing'],
    handle: async ({ params, body, caller, commands }) => {
      const { link, url } = await commands.openSetupLink(connectionId(params.connection_id), {
        givenTo: body.given_to,
        hours: body.expires_in_hours,
        by: caller.name,
      });
      return {
        status: 201,
        body: { ...setupLinkView(link), url },
        audit: { subjects: { setup_link_id: link.id }, after: { expires_at: timeOf(link.expiresAt) } },
      };
    },
  }),
  defineRoute({
    method: 'get',
    path,
    id: 'getSetupLink',
    scope: 'read',
    tag,
    summary: 'Shows the setup link that a connection has, also one that is over',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The link, without its address.', schema: setupLinkSchema },
    refusals: ['not_found'],
    handle: async ({ params, commands }) => ({
      status: 200,
      body: setupLinkView(await commands.getSetupLink(connectionId(params.connection_id))),
    }),
  }),
  defineRoute({
    method: 'delete',
    path,
    id: 'closeSetupLink',
    scope: 'configure',
    tag,
    summary: 'Ends the setup link of a connection at once',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'The link that was.', schema: setupLinkSchema },
    refusals: ['not_found'],
    handle: async ({ params, commands }) => {
      const link = await commands.closeSetupLink(connectionId(params.connection_id));
      return { status: 200, body: setupLinkView(link), audit: { subjects: { setup_link_id: link.id } } };
    },
  }),
];
