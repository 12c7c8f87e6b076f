/** Finds accounts by one attribute, over all pages. The answer is what the target claims: some compare loosely, some ignore the filter. */

import { TargetError } from '../../model/errors.ts';
import { type RemoteId, remoteId } from '../../model/ids.ts';
import type { RemoteObject } from '../../model/operation.ts';
import type { ObjectType, Value } from '../../model/source-object.ts';
import type { JsonObject } from '../../model/target-record.ts';
import { isAbsent, unreadable } from './errors.ts';
import { field, isList, isObject } from './json.ts';
import { assertSearched } from './life.ts';
import { type Path, parsePath } from './paths.ts';
import { findRequest, type Request } from './requests.ts';
import { flatten, valueAt } from './resource.ts';
import type { Session } from './session.ts';

/** A lookup means one account. A target that claims more than this ignores filters, and asking it about everyone would never end. */
const mostPages = 100;

export const findObjects = async (
  session: Session,
  type: ObjectType,
  attribute: string,
  value: Value,
  signal: AbortSignal,
): Promise<readonly RemoteObject[]> => {
  const path = parsePath(attribute);
  const { endpoints, pageSize } = await session.profile(signal);
  const found = new Map<RemoteId, RemoteObject>();
  let request: Request | null = findRequest(type, endpoints[type], path, value, pageSize);
  for (let page = 1; request !== null; page += 1) {
    if (page > mostPages)
      throw new TargetError('rejected', `The target answers a filter on ${attribute} with thousands of objects.`, {
        code: 'filter_ignored',
      });
    const list = await readPage(session, type, request, signal);
    const known = found.size;
    for (const object of objectsIn(list, type, attribute, path)) found.set(object.remoteId, object);
    request = nextPage(request, list, found.size > known, found.size);
  }
  return [...found.values()];
};

export const toRemoteObject = (type: ObjectType, resource: JsonObject): RemoteObject => {
  const id = idIn(resource);
  if (id === null) throw new TargetError('rejected', `The target sent a ${type} without an id.`, { code: 'no_id' });
  return { type, remoteId: id, attributes: flatten(resource) };
};

/** Some targets number their accounts. */
export const idIn = (resource: JsonObject): RemoteId | null => {
  const id = field(resource, 'id');
  return (typeof id === 'string' && id !== '') || typeof id === 'number' ? remoteId(String(id)) : null;
};

/**
 * Some answer a filter that matches nobody with 404: it counts where the collection shows itself, and is heard twice of a target that is not known to do so.
 * Without `totalResults` and `Resources` an answer is no list, whatever its status: taking it for
 * an empty one would make a second account.
 */
const readPage = async (
  session: Session,
  type: ObjectType,
  request: Request,
  signal: AbortSignal,
): Promise<JsonObject> => {
  const { client, learned } = session;
  let answer = await client.send(request, signal);
  if (isAbsent(answer)) {
    await assertSearched(session, type, signal);
    if (!learned.answersNobodyWith404[type]) answer = await client.send(request, signal);
    if (isAbsent(answer)) return { totalResults: 0 };
  }
  const list = client.objectIn(request, answer);
  if (!isList(field(list, 'Resources')) && field(list, 'totalResults') !== 0) throw unreadable(request, answer);
  return list;
};

const resourcesIn = (list: JsonObject): readonly JsonObject[] => {
  const resources = field(list, 'Resources');
  return isList(resources) ? resources.filter(isObject) : [];
};

/** With the attribute that was asked for under the very name that was asked, so that the caller can verify. */
const objectsIn = (list: JsonObject, type: ObjectType, attribute: string, path: Path): readonly RemoteObject[] =>
  resourcesIn(list).map((resource) => {
    const object = toRemoteObject(type, resource);
    return { ...object, attributes: { ...object.attributes, [attribute]: valueAt(resource, path) } };
  });

/**
 * A cursor is honoured even if nobody asked for one (RFC 9865 §2). With indexes the next page begins after what was received, not after what was
 * asked for (RFC 7644 §3.4.2.4). An empty page is the end only where the target does not say that there are more, by a count or by another cursor: whoever
 * stands on it would be given a second account.
 */
const nextPage = (request: Request, list: JsonObject, isNew: boolean, received: number): Request | null => {
  const { startIndex: _index, ...query } = request.query ?? {};
  const shown = resourcesIn(list).length;
  const said = field(list, 'totalResults');
  const total = typeof said === 'number' ? said : null;
  if (!isNew && total !== null && received >= total) return null;
  if (!isNew && shown > 0) {
    if (total === null) return null;
    throw broken('The target sends the same page again and again.');
  }
  const cursor = cursorIn(list);
  if (cursor !== null && cursor !== query['cursor']) return { ...request, query: { ...query, cursor } };
  const mayGoOn = shown > 0 && !('cursor' in query);
  const isWhole = total === null ? !mayGoOn || shown < Number(query['count']) : received >= total;
  if (isWhole) return null;
  if (!mayGoOn) throw broken(`The target says that it found ${total}, and shows ${received}.`);
  return { ...request, query: { ...query, startIndex: String(received + 1) } };
};

/** What asks for the next page; the last one names none (RFC 9865 §2). */
export const cursorIn = (list: JsonObject): string | null => {
  const cursor = field(list, 'nextCursor');
  return typeof cursor === 'string' && cursor !== '' ? cursor : null;
};

const broken = (what: string): TargetError => new TargetError('rejected', what, { code: 'paging_broken' });
