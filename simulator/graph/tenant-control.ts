/** What a test or a person can do to one tenant. People and groups are named by id, principal name or display name. */

import type { App } from './apps.ts';
import * as changes from './changes.ts';
import type { Rule } from './group-seeds.ts';
import { transitiveMembers } from './groups.ts';
import type { Json, JsonObject } from './json.ts';
import type { Knobs } from './knobs.ts';
import { kindOf, numberOfGuid } from './object-ids.ts';
import { defaultProperties, readerOf, view } from './properties.ts';
import {
  exists,
  findUser,
  groupAt,
  groupsOf,
  idOf,
  isLive,
  liveCount,
  liveManagerOf,
  liveObjects,
  type Tenant,
} from './tenant.ts';
import { userProperties } from './user-properties.ts';

export type NewPerson = {
  readonly displayName?: string;
  readonly givenName?: string;
  readonly surname?: string;
  readonly userPrincipalName?: string;
  readonly department?: string;
  readonly manager?: string;
  /** Any other property of the user. */
  readonly properties?: JsonObject;
};

export type NewTeam = {
  readonly displayName: string;
  readonly members?: readonly string[];
  readonly unified?: boolean;
  readonly hidden?: boolean;
  readonly rule?: Rule;
  readonly properties?: JsonObject;
};

export type UserView = JsonObject & { readonly id: string };
export type TenantControl = ReturnType<typeof controlTenant>;

export function controlTenant(tenant: Tenant, apps: readonly App[], knobs: Knobs, now: () => number) {
  const id = (object: number): string => idOf(tenant, object);
  const user = (name: string): number => namedUser(tenant, name);
  const group = (name: string): number => namedGroup(tenant, name);
  const change = (name: string, properties: JsonObject): void =>
    changes.update(tenant, named(tenant, name), properties, now());

  return {
    tenantId: tenant.id,
    domain: tenant.domain,
    name: tenant.name,
    /** The registrations of the tenant; secrets, certificates, roles and state may be changed in place. */
    apps: (): App[] => apps.filter(({ tenantId }) => tenantId === tenant.id),

    hire(person: NewPerson = {}): string {
      const manager = person.manager === undefined ? null : user(person.manager);
      return id(changes.createUser(tenant, propertiesOfHire(tenant, person, now()), manager, now()));
    },
    /** Changes any properties of a user or group. */
    update: change,
    /** Gives a user another name; a new principal name brings the mail address along, as on marriage. */
    rename(
      name: string,
      to: { displayName?: string; givenName?: string; surname?: string; userPrincipalName?: string },
    ): void {
      const mail = to.userPrincipalName === undefined ? {} : { mail: to.userPrincipalName };
      change(name, { ...to, ...mail });
    },
    move(
      name: string,
      to: { department?: string; manager?: string | null; officeLocation?: string; jobTitle?: string },
    ): void {
      const { manager, ...properties } = to;
      change(name, properties);
      if (manager !== undefined) {
        changes.setManager(tenant, user(name), manager === null ? null : user(manager), now());
      }
    },
    disable: (name: string): void => change(name, { accountEnabled: false }),
    enable: (name: string): void => change(name, { accountEnabled: true }),
    softDelete: (name: string): void => changes.softDelete(tenant, named(tenant, name), now()),
    restore: (name: string): void => changes.restore(tenant, named(tenant, name), now()),
    hardDelete: (name: string): void => changes.purge(tenant, named(tenant, name), knobs.purgeShowsInGroups, now()),

    createGroup(team: NewTeam): string {
      const object = changes.createGroup(
        tenant,
        {
          name: team.displayName,
          sort: team.unified === true ? 'unified' : 'security',
          rule: team.rule ?? null,
          hidden: team.hidden ?? false,
          properties: team.properties ?? {},
        },
        now(),
      );
      for (const member of team.members ?? []) changes.join(tenant, object, named(tenant, member), now());
      return id(object);
    },
    deleteGroup: (name: string): void => changes.softDelete(tenant, group(name), now()),
    join: (into: string, member: string): void => changes.join(tenant, group(into), named(tenant, member), now()),
    leave: (from: string, member: string): void => changes.leave(tenant, group(from), named(tenant, member), now()),

    /** A user with everything there is to know, and the manager's id. */
    user(name: string): UserView {
      const object = user(name);
      const manager = liveManagerOf(tenant, object);
      return {
        ...view(tenant, object, Object.keys(userProperties), 'null'),
        id: id(object),
        manager: manager === null ? null : id(manager),
        memberOf: [...groupsOf(tenant, object)].map(id),
      };
    },
    group(name: string): UserView {
      const object = group(name);
      return { ...view(tenant, object, defaultProperties('group'), 'null'), id: id(object) };
    },
    /** The ids of the first live users or groups, however many there are. */
    first(kind: 'user' | 'group', most: number): string[] {
      const found: string[] = [];
      for (const object of liveObjects(tenant, kind)) {
        if (found.length >= most) break;
        found.push(id(object));
      }
      return found;
    },
    /** The ids of live users, in the order they came. */
    users: (): string[] => [...liveObjects(tenant, 'user')].map(id),
    groups: (): { id: string; displayName: string; members: number }[] =>
      [...liveObjects(tenant, 'group')].map((object) => ({
        id: id(object),
        displayName: String(readerOf(tenant, object)('displayName')),
        members: groupAt(tenant, object).members.size,
      })),
    /** The ids of live direct members. */
    members: (name: string): string[] => live(tenant, groupAt(tenant, group(name)).members).map(id),
    /** The ids of live users below a group, however deep. */
    effectiveMembers: (name: string): string[] =>
      live(tenant, transitiveMembers(tenant, group(name)))
        .filter((object) => kindOf(object) === 'user')
        .map(id),
    counts: () => ({
      users: liveCount(tenant, 'user'),
      groups: liveCount(tenant, 'group'),
      deleted: tenant.deleted.size,
      purged: tenant.purged.size,
      changes: tenant.log.size,
    }),
    /** From now on every delta link that was handed out is refused. */
    expireDeltaLinks(): void {
      tenant.deltaEpoch++;
    },
    /** From now on every next link that was handed out, of lists and of delta rounds, is refused. */
    expirePages(): void {
      tenant.pageEpoch++;
    },
  };
}

