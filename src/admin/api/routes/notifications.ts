/** /v1/connections/{connection_id}/notifications */

import { z } from 'zod';
import { connectionId } from '../../../model/ids.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { connectionIdText } from '../schemas/common.ts';
import { notificationsSchema, notificationsView } from '../schemas/notification.ts';

const tag = 'Connections';
const path = '/v1/connections/{connection_id}/notifications';
const params = z.strictObject({ connection_id: connectionIdText });
const answer = { status: 200, description: 'Whether Graph says what changed.', schema: notificationsSchema } as const;

export const notificationRoutesOf: readonly Route[] = [
  defineRoute({
    method: 'get',
    path,
    id: 'listNotifications',
    scope: 'read',
    tag,
    summary: 'Shows whether Microsoft Graph says when something changes in the tenant, and until when',
    params,
    query: nothing,
    body: nothing,
    answer,
    refusals: ['not_found'],
    handle: async ({ params, commands }) => ({
      status: 200,
      body: notificationsView(await commands.listNotifications(connectionId(params.connection_id))),
    }),
  }),
  defineRoute({
    method: 'post',
    path,
    id: 'watchConnection',
    scope: 'configure',
    tag,
    summary: 'Has Microsoft Graph say when something changes, so that a delta sync follows within a minute',
    params,
    query: nothing,
    body: nothing,
    answer,
    refusals: ['not_found', 'connection_deleting', 'notifications_not_configured'],
    handle: async ({ params, commands }) => ({
      status: 200,
      body: notificationsView(await commands.watchConnection(connectionId(params.connection_id))),
    }),
  }),
  defineRoute({
    method: 'delete',
    path,
    id: 'unwatchConnection',
    scope: 'configure',
    tag,
    summary: 'Goes by the schedule alone again',
    params,
    query: nothing,
    body: nothing,
    answer,
    refusals: ['not_found'],
    handle: async ({ params, commands }) => ({
      status: 200,
      body: notificationsView(await commands.unwatchConnection(connectionId(params.connection_id))),
    }),
  }),
];
