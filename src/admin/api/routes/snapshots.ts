/** What is stored of a tenant: /v1/connections/{connection_id}/users, groups, members and changes */

import { z } from 'zod';
import type { ChangePlace } from '../../../model/change.ts';
import { connectionId, sourceId } from '../../../model/ids.ts';
import { answerPage, cursorOf, pageOf, paging, placeOf } from '../paging.ts';
import { nothing } from '../request.ts';
import { defineRoute, type Route } from '../route.ts';
import { connectionIdText, guid, refSchema, refView } from '../schemas/common.ts';
import { changesSchema, changeView, sourceObjectSchema, sourceObjectView } from '../schemas/snapshot.ts';

const shared = {
  method: 'get',
  tag: 'Snapshots',
  params: z.strictObject({ connection_id: connectionIdText }),
  query: z.strictObject(paging),
  body: nothing,
  refusals: ['not_found'],
} as const;
const path = '/v1/connections/{connection_id}';

export const snapshotRoutes: readonly Route[] = [
  defineRoute({
    ...shared,
    path: `${path}/users`,
    id: 'listUsers',
    scope: 'read',
    summary: 'Lists the users in the snapshot',
    answer: { status: 200, description: 'A page of users.', schema: pageOf(sourceObjectSchema) },
    handle: ({ params, query, commands }) =>
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
    handle: ({ params, query, commands }) =>
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
    handle: ({ params, query, commands }) => {
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
    summary: 'Lists the committed changes in their order, oldest first, and says where to go on when there are more',
    query: z.strictObject({
      ...paging,
      from: z.enum(['oldest', 'now']).default('oldest').meta({
        description: 'Where to begin without a cursor. `now`: with what comes after this call.',
      }),
      values: z.enum(['true', 'false']).default('false').meta({
        type: 'boolean',
        default: false,
        description: 'Shows what attributes hold, before and after, and not their names alone.',
      }),
    }),
    answer: { status: 200, description: 'Changes, and where to go on.', schema: changesSchema },
    refusals: ['not_found', 'cursor_too_old'],
    handle: async ({ params, query, commands }) => {
      const id = connectionId(params.connection_id);
      const list = `changes ${id}`;
      const from = query.cursor === undefined ? query.from : changePlaceIn(placeOf(list, query.cursor, changePlace));
      const { items, hasMore, place } = await commands.readChanges(id, from, query.limit);
      return {
        status: 200,
        body: {
          data: items.map((change) => changeView(change, query.values === 'true')),
          next_cursor: cursorOf(list, `${place.version}.${place.sequence}`),
          has_more: hasMore,
        },
      };
    },
  }),
];

/** Version and sequence. */
const changePlace = /^\d{1,10}\.\d{1,10}$/;

const changePlaceIn = (place: string): ChangePlace => {
  const [version, sequence] = place.split('.').map(Number);
  return { version: version ?? 0, sequence: sequence ?? 0 };
};
