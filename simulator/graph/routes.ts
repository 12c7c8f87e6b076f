/** The paths below /v1.0, what answers them, and their price in resource units. */

import { listApplications } from './applications.ts';
import type { Call } from './call.ts';
import { groupsDelta, usersDelta } from './delta.ts';
import {
  checkMembership,
  getByIds,
  getObject,
  getOrganization,
  listDeleted,
  listOrganization,
  memberGroups,
} from './directory.ts';
import {
  countGroups,
  countMembers,
  getGroup,
  listGroupMemberOf,
  listGroups,
  listMemberRefs,
  listMembers,
  listTransitiveMembers,
} from './groups.ts';
import { GraphFault, type Reply } from './reply.ts';
import { countUsers, getManager, getUser, listDirectReports, listMemberOf, listUsers } from './users.ts';

export type Route = {
  readonly method: 'GET' | 'POST';
  readonly pattern: readonly string[];
  readonly units: number;
  readonly answer: (call: Call) => Reply;
};

const get = (pattern: string, units: number, answer: Route['answer']): Route => ({
  method: 'GET',
  pattern: pattern.split('/'),
  units,
  answer,
});
const post = (pattern: string, units: number, answer: Route['answer']): Route => ({
  ...get(pattern, units, answer),
  method: 'POST',
});

/** The first that fits is taken; a star stands for any one segment. */
const routes: readonly Route[] = [
  get('users', 2, listUsers),
  get('users/delta', 1, usersDelta),
  get('users/$count', 1, countUsers),
  get('users/*', 1, getUser),
  get('users/*/manager', 1, getManager),
  get('users/*/directReports', 1, listDirectReports),
  get('users/*/memberOf', 2, listMemberOf),
  get('users/*/memberOf/*', 2, listMemberOf),
  post('users/*/checkMemberGroups', 4, checkMembership),
  post('users/*/checkMemberObjects', 4, checkMembership),
  post('users/*/getMemberGroups', 2, memberGroups),
  get('groups', 1, listGroups),
  get('groups/delta', 1, groupsDelta),
  get('groups/$count', 1, countGroups),
  get('groups/*', 1, getGroup),
  get('groups/*/members', 3, listMembers),
  get('groups/*/members/$ref', 3, listMemberRefs),
  get('groups/*/members/$count', 3, countMembers),
  get('groups/*/members/*', 3, listMembers),
  get('groups/*/members/*/$count', 3, countMembers),
  get('groups/*/transitiveMembers', 5, listTransitiveMembers),
  get('groups/*/transitiveMembers/*', 5, listTransitiveMembers),
  get('groups/*/memberOf', 2, listGroupMemberOf),
  post('groups/*/checkMemberGroups', 4, checkMembership),
  post('groups/*/checkMemberObjects', 4, checkMembership),
  post('groups/*/getMemberGroups', 2, memberGroups),
  post('directoryObjects/getByIds', 5, getByIds),
  get('directoryObjects/*', 1, getObject),
  get('directory/deletedItems/*', 1, listDeleted),
  get('applications', 2, listApplications),
  get('organization', 1, listOrganization),
  get('organization/*', 1, getOrganization),
];

export function routeOf(method: string, path: readonly string[]): Route {
  const onPath = routes.filter((route) => fits(route.pattern, path));
  const route = onPath.find((each) => each.method === method);
  if (route !== undefined) return route;
  if (onPath.length > 0) {
    throw new GraphFault(405, 'Request_BadRequest', 'Specified HTTP method is not allowed for the request target.');
  }
  throw new GraphFault(400, 'BadRequest', `Resource not found for the segment '${path.at(-1) ?? ''}'.`);
}

/** `/delta()`, `/microsoft.graph.delta` and `/delta` are the same function; so with the other bound names. */
export const plainSegment = (segment: string): string =>
  segment.replace(/\(\)$/, '').replace(/^microsoft\.graph\.(delta|getByIds|checkMember\w+|getMemberGroups)$/, '$1');

const fits = (pattern: readonly string[], path: readonly string[]): boolean =>
  pattern.length === path.length &&
  pattern.every((wanted, place) => wanted === '*' || wanted.toLowerCase() === path[place]?.toLowerCase());
