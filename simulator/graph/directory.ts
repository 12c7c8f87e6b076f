/** What reaches over kinds: getByIds, membership checks, deleted items, the organization. */

import { z } from 'zod';
import { type Call, segment } from './call.ts';
import { groupOf, groupsAbove, isBelow } from './groups.ts';
import { contextOf, placesOf } from './list.ts';
import { type Kind, kindOf } from './object-ids.ts';
import { selected } from './odata.ts';
import { mayReadHiddenMembers, requireReading } from './permissions.ts';
import { presentMixed } from './present.ts';
import { defaultProperties, readerOf, view } from './properties.ts';
import { badRequest, GraphFault, notFound, type Reply, reply } from './reply.ts';
import { findById, groupAt, idOf, type Tenant } from './tenant.ts';
import { userOf } from './users.ts';

const MOST_IDS = 1000;
const MOST_CHECKED = 20;
const idsBody = z.object({ ids: z.array(z.string()), types: z.array(z.string()).optional() });
const groupIdsBody = z.object({ groupIds: z.array(z.string()) });
const memberGroupsBody = z.object({ securityEnabledOnly: z.boolean().optional() });
/** Whoever is in more groups gets none of them. */
const MOST_GROUPS = 11_000;

/** POST directoryObjects/getByIds: those of the ids that are there now; the others are left out without a word. */
export function getByIds(call: Call): Reply {
  const { ids, types } = parsed(idsBody, call);
  if (ids.length === 0 || ids.length > MOST_IDS)
    throw badRequest(`The number of ids must be between 1 and ${MOST_IDS}.`);
  const wanted = types?.map((type) => type.toLowerCase());
  const fits = (object: number): boolean =>
    wanted === undefined || wanted.includes('directoryobject') || wanted.includes(kindOf(object).toLowerCase());
  const select = selected(call.query);
  const objects = [...new Set(ids)].map((id) => findById(call.tenant, id)).filter((object) => object !== null);
  return reply({
    '@odata.context': `${call.base}/${contextOf('directoryObjects', select)}`,
    value: objects.filter(fits).map((object) => presentMixed(call, object, select)),
  });
}

/** POST users/{id}/checkMemberGroups and checkMemberObjects, and the same of a group: which of these groups it is below. */
export function checkMembership(call: Call): Reply {
  const object = memberAsked(call);
  const ids =
    segment(call, 2) === 'checkMemberGroups' ? parsed(groupIdsBody, call).groupIds : parsed(idsBody, call).ids;
  if (ids.length > MOST_CHECKED) {
    throw new GraphFault(
      400,
      'Directory_ResultSizeLimitExceeded',
      `At most ${MOST_CHECKED} groups can be checked at once.`,
    );
  }
  const groups = [...new Set(ids)].map((id) => findById(call.tenant, id, 'group')).filter((group) => group !== null);
  return reply({
    '@odata.context': `${call.base}/$metadata#Collection(Edm.String)`,
    value: groups.filter((group) => isBelow(call.tenant, object, group)).map((group) => idOf(call.tenant, group)),
  });
}

/** POST users/{id}/getMemberGroups, and the same of a group: the ids of all groups it is in, directly or through others. */
export function memberGroups(call: Call): Reply {
  const object = memberAsked(call);
  const { securityEnabledOnly = false } = parsed(memberGroupsBody, call);
  const shown = [...groupsAbove(call.tenant, object)].filter(
    (group) =>
      (!groupAt(call.tenant, group).hidden || mayReadHiddenMembers(call.roles)) &&
      (!securityEnabledOnly || readerOf(call.tenant, group)('securityEnabled') === true),
  );
  if (shown.length > MOST_GROUPS) {
    throw new GraphFault(400, 'Directory_ResultSizeLimitExceeded', 'The result is larger than what can be returned.');
  }
  return reply({
    '@odata.context': `${call.base}/$metadata#Collection(Edm.String)`,
    value: shown.map((group) => idOf(call.tenant, group)),
  });
}

