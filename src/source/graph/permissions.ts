/** Which application permissions a connection needs, which it has, and which are more than it needs. Pure; the proof is a real call (check.ts). */

import type { Permission } from '../../model/check.ts';
import type { Scope } from '../../model/scope.ts';
import type { Ask } from '../source.ts';

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

/** A scope of everybody may be read with either permission; for some groups the smaller one does. */
export const groupsNeed = ({ kind }: Scope): Need => ({
  name: 'GroupMember.Read.All',
  why: 'to read groups and who is in them, and what changed since the last time',
  enough: kind === 'all' ? ['Group.Read.All'] : [],
  more: [
    ...(kind === 'all' ? [] : ['Group.Read.All']),
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
export const permissionsNeeded = ({
  scope,
  attributes,
}: Pick<Ask, 'scope' | 'attributes'>): readonly { readonly permission: Permission; readonly required: boolean }[] => [
  ...[usersNeed, groupsNeed(scope), ...attributeNeeds(attributes).map(([, need]) => need)].map((need) => ({
    permission: permissionOf(need, null),
    required: true,
  })),
  ...[hiddenNeed, applicationNeed, organizationNeed].map((need) => ({
    permission: permissionOf(need, null),
    required: false,
  })),
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
  what: Pick<Ask, 'scope' | 'attributes'>,
): { readonly unneeded: readonly string[]; readonly instead: readonly string[] } => {
  const needed = [usersNeed, groupsNeed(what.scope), ...attributeNeeds(what.attributes).map(([, need]) => need)];
  const fine = new Set(
    [...needed, hiddenNeed, organizationNeed, applicationNeed].flatMap(({ name, enough }) => [name, ...enough]),
  );
  return {
    unneeded: [...granted].filter((role) => !fine.has(role)).sort(),
    instead: needed
      .filter(({ name, enough }) => ![name, ...enough].some((role) => granted.has(role)))
      .map(({ name }) => name),
  };
};
