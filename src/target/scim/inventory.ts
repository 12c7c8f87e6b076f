/**
 * Reads everything the target holds, page by page, without a filter. Some targets cap a page, some ignore where it should start, some count only the
 * page they send. So an end is believed only when the target's own count agrees with what was received, and the page after it brings nobody new.
 */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { RemoteId } from '../../model/ids.ts';
import { remoteId } from '../../model/ids.ts';
import type { RemoteObject } from '../../model/operation.ts';
import type { ObjectType } from '../../model/source-object.ts';
import type { Json, JsonObject } from '../../model/target-record.ts';
import { completeList, type ListPage } from '../target.ts';
import { type Answer, isAbsent, isSuccess, isThrottle } from './errors.ts';
import { cursorIn, idIn, toRemoteObject } from './find.ts';
import { field, isList, isObject } from './json.ts';
import { readResource } from './read-resource.ts';
import { listRequest, type Request } from './requests.ts';
import type { Session } from './session.ts';

/**
 * Where a list goes on. `last`: a digest of the ids of the page before. `total`: what the target said there are; null: nothing. `empty`: how many pages
 * there were in a row of which each showed nobody and named another.
 */
const placeSchema = z.strictObject({
  received: z.int(),
  cursor: z.string().nullable(),
  last: z.string().nullable(),
  total: z.number().nullable(),
  empty: z.int().default(0),
});
type Place = z.infer<typeof placeSchema>;
const start: Place = { received: 0, cursor: null, last: null, total: null, empty: 0 };

/** More than any target holds: a list that goes on longer does not end. */
const mostObjects = 10_000_000;
/** What a target hides it may leave out after it has cut the page. */
const mostEmpty = 100;

export const listObjects = async (
  session: Session,
  type: ObjectType,
  from: string | null,
  signal: AbortSignal,
): Promise<ListPage> => {
  const place = from === null ? start : placeSchema.parse(JSON.parse(from));
  const { endpoints, pageSize } = await session.profile(signal);
  const at = place.cursor === null ? { startIndex: place.received + 1 } : { cursor: place.cursor };
  const request = listRequest(type, endpoints[type], at, pageSize);
  const answer = await session.client.send(request, signal);
  if (isRefusal(answer)) return afterRefusal(session, request, answer, place);
  const list = session.client.objectIn(request, answer);
  const resources = resourcesIn(list);
  if (resources === null) return broken('The target answered the list with something that is no SCIM list.');
  const { objects, nameless } = objectsIn(type, resources);
  if (nameless > 0) return { objects, broken: `The target showed ${nameless} objects without an id.` };
  const isRepeated = digestOf(objects) === place.last;
  return { objects: isRepeated ? [] : objects, ...after(list, objects, place) };
};

/** Everybody in a group; those without an id cannot be told apart and are left out. Null when the group is gone. */
export const listMembers = async (
  session: Session,
  group: RemoteId,
  signal: AbortSignal,
): Promise<readonly RemoteId[] | null> => {
  const resource = await readResource(session, 'group', group, signal, { whole: true });
  if (resource === null) return null;
  const members: Json = field(resource, 'members');
  return isList(members) ? members.flatMap((member) => (isObject(member) ? (valueIn(member) ?? []) : [])) : [];
};

const valueIn = (member: JsonObject): RemoteId | null => {
  const value = field(member, 'value');
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? remoteId(String(value)) : null;
};

/** The list alone is refused: no reason to think that the target as a whole is out of order. */
const isRefusal = (answer: Answer): boolean =>
  !isSuccess(answer) &&
  !isThrottle(answer) &&
  (isAbsent(answer) || [400, 403, 405, 413, 422, 501].includes(answer.status));

/** Some refuse a page that begins behind the end, instead of sending an empty one. */
const afterRefusal = ({ client }: Session, request: Request, answer: Answer, place: Place): ListPage =>
  isCounted(place) && place.cursor === null && (answer.status === 400 || isAbsent(answer))
    ? { objects: [], end: completeList(place.received) }
    : broken(client.refusal(request, answer).message);

const broken = (why: string): ListPage => ({ objects: [], broken: why });

/** Null: no list. */
const resourcesIn = (list: JsonObject): readonly JsonObject[] | null => {
  const resources = field(list, 'Resources');
  if (isList(resources)) return resources.filter(isObject);
  return typeof field(list, 'totalResults') === 'number' ? [] : null;
};

const objectsIn = (type: ObjectType, resources: readonly JsonObject[]) => {
  const objects: readonly RemoteObject[] = resources
    .filter((resource) => idIn(resource) !== null)
    .map((resource) => toRemoteObject(type, resource));
  return { objects, nameless: resources.length - objects.length };
};

type After = { readonly next: string } | Pick<Extract<ListPage, { end: unknown }>, 'end'> | { readonly broken: string };

const after = (list: JsonObject, objects: readonly RemoteObject[], place: Place): After => {
  const said = field(list, 'totalResults');
  const total = typeof said === 'number' ? said : null;
  const last = digestOf(objects);
  const cursor = cursorIn(list);
  if (objects.length === 0 && cursor !== null && cursor !== place.cursor) return afterEmpty(place, cursor);
  if (objects.length === 0 || last === place.last) return ended(place, total, objects.length);
  const received = place.received + objects.length;
  if (received > mostObjects) return { broken: `The list does not end after ${received} objects.` };
  if (cursor !== null) return { next: JSON.stringify({ received, cursor, last, total, empty: 0 } satisfies Place) };
  // The last page of a list by cursor names no other (RFC 9865 §2), and a start index after it means nothing.
  if (place.cursor !== null) return ended({ ...place, received }, total, 0);
  return { next: JSON.stringify({ received, cursor: null, last, total, empty: 0 } satisfies Place) };
};

const afterEmpty = (place: Place, cursor: string): After => {
  const empty = place.empty + 1;
  if (empty > mostEmpty) return { broken: `The target shows nobody on ${empty} pages, and names another.` };
  return { next: JSON.stringify({ ...place, cursor, empty } satisfies Place) };
};

/** `again`: how many of the page before were sent once more instead of an end. */
const ended = (place: Place, total: number | null, again: number): After => {
  const { received, cursor } = place;
  const of = total ?? place.total;
  // By index, who says how many there are must have shown them; by cursor, and with an empty page at the end, the count may be left out.
  if (of === null ? again === 0 : received >= of) return { end: completeList(received) };
  if (again > 0) return { broken: 'The target sends the same page again and again.' };
  return {
    broken: `The target says that it holds ${of}, and showed ${received}${cursor === null ? '' : ' by cursor'}.`,
  };
};

const isCounted = ({ received, total }: Place): boolean => total !== null && received >= total;

const digestOf = (objects: readonly RemoteObject[]): string => {
  const hash = createHash('sha256');
  for (const { remoteId: id } of objects) hash.update(`${id}\n`);
  return hash.digest('base64url');
};
