/** /groups, and the members of one group. */

import { type Call, isEventual, segment } from './call.ts';
import type { Json } from './json.ts';
import { allOf, contextOf, countOf, countReply, filterOf, listKind, listMixed, type Places, placesOf } from './list.ts';
import { firstGroupNumber, type Kind, kindOf, numberOf } from './object-ids.ts';
import { checkProperties, expansion, selected } from './odata.ts';
import { mayReadHiddenMembers, requireReading } from './permissions.ts';
import { presentTyped } from './present.ts';
import { defaultProperties, readerOf } from './properties.ts';
import { badRequest, denied, notFound, type Reply, reply, unsupportedQuery } from './reply.ts';
import { findById, groupAt, groupsOf, idOf, isLive, liveCount, type Tenant } from './tenant.ts';

export function listGroups(call: Call): Reply {
  requireReading(call.roles, 'group');
  return listKind(call, 'group', 'groups', allOf(call.tenant, 'group'));
}

export function countGroups(call: Call): Reply {
  requireReading(call.roles, 'group');
  if (!isEventual(call)) return countReply(call, 0);
  const filter = filterOf(call, 'group');
  if (filter === null) return countReply(call, liveCount(call.tenant, 'group'));
  const matches = (object: number): boolean =>
    isLive(call.tenant, object) && filter.matches(readerOf(call.tenant, object));
  return countReply(call, countOf(allOf(call.tenant, 'group'), matches));
}

export function getGroup(call: Call): Reply {
  requireReading(call.roles, 'group');
  const group = groupOf(call);
  const select = selected(call.query);
  const names = select ?? defaultProperties('group');
  checkProperties('group', names, false);
  const shown = presentTyped(call, group, names, expansion(call.query));
  return reply({ '@odata.context': `${call.base}/${contextOf('groups', select)}/$entity`, ...shown });
}

/** groups/{id}/memberOf: the groups it is nested in. */
export function listGroupMemberOf(call: Call): Reply {
  requireReading(call.roles, 'group');
  return listMixed(call, placesOf([...groupsOf(call.tenant, groupOf(call))]), null, () => true);
}

/** groups/{id}/members, optionally cast to one kind. */
export function listMembers(call: Call): Reply {
  const { members, accept } = readableMembers(call);
  return listMixed(call, members, castOf(call), accept);
}

export function countMembers(call: Call): Reply {
  const { members, accept } = readableMembers(call);
  const only = segment(call, 3) === '$count' ? null : castOf(call);
  const counted = (object: number): boolean => accept(object) && (only === null || kindOf(object) === only);
  return countReply(
    call,
    countOf(members, (object) => isLive(call.tenant, object) && counted(object)),
  );
}

/** groups/{id}/members/$ref: addresses instead of objects. */
export function listMemberRefs(call: Call): Reply {
  const { members, accept } = readableMembers(call);
  const value: Json[] = [];
  for (let place = 0; place < members.places; place++) {
    const object = members.at(place);
    if (object === null || !isLive(call.tenant, object) || !accept(object)) continue;
    value.push({ '@odata.id': `${call.base}/${call.tenant.id}/directoryObjects/${idOf(call.tenant, object)}` });
  }
  return reply({ '@odata.context': `${call.base}/$metadata#Collection($ref)`, value });
}

/** Everybody below a group and the groups themselves. A type cast needs an advanced query here. */
export function listTransitiveMembers(call: Call): Reply {
  const cast = castOf(call);
  if (cast !== null && !(isEventual(call) && call.query.get('count') === 'true')) {
    throw unsupportedQuery('The specified cast requires the ConsistencyLevel header and $count=true.');
  }
  const { accept } = readableMembers(call);
  return listMixed(call, placesOf(lastWalked(call.tenant, groupOf(call))), cast, accept);
}

type Walked = { readonly group: number; readonly changes: number; readonly members: readonly number[] };
const walks = new WeakMap<Tenant, Walked>();

/** The pages of one list need the same walk, which for everybody in a large tenant takes longer than a page. */
function lastWalked(tenant: Tenant, group: number): readonly number[] {
  const changes = tenant.log.size;
  const last = walks.get(tenant);
  if (last?.group === group && last.changes === changes) return last.members;
  const members = [...transitiveMembers(tenant, group)];
  walks.set(tenant, { group, changes, members });
  return members;
}

/** Each member below a group once, however deep and however the nesting runs in circles. */
export function transitiveMembers(tenant: Tenant, group: number): Set<number> {
  const seen = new Set<number>();
  const open = [group];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const member of groupAt(tenant, next).members) {
      if (seen.has(member)) continue;
      seen.add(member);
      if (kindOf(member) === 'group' && isLive(tenant, member)) open.push(member);
    }
  }
  seen.delete(group);
  return seen;
}

/** Every live group that an object is in, directly or through other groups. */
export function groupsAbove(tenant: Tenant, object: number): Set<number> {
  const above = new Set<number>();
  const open = [object];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const group of groupsOf(tenant, next)) {
      if (above.has(group)) continue;
      above.add(group);
      open.push(group);
    }
  }
  above.delete(object);
  return above;
}

/** Whether an object is somewhere below a group; walks the nested groups only. */
export function isBelow(tenant: Tenant, object: number, group: number): boolean {
  const seen = new Set([group]);
  const open = [group];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { members } = groupAt(tenant, next);
    if (members.has(object)) return true;
    for (const nested of members.from(firstGroupNumber)) {
      if (nested >= numberOf('device', 0) || seen.has(nested) || !isLive(tenant, nested)) continue;
      seen.add(nested);
      open.push(nested);
    }
  }
  return false;
}

/** The members an app may see: none of a hidden membership, and in v1.0 no service principals (known issue of /members). */
export function readableMembers(call: Call): { members: Places; accept: (object: number) => boolean } {
  requireReading(call.roles, 'group');
  const seed = groupAt(call.tenant, groupOf(call));
  const accept = (object: number): boolean =>
    call.knobs.servicePrincipalsInMembers || kindOf(object) !== 'servicePrincipal';
  if (!seed.hidden || mayReadHiddenMembers(call.roles)) return { members: seed.members, accept };
  if (call.knobs.hiddenMembership === 'denied') throw denied();
  return { members: placesOf([]), accept: () => false };
}

export function groupOf(call: Call): number {
  const group = findById(call.tenant, segment(call, 1), 'group');
  if (group === null) throw notFound(segment(call, 1));
  return group;
}

const casts: Readonly<Record<string, Kind>> = {
  'microsoft.graph.user': 'user',
  'microsoft.graph.group': 'group',
  'microsoft.graph.device': 'device',
  'microsoft.graph.serviceprincipal': 'servicePrincipal',
};

function castOf(call: Call): Kind | null {
  const name = call.path[3];
  if (name === undefined) return null;
  const kind = casts[name.toLowerCase()];
  if (kind === undefined) throw badRequest(`Resource not found for the segment '${name}'.`);
  return kind;
}
