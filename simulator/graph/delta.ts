/** /users/delta and /groups/delta: rounds of pages over the whole directory or over the change log. */

import type { Call } from './call.ts';
import { type Budget, deltaItem, type Tracked } from './delta-item.ts';
import { changedSubjects, directorySubjects, type Subject, type Subjects } from './delta-subjects.ts';
import {
  deltaLink,
  type LinkToken,
  nextLink,
  type PageToken,
  type Resource,
  readLinkToken,
  readPageToken,
} from './delta-token.ts';
import { parseFilter } from './filter.ts';
import type { Json, JsonObject } from './json.ts';
import { contextOf } from './list.ts';
import { checkProperties, selected } from './odata.ts';
import { requireProperties, requireReading } from './permissions.ts';
import { badRequest, type Reply, reply } from './reply.ts';

const MOST_FILTERED_IDS = 50;
const relations = ['manager', 'members', 'owners'];

export function usersDelta(call: Call): Reply {
  requireReading(call.roles, 'user');
  return delta(call, 'users');
}

export function groupsDelta(call: Call): Reply {
  requireReading(call.roles, 'group');
  return delta(call, 'groups');
}

function delta(call: Call, resource: Resource): Reply {
  const skip = call.query.get('skiptoken');
  if (skip !== undefined) return page(call, readPageToken(call, resource, skip), false);
  const token = call.query.get('deltatoken');
  // A server reset sends clients to an empty delta token, which is the same as a new start.
  if (token === undefined || token === '') return page(call, firstRound(call, resource), true);
  if (token.toLowerCase() === 'latest') return latest(call, resource);
  return page(call, laterRound(call, readLinkToken(call, resource, token)), false);
}

function firstRound(call: Call, resource: Resource): PageToken {
  const upTo = visiblePlace(call);
  const size = call.tenant.counts[resource === 'users' ? 'user' : 'group'];
  return { ...asked(call, resource), first: true, after: 0, upTo, size, place: 0, member: 0, emptied: false };
}

function laterRound(call: Call, link: LinkToken): PageToken {
  const { after, before, ...rest } = link;
  const from = call.random() < call.knobs.replays ? before : after;
  const upTo = Math.max(after, visiblePlace(call));
  return { ...rest, first: false, after: from, upTo, size: 0, place: 0, member: 0, emptied: false };
}

/** "Sync from now": nothing but a delta link. */
function latest(call: Call, resource: Resource): Reply {
  const after = visiblePlace(call);
  const link = deltaLink(call, { ...asked(call, resource), epoch: call.tenant.deltaEpoch, after, before: after });
  return reply({
    '@odata.context': `${call.base}/${contextOf(resource, selected(call.query))}`,
    '@odata.deltaLink': link,
    value: [],
  });
}

const visiblePlace = (call: Call): number => call.tenant.log.visible(call.nowMs, call.knobs.lagMs);

/** What the first request fixes for all that follow. $expand, $top and $orderby are ignored, as Graph does. */
function asked(call: Call, resource: Resource): Omit<LinkToken, 'after' | 'before'> {
  const select = selected(call.query);
  if (select !== null) {
    const names = select.filter((name) => !relations.includes(name));
    checkProperties(resource === 'users' ? 'user' : 'group', names, true);
    requireProperties(call.roles, names);
  }
  const { tenant, nowMs } = call;
  return { tenant: tenant.id, resource, select, ids: filteredIds(call), issuedMs: nowMs, epoch: tenant.pageEpoch };
}

function filteredIds(call: Call): string[] | null {
  const text = call.query.get('filter');
  if (text === undefined) return null;
  const { equals } = parseFilter(text);
  if (equals === null || equals.property !== 'id')
    throw badRequest('Only filters on id are supported by delta queries.');
  if (equals.values.length > MOST_FILTERED_IDS) {
    throw badRequest(`A delta query can be filtered by at most ${MOST_FILTERED_IDS} objects.`);
  }
  return [...equals.values];
}

function page(call: Call, token: PageToken, opening: boolean): Reply {
  const fresh = { ...token, issuedMs: call.nowMs, epoch: call.tenant.pageEpoch };
  if (!token.emptied && call.random() < call.knobs.emptyPages) {
    return pageReply(call, token, opening, [], { ...fresh, emptied: true });
  }
  const { value, place, member } = fill(call, token);
  const next = place === null ? lateRound(call, fresh) : { ...fresh, place, member, emptied: false };
  return pageReply(call, token, opening, value, next);
}

/** What changed since a first enumeration began, as its last pages; null when there is nothing, or the knob does not ask for it. */
function lateRound(call: Call, token: PageToken): PageToken | null {
  const upTo = visiblePlace(call);
  if (!token.first || !call.knobs.changesInFirstRound || upTo <= token.upTo) return null;
  return { ...token, first: false, after: token.upTo, upTo, size: 0, place: 0, member: 0, emptied: false };
}

function pageReply(call: Call, token: PageToken, opening: boolean, value: JsonObject[], next: PageToken | null): Reply {
  const { tenant, resource, select, ids, first, after, upTo } = token;
  const link = { tenant, resource, select, ids, issuedMs: call.nowMs, epoch: call.tenant.deltaEpoch };
  const body: Record<string, Json> = {
    '@odata.context': `${call.base}/${contextOf(resource, opening ? select : null)}`,
  };
  // A first enumeration tells of no changes that could be repeated.
  if (next === null) body['@odata.deltaLink'] = deltaLink(call, { ...link, after: upTo, before: first ? upTo : after });
  else body['@odata.nextLink'] = nextLink(call, next);
  return reply({ ...body, value });
}

/** Objects from the token's place on, until the page is full of objects or of members; `place` null at the end of the round. */
function fill(call: Call, token: PageToken): { value: JsonObject[]; place: number | null; member: number } {
  const subjects = subjectsOf(call, token);
  const tracked = trackedBy(token);
  const size = sizeOfPage(call);
  const budget: Budget = { members: call.knobs.membersPerPage };
  const value: JsonObject[] = [];
  const repeated: JsonObject[] = [];
  let from = token.member;
  for (let place = token.place; place < subjects.count; place++, from = 0) {
    if (value.length >= size || budget.members <= 0) return { value: [...value, ...repeated], place, member: from };
    const subject: Subject | null = subjects.at(place);
    const item = subject === null ? null : deltaItem(call, subject, tracked, from, budget);
    if (item === null) continue;
    value.push(item.shown);
    if (call.random() < call.knobs.duplicates) repeated.push(item.shown);
    if (item.nextMember !== null) return { value: [...value, ...repeated], place, member: item.nextMember };
  }
  return { value: [...value, ...repeated], place: null, member: 0 };
}

const subjectsOf = (call: Call, token: PageToken): Subjects =>
  token.first ? directorySubjects(call, token) : changedSubjects(call, token);

function trackedBy(token: PageToken): Tracked {
  const { resource, select } = token;
  return {
    names: select === null ? null : ['id', ...select.filter((name) => name !== 'id' && !relations.includes(name))],
    manager: resource === 'users' && (select?.includes('manager') ?? false),
    members: resource === 'groups' && (select?.includes('members') ?? true),
  };
}

function sizeOfPage(call: Call): number {
  const wished = Number(/odata\.maxpagesize=(\d+)/i.exec(call.header('prefer') ?? '')?.[1]);
  return call.knobs.honourMaxPageSize && wished > 0 ? wished : call.knobs.deltaPageSize;
}