/** Whose memberships are asked for. */
function memberAsked(call: Call): number {
  const ofUser = segment(call, 0) === 'users';
  requireReading(call.roles, 'group');
  if (ofUser) requireReading(call.roles, 'user');
  return ofUser ? userOf(call) : groupOf(call);
}

/** GET directoryObjects/{id}. */
export function getObject(call: Call): Reply {
  const object = findById(call.tenant, segment(call, 1));
  if (object === null) throw notFound(segment(call, 1));
  requireReading(call.roles, kindOf(object));
  const shown = presentMixed(call, object, selected(call.query));
  return reply({ '@odata.context': `${call.base}/$metadata#directoryObjects/$entity`, ...shown });
}

const isGuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

const deletedKinds: Readonly<Record<string, Kind>> = {
  'microsoft.graph.user': 'user',
  'microsoft.graph.group': 'group',
};

/** GET directory/deletedItems/{id}: one of those that can still be restored. */
function getDeleted(call: Call): Reply {
  const id = segment(call, 2).toLowerCase();
  const object = [...call.tenant.deleted.keys()].find((each) => idOf(call.tenant, each) === id);
  if (object === undefined) throw notFound(segment(call, 2));
  requireReading(call.roles, kindOf(object));
  const names = selected(call.query) ?? [...defaultProperties(kindOf(object)), 'deletedDateTime'];
  return reply({
    '@odata.context': `${call.base}/$metadata#directoryObjects/$entity`,
    '@odata.type': `#microsoft.graph.${kindOf(object)}`,
    ...view(call.tenant, object, names, 'null'),
  });
}

/** GET directory/deletedItems/microsoft.graph.user: what can still be restored. One page; the newest first. */
export function listDeleted(call: Call): Reply {
  if (isGuid(segment(call, 2))) return getDeleted(call);
  const kind = deletedKinds[segment(call, 2).toLowerCase()];
  if (kind === undefined) throw badRequest(`Resource not found for the segment '${segment(call, 2)}'.`);
  requireReading(call.roles, kind);
  const select = selected(call.query);
  const names = select ?? [...defaultProperties(kind), 'deletedDateTime'];
  const places = placesOf([...call.tenant.deleted.keys()].filter((object) => kindOf(object) === kind).reverse());
  return reply({
    '@odata.context': `${call.base}/${contextOf(`${kind}s`, select)}`,
    value: Array.from({ length: places.places }, (_, place) => view(call.tenant, places.at(place) ?? 0, names, 'null')),
  });
}

export function listOrganization(call: Call): Reply {
  requireReading(call.roles, 'organization');
  return reply({ '@odata.context': `${call.base}/$metadata#organization`, value: [organizationOf(call.tenant)] });
}

export function getOrganization(call: Call): Reply {
  requireReading(call.roles, 'organization');
  if (segment(call, 1).toLowerCase() !== call.tenant.id) throw notFound(segment(call, 1));
  return reply({ '@odata.context': `${call.base}/$metadata#organization/$entity`, ...organizationOf(call.tenant) });
}

const organizationOf = (tenant: Tenant) => ({
  id: tenant.id,
  displayName: tenant.name,
  tenantType: 'AAD',
  countryLetterCode: 'US',
  createdDateTime: new Date(tenant.createdMs).toISOString(),
  onPremisesSyncEnabled: null,
  onPremisesLastSyncDateTime: null,
  verifiedDomains: [
    { name: tenant.domain, type: 'Managed', isDefault: true, isInitial: false, capabilities: 'Email' },
    { name: tenant.initialDomain, type: 'Managed', isDefault: false, isInitial: true, capabilities: 'Email' },
  ],
});

function parsed<T>(schema: z.ZodType<T>, call: Call): T {
  const result = schema.safeParse(call.body);
  if (!result.success) throw badRequest(`Invalid request body: ${result.error.issues[0]?.message ?? 'unreadable'}.`);
  return result.data;
}
