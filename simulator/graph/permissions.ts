/** Which application permissions read what. Any one of a set is enough. */

import type { JsonObject } from './json.ts';
import type { Kind } from './object-ids.ts';
import { denied } from './reply.ts';

export type Roles = ReadonlySet<string>;

const directory = ['Directory.Read.All', 'Directory.ReadWrite.All'];
const readers: Readonly<Record<Kind | 'organization' | 'application', readonly string[]>> = {
  application: ['Application.Read.All', 'Application.ReadWrite.All', ...directory],
  user: ['User.Read.All', 'User.ReadWrite.All', 'User.ReadBasic.All', ...directory],
  group: ['GroupMember.Read.All', 'GroupMember.ReadWrite.All', 'Group.Read.All', 'Group.ReadWrite.All', ...directory],
  device: ['Device.Read.All', ...directory],
  servicePrincipal: ['Application.Read.All', 'Application.ReadWrite.All', ...directory],
  organization: ['Organization.Read.All', 'Organization.ReadWrite.All', ...directory],
};

/** With this one of its permissions a user is shown by these properties, and null stands for all others. */
const basicRole = 'User.ReadBasic.All';
const basicProperties = ['id', 'displayName', 'givenName', 'surname', 'mail', 'userPrincipalName'];

/** What the application sees of an object that it may read. */
export const visibleTo = (roles: Roles, kind: Kind, shown: JsonObject): JsonObject =>
  kind !== 'user' || readers.user.some((role) => role !== basicRole && roles.has(role))
    ? shown
    : Object.fromEntries(
        Object.entries(shown).map(([name, value]) => [
          name,
          name.startsWith('@') || basicProperties.includes(name) ? value : null,
        ]),
      );

export const mayRead = (roles: Roles, what: keyof typeof readers): boolean =>
  readers[what].some((role) => roles.has(role));

/**
 * Who is in a group can be read with less than a subscription to groups takes
 * (https://learn.microsoft.com/graph/api/subscription-post-subscriptions, "Permissions").
 */
export const mayWatch = (roles: Roles, what: 'users' | 'groups'): boolean =>
  what === 'users'
    ? mayRead(roles, 'user')
    : ['Group.Read.All', 'Group.ReadWrite.All', ...directory].some((role) => roles.has(role));

export const mayReadHiddenMembers = (roles: Roles): boolean => roles.has('Member.Read.Hidden');

export function requireReading(roles: Roles, what: keyof typeof readers): void {
  if (!mayRead(roles, what)) throw denied();
}

/** Properties that need a permission of their own. */
const guarded: Readonly<Record<string, readonly string[]>> = {
  employeeLeaveDateTime: ['User-LifeCycleInfo.Read.All', 'User-LifeCycleInfo.ReadWrite.All'],
  signInActivity: ['AuditLog.Read.All'],
};

export function requireProperties(roles: Roles, names: readonly string[]): void {
  for (const name of names) {
    const needed = guarded[name];
    if (needed !== undefined && !needed.some((role) => roles.has(role))) throw denied();
  }
}
