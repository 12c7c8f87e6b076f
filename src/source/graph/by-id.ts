/** Objects read by their ids: `POST /directoryObjects/getByIds`, a thousand to a request. */

import { type SourceId, sourceId } from '../../model/ids.ts';
import type { ObjectMessage } from '../../model/source-message.ts';
import { type ObjectType, user } from '../../model/source-object.ts';

import { answered, batches } from './batch.ts';
import type { GraphClient } from './client.ts';
import { aboutHidden, isHidden, refuseHidden } from './hidden.ts';
import {
  type AllAsked,
  type AskedFor,
  askThrough,
  type Entity,
  EntitySchema,
  listPageSchema,
  wholeList,
} from './pages.ts';
import { managerExpanded, type Selection } from './to-source-object.ts';

export const idsPerRequest = 1_000;

/** The objects of one type that exist among at most a thousand ids. */
export const getByIds = async (
  client: GraphClient,
  type: ObjectType,
  ids: readonly SourceId[],
  select: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, Entity>> => {
  if (ids.length === 0) return new Map();
  const question = {
    method: 'POST',
    at: `/directoryObjects/getByIds?$select=${select}`,
    body: { ids, types: [type] },
  } as const;
  const items = await wholeList(client, await client.ask(question, listPageSchema, signal), signal);
  return new Map(items.map((item) => [sourceId(item.id), item]));
};

/**
 * Whole users by their ids, a thousand at a time, with their managers if asked for. Who does not exist is left out. `from`: how many of them were read
 * before.
 */
export const wholeUsers = (
  client: GraphClient,
  ids: readonly SourceId[],
  from: number,
  selection: Selection,
  signal: AbortSignal,
): AsyncGenerator<AskedFor<readonly ObjectMessage[]>, AllAsked> =>
  askThrough(ids, from, idsPerRequest, async function* (some) {
    const found = await getByIds(client, 'user', some, selection.select.user, signal);
    refuseHidden([...found.values()]);
    const managers = selection.manager ? await managersOf(client, [...found.keys()], signal) : null;
    const answer = [...found].map(([id, entity]): ObjectMessage => {
      if (isHidden(entity)) return aboutHidden(user(id));
      const manager = managers?.get(id);
      return { type: 'upsert', ref: user(id), attributes: selection.wholeUser(entity, manager), whole: true };
    });
    yield { about: some, answer };
  });

/**
 * The managers of users by their ids; null: they have none. A relation is not in the answer of getByIds, and `$expand` works on one user only. Nothing is
 * said of who is not found: they are gone since they were shown, which the delta round that begins before this read says, or a replica is behind.
 */
export const managersOf = async (
  client: GraphClient,
  users: readonly SourceId[],
  signal: AbortSignal,
): Promise<ReadonlyMap<SourceId, SourceId | null>> => {
  const questions = users.map((id) => ({
    method: 'GET' as const,
    at: `/users/${id}?$select=id&$expand=manager($select=id)`,
  }));
  const managers = new Map<SourceId, SourceId | null>();
  for await (const answers of batches(client, questions, signal))
    for (const answer of answers) {
      if (!answer.ok && answer.refusal.status === 404) continue;
      const entity = answered(answer, EntitySchema, '/users/{id}');
      managers.set(sourceId(entity.id), managerExpanded(entity));
    }
  return managers;
};
