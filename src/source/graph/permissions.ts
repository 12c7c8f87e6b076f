/** Which application permissions a connection needs, which it has, and which are more than it needs. Pure; the proof is a real call (check.ts). */

import type { Permission } from '../../model/check.ts';
import type { Ask, ToProve } from '../source.ts';

export type Roles = ReadonlySet<string>;

export type Need = {
  /** The least privileged permission that does. */
  readonly name: string;
  readonly why: string;
  /** As good. */
  readonly enough: readonly string[];
  /** They do as well, and allow more than is needed. */
  readonly more: readonly string[];
};

const directory = ['Directory.Read.All', 'Directory.ReadWrite.All'];

export const usersNeed: Need = {
  name: 'User.Read.All',
  why: 'to read users, their managers, and what changed since the last time',
  enough: [],
  more: ['User.ReadWrite.All', ...directory],
};

/**
 * A subscription to groups takes it, whatever is read (Graph, "Create subscription"); without it changes of groups are found by the schedule. That no call
 * but the subscription itself proves, so the token is taken at its word.
 */
export const watchNeed: Need = {
  name: 'Group.Read.All',
  why: 'to be told of changes of groups at once, instead of finding them by the schedule',
  enough: [],
  more: ['Group.ReadWrite.All'],
};

/** A scope of everybody may be read with either permission; for some groups the smaller one does, unless the larger one is needed for something else. */
export const groupsNeed = ({ scope, watched }: Pick<ToProve, 'scope' | 'watched'>): Need => ({
  name: 'GroupMember.Read.All',
  why: 'to read groups and who is in them, and what changed since the last time',
  enough: scope.kind === 'all' || watched === true ? [watchNeed.name] : [],
  more: [
    ...(scope.kind === 'all' || watched === true ? [] : [watchNeed.name]),
    'GroupMember.ReadWrite.All',
    'Group.ReadWrite.All',
    ...directory,
  ],
});

export const hiddenNeed: Need = {
  name: 'Member.Read.Hidden',
  why: 'to read the members of groups that hide them',
  enough: [],
  more: [],
};

/** Only for the name of the organization, which people recognize the tenant by. */
export const organizationNeed: Need = {
  name: 'Organization.Read.All',
  why: 'to show the name of the organization',
  enough: [],
  more: ['Organization.ReadWrite.All', ...directory],
};

/** Only for the day on which the secret ends, which nobody else may know. */
export const applicationNeed: Need = {
  name: 'Application.Read.All',
  why: 'to see when the client secret ends',
  enough: [],
  more: ['Application.ReadWrite.All', ...directory],
};

/** Attributes that need a permission of their own (Graph, "user resource type"). */
export const guardedAttributes: Readonly<Record<string, Need>> = {
  employeeLeaveDateTime: {
    name: 'User-LifeCycleInfo.Read.All',
    why: 'to read the attribute employeeLeaveDateTime',
    enough: [],
    more: ['User-LifeCycleInfo.ReadWrite.All'],
  },
  signInActivity: { name: 'AuditLog.Read.All', why: 'to read the attribute signInActivity', enough: [], more: [] },
};

/** The attributes that are read and need one, with it. */
export const attributeNeeds = ({ user }: Ask['attributes']): readonly (readonly [attribute: string, need: Need])[] => {
  const read = new Set(user.map((name) => name.split('.')[0] ?? name));
  return Object.entries(guardedAttributes).filter(([name]) => read.has(name));
};

/** All that a connection with this scope and these attributes may ask a customer for. */
export const permissionsNeeded = (
  what: ToProve,
): readonly { readonly permission: Permission; readonly required: boolean }[] => [
  ...requiredFor(what).map((need) => ({ permission: permissionOf(need, null), required: true })),
  ...[...(what.watched === true ? [watchNeed] : []), hiddenNeed, applicationNeed, organizationNeed].map((need) => ({
    permission: permissionOf(need, null),
    required: false,
  })),
];

const requiredFor = (what: ToProve): readonly Need[] => [
  usersNeed,
  groupsNeed(what),
  ...attributeNeeds(what.attributes).map(([, need]) => need),
];

/** The application permissions in a token; none when it has no such claim, null when it cannot be read. */
export const rolesOf = (token: string): Roles | null => {
  const claims = claimsOf(token);
  if (typeof claims !== 'object' || claims === null) return null;
  const roles = 'roles' in claims ? claims.roles : [];
  return Array.isArray(roles) ? new Set(roles.map(String)) : null;
};

/** What a token says of itself, unproved; null when it says nothing that can be read. */
export const claimsOf = (token: string): unknown => {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  } catch {
    return null;
  }
};

export const permissionOf = ({ name, why, enough, more }: Need, granted: Roles | null): Permission => ({
  name,
  why,
  granted: granted === null ? null : [name, ...enough, ...more].some((role) => granted.has(role)),
  asGood: enough,
  moreThanNeeded: more,
});

/** What is granted and not needed, and what would do instead. */
export const excessOf = (
  granted: Roles,
  what: ToProve,
): { readonly unneeded: readonly string[]; readonly instead: readonly string[] } => {
  const isBeyond = what.watched === true && watchNeed.more.some((role) => granted.has(role));
  const needed = [...requiredFor(what), ...(isBeyond ? [watchNeed] : [])];
  const fine = new Set(
    [...needed, ...(what.watched === true ? [watchNeed] : []), hiddenNeed, organizationNeed, applicationNeed].flatMap(
      ({ name, enough }) => [name, ...enough],
    ),
  );
  return {
    unneeded: [...granted].filter((role) => !fine.has(role)).sort(),
    instead: needed
      .filter(({ name, enough }) => ![name, ...enough].some((role) => granted.has(role)))
      .map(({ name }) => name),
  };
};
