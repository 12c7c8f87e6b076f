/** Lists page by page: over a tenant's objects of one kind, over members, over any other set of objects. */

import { z } from 'zod';
import { type Call, isEventual } from './call.ts';
import { type Filter, parseFilter } from './filter.ts';
import type { Json, JsonObject } from './json.ts';
import { type Kind, kindOf, numberOf } from './object-ids.ts';
import { checkProperties, expansion, linkQuery, pageSize, selected } from './odata.ts';
import { decodeToken, encodeToken } from './page-token.ts';
import { requireProperties } from './permissions.ts';
import { presentMixed, presentTyped } from './present.ts';
import { defaultProperties, readerOf } from './properties.ts';
import { GraphFault, type Reply, reply, unsupportedQuery } from './reply.ts';
import { findById, findUser, isLive, type Tenant } from './tenant.ts';

/** Objects by place; a place may be empty. Places never move, so a next link survives changes. */
export type Places = { readonly places: number; at(place: number): number | null };

export const placesOf = (objects: readonly number[]): Places => ({
  places: objects.length,
  at: (place) => objects[place] ?? null,
});

export const allOf = (tenant: Tenant, kind: Kind): Places => ({
  places: tenant.counts[kind],
  at: (place) => numberOf(kind, place),
});

/** A collection of one kind, such as /users. */
export function listKind(call: Call, kind: Kind, collection: string, all: Places): Reply {
  const { query, tenant } = call;
  const select = selected(query);
  const names = select ?? defaultProperties(kind);
  checkProperties(kind, names, true);
  requireProperties(call.roles, names);
  const filter = filterOf(call, kind);
  const expand = expansion(query);
  const found = filter === null ? all : (candidates(tenant, kind, filter) ?? all);
  const accept = (object: number): boolean =>
    isLive(tenant, object) && (filter === null || filter.matches(readerOf(tenant, object)));
  return pageReply(call, {
    all: found,
    accept,
    context: contextOf(collection, select),
    present: (object) => presentTyped(call, object, names, expand),
  });
}

/** A collection of directory objects of several kinds, such as /groups/{id}/members. */
export function listMixed(call: Call, all: Places, only: Kind | null, accept: (object: number) => boolean): Reply {
  const select = selected(call.query);
  if (only !== null && select !== null) checkProperties(only, select, true);
  const filter = filterOf(call, only);
  return pageReply(call, {
    all,
    accept: (object) =>
      isLive(call.tenant, object) &&
      (only === null || kindOf(object) === only) &&
      accept(object) &&
      (filter === null || filter.matches(readerOf(call.tenant, object))),
    context: contextOf(only === null ? 'directoryObjects' : `${only}s`, select),
    present: (object) => presentMixed(call, object, select),
  });
}

/** The number of objects as plain text; only advanced queries may ask. */
export function countReply(call: Call, count: number): Reply {
  if (!isEventual(call)) throw new GraphFault(400, 'Request_BadRequest', '$count is not currently supported.');
  return { status: 200, headers: { 'Content-Type': 'text/plain', 'OData-Version': '4.0' }, body: String(count) };
}

export const contextOf = (collection: string, select: readonly string[] | null): string =>
  `$metadata#${collection}${select === null ? '' : `(${select.join(',')})`}`;

export function countOf(all: Places, accept: (object: number) => boolean): number {
  let count = 0;
  for (let place = 0; place < all.places; place++) {
    const object = all.at(place);
    if (object !== null && accept(object)) count++;
  }
  return count;
}

export function filterOf(call: Call, kind: Kind | null): Filter | null {
  if (call.query.has('search') && !isEventual(call)) {
    throw unsupportedQuery(
      "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
    );
  }
  for (const option of ['search', 'orderby']) {
    if (call.query.has(option))
      throw unsupportedQuery(`The query option '$${option}' is not supported by the simulator.`);
  }
  const text = call.query.get('filter');
  if (text === undefined) return null;
  const filter = parseFilter(text);
  if (kind !== null) checkProperties(kind, filter.properties, true);
  if (filter.advanced && !(isEventual(call) && call.query.get('count') === 'true')) {
    throw unsupportedQuery('Unsupported or invalid query filter clause specified.');
  }
  return filter;
}

type PageOf = {
  readonly all: Places;
  readonly accept: (object: number) => boolean;
  readonly context: string;
  readonly present: (object: number) => JsonObject;
};

const skipToken = z.object({ place: z.number(), epoch: z.number(), issuedMs: z.number() });

function pageReply(call: Call, page: PageOf): Reply {
  const token = call.query.get('skiptoken');
  const size = Math.min(pageSize(call.query, call.knobs.listPageSize), call.knobs.listPageCap);
  const value: JsonObject[] = [];
  let place = token === undefined ? 0 : placeOf(call, token);
  let next: number | null = null;
  for (; place < page.all.places && next === null; place++) {
    const object = page.all.at(place);
    if (object === null || !page.accept(object)) continue;
    if (value.length === size) next = place;
    else value.push(page.present(object));
  }
  const body: Record<string, Json> = { '@odata.context': `${call.base}/${page.context}` };
  if (call.query.get('count') === 'true' && isEventual(call) && token === undefined) {
    body['@odata.count'] = countOf(page.all, page.accept);
  }
  if (next !== null) body['@odata.nextLink'] = nextLink(call, next);
  return reply({ ...body, value });
}

function nextLink(call: Call, place: number): string {
  const token = encodeToken({ place, epoch: call.tenant.pageEpoch, issuedMs: call.nowMs });
  const path = call.path.map(encodeURIComponent).join('/');
  return `${call.base}/${path}?${linkQuery(call.query, token)}`;
}

function placeOf(call: Call, text: string): number {
  const token = decodeToken(skipToken, text);
  const expired = token.epoch !== call.tenant.pageEpoch || call.nowMs - token.issuedMs > call.knobs.listPageLifeMs;
  if (expired) {
    throw new GraphFault(
      400,
      'Directory_ExpiredPageToken',
      'The specified page token value has expired and can no longer be included in your request.',
    );
  }
  return token.place;
}

/** When a filter names ids or principal names, nobody else has to be looked at. */
function candidates(tenant: Tenant, kind: Kind, filter: Filter): Places | null {
  if (filter.equals === null) return null;
  const { property, values } = filter.equals;
  if (property === 'id') return placesOf(found(values, (value) => findById(tenant, value, kind)));
  if (property === 'userPrincipalName') return placesOf(found(values, (value) => findUser(tenant, value)));
  return null;
}

function found(values: readonly string[], find: (value: string) => number | null): number[] {
  const objects = values.map(find).filter((object) => object !== null);
  return [...new Set(objects)].sort((a, b) => a - b);
}
