/** What is stored of a tenant: /v1/connections/{connection_id}/users, groups, members and changes */

import { z } from 'zod';
import { connectionId, sourceId } from '../../../model/ids.ts';
import type { Commands } from '../../commands.ts';
import { answerPage, pageOf, paging } from '../paging.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { connectionIdText, guid, refSchema, refView } from '../schemas/common.ts';
import { changeSchema, changeView, sourceObjectSchema, sourceObjectView } from '../schemas/snapshot.ts';

const shared = {
  method: 'get',
  tag: 'Snapshots',
  params: z.strictObject({ connection_id: connectionIdText }),
  query: z.strictObject(paging),
  body: nothing,
  refusals: ['not_found'],
} as const;
const path = '/v1/connections/{connection_id}';

export const snapshotRoutes = (commands: Commands): Route[] => [
  defineRoute({
    ...shared,
    path: `${path}/users`,
    id: 'listUsers',
    scope: 'read',
    summary: 'Lists the users in the snapshot',
    answer: { status: 200, description: 'A page of users.', schema: pageOf(sourceObjectSchema) },
    handle: ({ params, query }) =>
      answerPage(
        `users ${params.connection_id}`,
        query,
        (after, limit) => commands.listUsers(connectionId(params.connection_id), after, limit),
        sourceObjectView,
      ),
  }),
  defineRoute({
    ...shared,
    path: `${path}/groups`,
    id: 'listGroups',
    scope: 'read',
    summary: 'Lists the groups in the snapshot',
    answer: { status: 200, description: 'A page of groups.', schema: pageOf(sourceObjectSchema) },
    handle: ({ params, query }) =>
      answerPage(
        `groups ${params.connection_id}`,
        query,
        (after, limit) => commands.listGroups(connectionId(params.connection_id), after, limit),
        sourceObjectView,
      ),
  }),
  defineRoute({
    ...shared,
    path: `${path}/groups/{group_id}/members`,
    id: 'listMembers',
    scope: 'read',
    summary: 'Lists the members of a group that are in the snapshot themselves',
    params: z.strictObject({ connection_id: connectionIdText, group_id: guid }),
    answer: { status: 200, description: 'A page of members.', schema: pageOf(refSchema) },
    handle: ({ params, query }) => {
      const group = sourceId(params.group_id);
      return answerPage(
        `members ${params.connection_id} ${group}`,
        query,
        (after, limit) => commands.listMembers(connectionId(params.connection_id), group, after, limit),
        refView,
      );
    },
  }),
  defineRoute({
    ...shared,
    path: `${path}/changes`,
    id: 'listChanges',
    scope: 'read',
    summary: 'Lists the committed changes, oldest first',
    answer: { status: 200, description: 'A page of changes.', schema: pageOf(changeSchema) },
    handle: ({ params, query }) =>
      answerPage(
        `changes ${params.connection_id}`,
        query,
        (after, limit) => commands.listChanges(connectionId(params.connection_id), after, limit),
        changeView,
      ),
  }),
];