const live = (tenant: Tenant, objects: Iterable<number>): number[] =>
  [...objects].filter((object) => isLive(tenant, object));

/** Anything with this name, soft-deleted objects included. */
function named(tenant: Tenant, name: string): number {
  const object = numberOfGuid(name, tenant.seed);
  if (object !== null && exists(tenant, object)) return object;
  return findUser(tenant, name) ?? namedGroup(tenant, name);
}

function namedUser(tenant: Tenant, name: string): number {
  const found = findUser(tenant, name);
  if (found === null) throw new Error(`Tenant ${tenant.id} has no user ${name}.`);
  return found;
}

function namedGroup(tenant: Tenant, name: string): number {
  const object = numberOfGuid(name, tenant.seed);
  if (object !== null && exists(tenant, object) && kindOf(object) === 'group') return object;
  for (const group of liveObjects(tenant, 'group')) if (readerOf(tenant, group)('displayName') === name) return group;
  throw new Error(`Tenant ${tenant.id} has no user or group ${name}.`);
}

/** What a new account has on its first day. */
function propertiesOfHire(tenant: Tenant, person: NewPerson, nowMs: number): JsonObject {
  const number = tenant.counts.user;
  const given = person.givenName ?? person.displayName?.split(' ')[0] ?? 'New';
  const surname = person.surname ?? person.displayName?.split(' ').slice(1).join(' ') ?? `Colleague ${number}`;
  const local = `${given}.${surname}`
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^a-z.]/g, '');
  const principalName = person.userPrincipalName ?? `${local}${number}@${tenant.domain}`;
  const department: JsonObject = person.department === undefined ? {} : { department: person.department };
  const mail: Json = principalName;
  return {
    accountEnabled: true,
    businessPhones: [],
    createdDateTime: `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
    displayName: person.displayName ?? `${given} ${surname}`,
    employeeId: `N${String(number).padStart(7, '0')}`,
    givenName: given,
    mail,
    mailNickname: principalName.split('@')[0] ?? '',
    proxyAddresses: [`SMTP:${principalName}`],
    otherMails: [],
    surname,
    usageLocation: 'US',
    userPrincipalName: principalName,
    userType: 'Member',
    ...department,
    ...person.properties,
  };
}
