/** /users and what hangs below one user. */

import { type Call, isEventual, segment } from './call.ts';
import { allOf, contextOf, countOf, countReply, filterOf, listKind, listMixed, placesOf } from './list.ts';
import { checkProperties, expansion, selected } from './odata.ts';
import { requireProperties, requireReading } from './permissions.ts';
import { presentMixed, presentTyped } from './present.ts';
import { defaultProperties, readerOf } from './properties.ts';
import { notFound, type Reply, reply } from './reply.ts';
import { findUser, groupsOf, isLive, liveCount, liveManagerOf, managerOf } from './tenant.ts';

export function listUsers(call: Call): Reply {
  requireReading(call.roles, 'user');
  return listKind(call, 'user', 'users', allOf(call.tenant, 'user'));
}

export function countUsers(call: Call): Reply {
  requireReading(call.roles, 'user');
  if (!isEventual(call)) return countReply(call, 0);
  const filter = filterOf(call, 'user');
  if (filter === null) return countReply(call, liveCount(call.tenant, 'user'));
  const matches = (object: number): boolean =>
    isLive(call.tenant, object) && filter.matches(readerOf(call.tenant, object));
  return countReply(call, countOf(allOf(call.tenant, 'user'), matches));
}

export function getUser(call: Call): Reply {
  requireReading(call.roles, 'user');
  const user = userOf(call);
  const select = selected(call.query);
  const names = select ?? defaultProperties('user');
  checkProperties('user', names, false);
  requireProperties(call.roles, names);
  const shown = presentTyped(call, user, names, expansion(call.query));
  return reply({ '@odata.context': `${call.base}/${contextOf('users', select)}/$entity`, ...shown });
}

export function getManager(call: Call): Reply {
  requireReading(call.roles, 'user');
  const manager = liveManagerOf(call.tenant, userOf(call));
  if (manager === null) throw notFound('manager');
  const shown = presentMixed(call, manager, selected(call.query));
  return reply({ '@odata.context': `${call.base}/$metadata#directoryObjects/$entity`, ...shown });
}

/** Of somebody in the recycle bin nobody is shown; nor is who is there themselves. */
export function listDirectReports(call: Call): Reply {
  requireReading(call.roles, 'user');
  const manager = userOf(call);
  return listMixed(call, allOf(call.tenant, 'user'), null, (object) => managerOf(call.tenant, object) === manager);
}

export function listMemberOf(call: Call): Reply {
  requireReading(call.roles, 'user');
  const only = segment(call, 3) === 'microsoft.graph.group' ? 'group' : null;
  return listMixed(call, placesOf([...groupsOf(call.tenant, userOf(call))]), only, () => true);
}

export function userOf(call: Call): number {
  const user = findUser(call.tenant, segment(call, 1));
  if (user === null) throw notFound(segment(call, 1));
  return user;
}
