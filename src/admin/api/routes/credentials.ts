/** /v1/connections/{connection_id}/credentials */

import { z } from 'zod';
import { credentialPlaces } from '../../../model/connection.ts';
import { connectionId } from '../../../model/ids.ts';
import type { CommandsWithin } from '../../commands.ts';
import type { Edited } from '../../connections.ts';
import type { Answer } from '../answer.ts';
import { nothing } from '../request.ts';
import { always, defineRoute, etagOf, type Route } from '../route.ts';
import { auditedConnection } from '../schemas/audit.ts';
import { connectionIdText } from '../schemas/common.ts';
import { connectionSchema, connectionView } from '../schemas/connection.ts';
import { credentialFieldsOf, secondCredentialSchema } from '../schemas/credentials.ts';

const tag = 'Connections';
const path = '/v1/connections/{connection_id}/credentials';
const params = z.strictObject({ connection_id: connectionIdText });

export const credentialRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: `${path}/second`,
    id: 'addSecondCredential',
    scope: 'configure',
    stepUp: always,
    tag,
    summary: 'Gives a connection another credential of the same application, which is used once the first is refused',
    params,
    query: nothing,
    body: secondCredentialSchema,
    ifMatch: 'revision',
    answer: { status: 200, description: 'The connection as it is now.', schema: connectionSchema },
    refusals: [
      'not_found',
      'connection_deleting',
      'credentials_missing',
      'tenant_taken',
      'key_is_limited',
      'stale_revision',
    ],
    handle: async ({ params, body, revision, commands }) =>
      answered(
        commands,
        await commands.addSecondCredential(
          connectionId(params.connection_id),
          await credentialFieldsOf(body),
          revision,
        ),
      ),
  }),
  ...credentialPlaces.map((place) =>
    defineRoute({
      method: 'delete',
      path: `${path}/${place}`,
      id: place === 'first' ? 'removeFirstCredential' : 'removeSecondCredential',
      scope: 'configure',
      stepUp: always,
      tag,
      summary:
        place === 'first'
          ? 'Takes the first of two credentials away; the second takes its place'
          : 'Takes the second credential away again',
      params,
      query: nothing,
      body: nothing,
      ifMatch: 'revision',
      answer: { status: 200, description: 'The connection as it is now.', schema: connectionSchema },
      refusals: ['not_found', 'connection_deleting', 'last_credential', 'stale_revision'],
      handle: async ({ params, revision, commands }) =>
        answered(commands, await commands.removeCredential(connectionId(params.connection_id), place, revision)),
    }),
  ),
];

const answered = ({ now }: Pick<CommandsWithin, 'now'>, { before, connection }: Edited): Answer => ({
  status: 200,
  body: connectionView(connection, now()),
  headers: { ETag: etagOf(connection) },
  audit: { before: auditedConnection(before), after: auditedConnection(connection) },
});
