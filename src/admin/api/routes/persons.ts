/** What is kept of one person: /v1/connections/{connection_id}/people/{object_id} */

import { z } from 'zod';
import { mayDo } from '../../../core/access.ts';
import { connectionId, type SourceId, sourceId } from '../../../model/ids.ts';
import type { Exported } from '../../persons.ts';
import { nothing } from '../request.ts';
import { always, defineRoute, type Route } from '../route.ts';
import { connectionIdText, guid } from '../schemas/common.ts';
import { keptSchema, keptView } from '../schemas/kept-of-person.ts';
import { erasureSchema, erasureView } from '../schemas/person.ts';

const tag = 'People';
const path = '/v1/connections/{connection_id}/people/{object_id}';
const params = z.strictObject({ connection_id: connectionIdText, object_id: guid });

export const personRoutes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: `${path}/export`,
    id: 'exportPerson',
    isNoted: true,
    scope: 'read',
    tag,
    summary: 'Exports all that is kept of one person, also of one who left, a thing a line (NDJSON)',
    params,
    query: nothing,
    body: nothing,
    answer: { status: 200, description: 'Everything that is kept.', schema: keptSchema, as: 'lines' },
    refusals: ['not_found'],
    handle: async ({ params, caller, commands }) => {
      const person = sourceId(params.object_id);
      const kept = await commands.exportPerson(connectionId(params.connection_id), person, {
        seesOutsiders: mayDo(caller, 'configure'),
      });
      return { status: 200, lines: linesOf(kept, person) };
    },
  }),
  defineRoute({
    method: 'post',
    path: `${path}/erase`,
    id: 'erasePerson',
    namesAccounts: true,
    scope: 'approve',
    stepUp: always,
    tag,
    summary: 'Erases all that is kept of one person who left; nothing is done at the targets',
    params,
    query: nothing,
    body: nothing,
    answer: {
      status: 200,
      description: 'They are erased. Accounts that stay at targets are listed.',
      schema: erasureSchema,
    },
    refusals: ['not_found', 'person_in_scope', 'not_erasable_yet'],
    handle: async ({ params, commands }) => ({
      status: 200,
      body: erasureView(await commands.erasePerson(connectionId(params.connection_id), sourceId(params.object_id))),
    }),
  }),
];

async function* linesOf(batches: AsyncIterable<readonly Exported[]>, person: SourceId): AsyncGenerator<string> {
  for await (const batch of batches) yield batch.map((kept) => `${JSON.stringify(keptView(kept, person))}\n`).join('');
}
