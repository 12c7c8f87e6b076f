/** Shows who somebody is now, for a person's question: by object id, or a user by name. A sync never asks like this. */

import { merge } from '../../core/attributes.ts';
import { nameAttributes, nameKinds } from '../../core/names.ts';
import { type SourceId, sourceId } from '../../model/ids.ts';
import type { ObjectType, SourceObject } from '../../model/source-object.ts';
import type { Ask } from '../source.ts';
import { answered, batch } from './batch.ts';
import { getByIds } from './by-id.ts';
import type { GraphClient } from './client.ts';
import { isHidden, isHiddenGroup, refuseHidden, refuseHiddenGroups } from './hidden.ts';
import { type Entity, listPageSchema } from './pages.ts';
import { type Selection, selectionOf } from './to-source-object.ts';

/** More of one name are no answer to anybody. */
const mostUsers = 20;
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const lookUp = async (
  client: GraphClient,
  who: string,
  attributes: Ask['attributes'],
  signal: AbortSignal,
): Promise<readonly SourceObject[]> => {
  const selection = selectionOf(attributes);
  return guid.test(who)
    ? await byId(client, sourceId(who), selection, signal)
    : await byName(client, who, selection, signal);
};

const byId = async (
  client: GraphClient,
  id: SourceId,
  selection: Selection,
  signal: AbortSignal,
): Promise<readonly SourceObject[]> => {
  for (const type of ['user', 'group'] as const) {
    const found = [...(await getByIds(client, type, [id], selection.select[type], signal)).values()];
    if (found.length > 0) return shown(type, found, selection);
  }
  return [];
};

/** One question a name, because `eq` on each of them is answered without an advanced query; all of them in one request. */
const byName = async (
  client: GraphClient,
  who: string,
  selection: Selection,
  signal: AbortSignal,
): Promise<readonly SourceObject[]> => {
  const literal = `'${who.replaceAll("'", "''")}'`;
  const questions = nameKinds.map((kind) => ({
    method: 'GET' as const,
    at: `/users?$top=${mostUsers}&$select=${selection.select.user}&$filter=${encodeURIComponent(`${nameAttributes[kind]} eq ${literal}`)}`,
  }));
  const answers = await batch(client, questions, signal);
  const users = answers.flatMap((answer) => answered(answer, listPageSchema, '/users').items);
  return shown('user', [...new Map(users.map((one) => [one.id, one])).values()], selection);
};

const shown = (type: ObjectType, entities: readonly Entity[], selection: Selection): readonly SourceObject[] => {
  if (type === 'user') refuseHidden(entities);
  else refuseHiddenGroups(entities);
  return entities
    .filter((entity) => !(type === 'group' ? isHiddenGroup : isHidden)(entity))
    .map((entity) => ({
      ref: { type, id: sourceId(entity.id) },
      attributes: merge({}, selection.whole(type, entity)),
    }));
};
